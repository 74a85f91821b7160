"""Two sessions of one day, and the leaflet has left for one: it goes again only if it would say otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.composing import compose
from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import replan_session, void_session
from aftercare.outbox.previewing import would_revive
from aftercare.outbox.readdressing import kept_from
from aftercare.outbox.replanning import replan_patient
from aftercare.protocols.models import Restriction
from aftercare.treatments.models import ProductApplied, TreatedArea
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import complete, draft, move, rows_of, snapshot

pytestmark = pytest.mark.django_db

LATER = ENDED_AT + timedelta(hours=2)
SENT_AT = ENDED_AT + timedelta(hours=1)
WORDS = (
    "For your {{ treatment.areas }}, {{ treatment.depth_band }}.\n\n"
    "{% if from.heat != '' %}No sauna before {{ from.heat }}.{% endif %}\n\n"
    "{% if treatment.recovery_note != '' %}"
    "{{ practitioner.name }}: {{ treatment.recovery_note }}{% endif %}\n\n"
    "{% if treatment.has_products %}Use {{ treatment.products }}.{% endif %}\n\n" + factories.BODY["en"]
)
LEAFLET = "first-night"


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def protocol(clinic):
    return _protocol(clinic)


@pytest.fixture
def morning(clinic, protocol):
    """A session whose first message has left."""
    session = draft(clinic, protocol=protocol)
    complete(session)
    return _send(session)


def _protocol(clinic, template=None):
    template = template or factories.template(clinic, safety_critical=True)
    if not template.versions.exists():
        factories.approved_version(template, body=WORDS)
    return factories.protocol(clinic, steps=({**ELAPSED, "template": template}, WALL_TIME))


def _send(session, slug=LEAFLET):
    row = rows_of(session)[slug]
    factories.attempt(row)
    ScheduledMessage.objects.filter(pk=row.pk).update(status="sent", sent_at=SENT_AT, attempt_count=1)
    return session


def _second(first, **over):
    fields = {"patient": first.patient, "protocol": first.protocol, "ended_at": LATER, **over}
    return draft(first.clinic, **fields)


def _again(first, **over):
    """The second session, completed."""
    session = _second(first, **over)
    complete(session, now=LATER)
    return session


def _leaflet(session):
    return rows_of(session)[LEAFLET]


def _restrict(session, hours):
    Restriction.objects.create(protocol=session.protocol, topic="heat", hours_light=hours, hours_deeper=hours)


def _stands(session):
    row = _leaflet(session)
    return row.status, row.why, row.superseded_by


def _change(session, **fields):
    ScheduledMessage.objects.filter(pk=_leaflet(session).pk).update(**fields)


def test_leaflet_that_would_say_the_same_is_not_sent_twice(morning):
    second = _again(morning)

    assert _stands(second) == ("superseded", "already_sent", morning)
    assert rows_of(second)["day-1"].status == "scheduled"
    assert rows_of(morning)["day-1"].status == "superseded"


def test_history_says_when_the_covering_message_was_sent(morning):
    second = _again(morning)

    line = StatusChange.objects.get(message=_leaflet(second))
    assert (line.to_status, line.why) == ("superseded", "already_sent")
    assert line.detail == "Already sent on Sat 28 Mar, 16:00; it covers this session."


def test_completing_and_replanning_again_changes_nothing(morning):
    second = _again(morning)
    before = snapshot(second)

    complete(second, now=LATER)
    replan_session(second, by=None, now=LATER)
    replan_session(morning, by=None, now=LATER)

    assert snapshot(second) == before


def test_later_date_sends_it_again_for_both_and_says_which(clinic, protocol):
    Restriction.objects.create(protocol=protocol, topic="heat", hours_light=48, hours_deeper=48)
    first = draft(clinic, protocol=protocol)
    complete(first)
    _send(first)

    second = _again(first)

    row = _leaflet(second)
    assert row.status == "scheduled"
    assert row.why_detail == (
        "Goes again after Sat 28 Mar, 16:00, because this is new: Heat and sauna until Mon 30 Mar, 18:00."
    )
    copy = compose(row, now=LATER).copy
    assert "You had more than one treatment" in copy.text
    assert "No sauna before 18:00 on Monday 30 March" in copy.text


def test_date_that_is_counted_in_days_stays_the_same_and_is_not_said_twice(clinic, protocol):
    Restriction.objects.create(protocol=protocol, topic="heat", hours_light=96, hours_deeper=96)
    first = draft(clinic, protocol=protocol)
    complete(first)
    _send(first)

    assert _stands(_again(first)) == ("superseded", "already_sent", first)


@pytest.mark.parametrize(
    ("fields", "news"),
    [
        ({"site": "neck"}, "Treated areas"),
        ({"depth_mm": Decimal("2.00")}, "Depth band"),
    ],
)
def test_other_area_or_deeper_needles_send_it_again(morning, fields, news):
    second = _second(morning, recovery_note="Rest." if "depth_mm" in fields else "")
    TreatedArea.objects.filter(session=second).update(**fields)

    complete(second, now=LATER)

    assert _leaflet(second).status == "scheduled"
    assert news in _leaflet(second).why_detail


def test_shallower_needles_change_nothing_in_the_words(morning):
    second = _second(morning)
    TreatedArea.objects.filter(session=second).update(depth_mm=Decimal("0.30"))

    complete(second, now=LATER)

    assert _leaflet(second).why == "already_sent"


def test_another_practitioner_whom_the_words_do_not_name_changes_nothing(morning):
    second = _again(morning, practitioner=factories.practitioner(morning.clinic))

    assert _leaflet(second).why == "already_sent"


def test_note_or_product_of_its_own_sends_it_again(morning):
    noted = _again(morning, recovery_note="Expect scabs.")
    third = _second(morning, ended_at=LATER + timedelta(minutes=1))
    ProductApplied.objects.create(session=third, name="Calm Gel", for_home=True)
    complete(third, now=LATER + timedelta(minutes=1))

    assert "Clinician's note on recovery" in StatusChange.objects.filter(message=_leaflet(noted))[0].detail
    assert _leaflet(third).status == "scheduled"


@pytest.mark.parametrize(
    "state",
    [
        {"status": "unknown", "in_doubt": True},
        {"status": "unconfirmed"},
        {"status": "failed"},
        {"status": "suppressed"},
        {"in_doubt": True},
        {"delivery": "bounced"},
        {"delivery": "rejected"},
    ],
)
def test_message_that_has_not_certainly_come_covers_nothing(morning, state):
    _change(morning, **state)

    assert _leaflet(_again(morning)).status == "scheduled"


def test_message_that_only_staff_say_has_come_covers_nothing(morning):
    _leaflet(morning).attempts.update(outcome="unknown")

    assert _leaflet(_again(morning)).status == "scheduled"


def test_held_leaflet_is_taken_over_by_the_later_session_and_covers_nothing(morning):
    _change(morning, status="held", why="patient_paused", sent_at=None)

    second = _again(morning)

    assert _stands(morning) == ("superseded", "newer_session", second)
    assert _leaflet(second).status == "scheduled"


def test_message_to_a_former_address_covers_nothing(morning):
    patient = morning.patient
    patient.email = "amara.new@example.com"
    patient.save()

    assert "another address" in _leaflet(_again(morning)).why_detail


def test_text_approved_since_is_sent_again(morning):
    template = _leaflet(morning).step.template
    template.versions.approved().retire(now=LATER)
    factories.approved_version(template, body=f"{WORDS}\n\nNew.", approved_at=LATER)

    assert "the text" in _leaflet(_again(morning)).why_detail


def test_text_approved_later_does_not_bring_a_covered_leaflet_back(morning):
    second = _again(morning)
    template = _leaflet(morning).step.template
    template.versions.approved().retire(now=LATER)
    factories.approved_version(template, body=f"{WORDS}\n\nNew.", approved_at=LATER)

    replan_patient(morning.patient, by=None, now=LATER)

    assert _leaflet(second).why == "already_sent"


def test_words_that_are_no_longer_kept_cover_nothing(morning):
    _leaflet(morning).attempts.update(values={})

    assert _leaflet(_again(morning)).status == "scheduled"


def test_session_entered_late_is_covered_and_nobody_has_to_call(morning):
    second = _second(morning, ended_at=ENDED_AT + timedelta(minutes=10))

    complete(second, now=ENDED_AT + timedelta(hours=9))

    assert _leaflet(second).why == "already_sent"
    assert not FollowUpTask.objects.exists()


def test_earlier_session_entered_after_the_laters_leaflet_left_is_not_lost(morning):
    earlier = _second(morning, ended_at=ENDED_AT - timedelta(hours=1))
    TreatedArea.objects.filter(session=earlier).update(site="neck")

    complete(earlier, now=SENT_AT)

    assert _leaflet(earlier).status == "scheduled"


def test_earlier_session_that_the_laters_leaflet_covers_says_so(morning):
    earlier = _second(morning, ended_at=ENDED_AT - timedelta(hours=1))

    complete(earlier, now=SENT_AT)

    assert _stands(earlier) == ("superseded", "already_sent", morning)


def test_session_told_of_in_a_merged_message_that_left_stays_told(morning):
    _change(morning, status="scheduled", sent_at=None, attempt_count=0)
    second = _second(morning)
    second.areas.update(site="neck")
    complete(second, now=LATER)
    _send(second)

    replan_patient(morning.patient, by=None, now=LATER)

    assert _stands(morning) == ("superseded", "newer_session", second)


def test_leaflet_of_another_protocol_with_the_same_text_covers_it(morning):
    other = _protocol(morning.clinic, template=_leaflet(morning).step.template)

    assert _leaflet(_again(morning, protocol=other)).why == "already_sent"


def test_text_that_a_protocol_sends_twice_is_not_taken_for_sent(morning):
    template = _leaflet(morning).step.template
    other = _protocol(morning.clinic, template=template)
    factories.step(other, **{**WALL_TIME, "slug": "day-2", "number": 9, "template": template})

    second = _again(morning, protocol=other)

    assert {rows_of(second)[slug].status for slug in (LEAFLET, "day-2")} == {"scheduled"}


def test_skipped_step_stays_skipped(morning):
    morning.protocol.steps.filter(slug=LEAFLET).update(safety_critical=False, may_be_skipped=True)

    assert _leaflet(_again(morning, skipped_steps=[LEAFLET])).why == "step_skipped"


def test_session_of_the_next_day_gets_its_own(morning):
    tomorrow = LATER + timedelta(days=1)
    second = _second(morning, ended_at=tomorrow)

    complete(second, now=tomorrow)

    assert (_leaflet(second).status, _leaflet(second).why_detail) == ("scheduled", "")


def test_covering_message_that_bounces_sends_the_covered_one(morning):
    second = _again(morning)
    bounced = {"event_type": "bounced", "permanent": False, "happened_at": LATER}
    factories.delivery_event(_leaflet(morning), **bounced)

    judge_waiting(now=LATER)

    assert _leaflet(second).status == "scheduled"
    assert FollowUpTask.objects.filter(source=f"message:{_leaflet(morning).pk}:bounced").exists()


def test_covering_message_that_bounces_too_late_leaves_a_task_for_each(morning):
    second = _again(morning)
    at = LATER + timedelta(hours=9)
    factories.delivery_event(_leaflet(morning), event_type="bounced", permanent=False, happened_at=at)

    judge_waiting(now=at)

    assert (_leaflet(second).status, _leaflet(second).why) == ("missed", "window_passed")
    assert FollowUpTask.objects.filter(source=f"message:{_leaflet(second).pk}:missed").exists()


def test_voiding_the_covering_session_sends_the_covered_leaflet_and_shows_it_before(morning):
    second = _again(morning)
    assert [row.session for row in would_revive(morning, now=LATER)] == [second]

    void_session(morning, reason="Another patient's.", by=None, now=LATER)

    assert _leaflet(second).status == "scheduled"


def test_voiding_the_covered_session_cancels_its_leaflet(morning):
    second = _again(morning)

    void_session(second, reason="Entered twice.", by=None, now=LATER)

    assert _leaflet(second).status == "cancelled"
    assert rows_of(morning)["day-1"].status == "scheduled"


def test_covering_session_moved_to_another_day_sends_the_covered_leaflet(morning):
    second = _again(morning)
    moved = draft(morning.clinic, patient=morning.patient, protocol=morning.protocol)
    moved.pk, moved.ended_at = morning.pk, ENDED_AT - timedelta(days=3)
    assert [row.session for row in would_revive(morning, now=LATER, saved=moved)] == [second]

    move(morning, ended_at=ENDED_AT - timedelta(days=3))
    replan_session(morning, by=None, now=LATER)

    assert _leaflet(second).status == "scheduled"


def test_covered_session_that_turns_out_deeper_is_told_after_all(morning):
    second = _again(morning)
    TreatedArea.objects.filter(session=second).update(site="neck")

    replan_session(second, by=None, now=LATER)

    assert _leaflet(second).status == "scheduled"
    assert "Treated areas" in _leaflet(second).why_detail


def test_message_in_a_drains_hand_is_written_again_when_the_day_has_another_session(morning):
    """Read before, it would not tell of the other."""
    lease = {"claim_token": _leaflet(morning).pk, "lease_until": LATER}
    _change(morning, status="claimed", sent_at=None, **lease)
    earlier = _second(morning, ended_at=ENDED_AT - timedelta(hours=1))

    complete(earlier, now=ENDED_AT)

    assert (_leaflet(morning).status, _leaflet(morning).claim_token) == ("scheduled", None)
    assert _leaflet(earlier).superseded_by == morning


def test_planning_takes_as_many_queries_for_seven_leaflets_as_for_one(clinic, django_assert_max_num_queries):
    plans = [_many(clinic, count) for count in (1, 7)]
    counted = []
    for plan in plans:
        first = draft(clinic, protocol=plan)
        complete(first)
        for slug in rows_of(first):
            _send(first, slug)
        second = _second(first)
        with django_assert_max_num_queries(60) as queries:
            complete(second, now=LATER)
        assert {row.why for row in rows_of(second).values()} == {"already_sent"}
        counted.append(len(queries))

    assert counted[0] == counted[1]


def _many(clinic, count):
    steps = [{**ELAPSED, "slug": f"step-{number}"} for number in range(count)]
    return factories.protocol(clinic, steps=tuple(steps))


def test_corrected_address_gets_the_leaflet_of_the_day_once(morning):
    second = _again(morning)
    _change(morning, delivery="bounced")
    _change(second, status="suppressed", why="suppressed_address", superseded_by=None)
    patient = morning.patient
    patient.email = "amara.new@example.com"
    patient.save()

    assert [row.session for row in kept_from(patient, now=LATER)] == [second]
