"""The review before a pause ends, and the pace at which what waited then goes."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.outbox import pausing
from aftercare.outbox.backlog import minutes_at, review
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.planning import reopen_session
from aftercare.outbox.reaping import miss_late
from aftercare.outbox.replanning import replan_clinic
from tests import factories
from tests.outbox.sessions import NOW, ONE_HOUR, complete, draft, rows_of

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=1)
LATER = ONE_HOUR + timedelta(minutes=30)  # the first message's time has passed, its window has not
EVENING = datetime(2026, 3, 28, 22, tzinfo=UTC)
WHAT = ["patient", "protocol", "clinic"]
LONG = {**factories.ELAPSED, "safety_critical": False, "slug": "long", "name": "Long", "latest_minutes": 2000}


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic)


@pytest.fixture
def make(clinic, protocol):
    """Completed sessions of one clinic and one protocol, a patient each."""

    def make(**over):
        session = draft(clinic, **{"protocol": protocol, **over})
        complete(session)
        return session

    return make


@pytest.fixture
def session(make):
    return make()


@pytest.fixture
def staff(clinic):
    return factories.user(clinic)


def pause(what, session, staff):
    getattr(pausing, f"pause_{what}")(getattr(session, what), reason="Fire drill.", by=staff, now=SOON)


def resume(what, session, staff, now=LATER, per_minute=None):
    target = getattr(session, what)
    return getattr(pausing, f"resume_{what}")(target, by=staff, now=now, per_minute=per_minute)


def due_times(slug="first-night"):
    rows = ScheduledMessage.objects.filter(step__slug=slug, status="scheduled")
    return sorted(rows.values_list("due_at", flat=True))


@pytest.mark.parametrize("what", WHAT)
def test_review_counts_what_goes_at_once_by_step_and_what_goes_later(what, session, staff):
    pause(what, session, staff)

    found = review(getattr(session, what), now=LATER)

    [step] = found.at_once
    assert (step.name, step.safety_critical, step.count, step.oldest) == ("First night", True, 1, ONE_HOUR)
    assert (found.total, found.safety, found.later, found.missed, found.still_held) == (1, 1, 1, 0, 0)
    assert found.later_from == rows_of(session)["day-1"].due_at


def test_review_names_the_oldest_of_a_step(make, staff):
    make(ended_at=NOW - timedelta(minutes=45))
    session = make()
    pause("clinic", session, staff)

    [step] = review(session.clinic, now=LATER).at_once

    assert (step.count, step.oldest) == (2, ONE_HOUR - timedelta(minutes=45))


@pytest.mark.parametrize("reaped", [False, True])
def test_review_counts_what_has_become_missed_once(reaped, session, staff):
    pause("clinic", session, staff)
    now = ONE_HOUR + timedelta(hours=4)
    if reaped:
        miss_late(now)

    found = review(session.clinic, now=now)

    assert (found.total, found.missed, found.missed_safety) == (0, 1, 1)


def test_review_leaves_out_what_was_missed_before_the_pause(session, staff):
    rows = session.scheduled_messages.all()
    rows.update(status="missed", why="window_passed", latest_at=NOW - timedelta(days=1))
    rows.update(send_at=NOW - timedelta(days=2), due_at=NOW - timedelta(days=2))
    pause("clinic", session, staff)

    assert review(session.clinic, now=LATER).missed == 0


@pytest.mark.parametrize("other", ["protocol", "patient"])
def test_review_counts_what_another_pause_goes_on_holding(other, session, staff):
    pause(other, session, staff)
    pause("clinic", session, staff)

    found = review(session.clinic, now=LATER)

    assert (found.total, found.later, found.still_held) == (0, 0, 2)


def test_review_counts_what_a_missing_consent_goes_on_holding(make, staff):
    patient = make().patient
    patient.email_consent_at = None
    patient.save()
    pause("clinic", make(), staff)

    assert review(patient.clinic, now=LATER).still_held == 2


def test_review_leaves_a_reopened_session_out(session, staff):
    pause("clinic", session, staff)
    reopen_session(session, by=None, now=SOON)

    found = review(session.clinic, now=LATER)

    assert (found.total, found.later, found.still_held) == (0, 0, 0)


def test_review_puts_what_would_disturb_quiet_hours_off_until_their_end(make, clinic, staff):
    session = make(protocol=factories.protocol(clinic, steps=({**LONG, "quiet_exempt": False},)))
    pause("clinic", session, staff)

    found = review(clinic, now=EVENING)

    assert (found.total, found.later) == (0, 1)
    assert found.later_from == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_review_counts_another_clinics_messages_for_the_site_alone(session, staff):
    other = draft(factories.clinic())
    complete(other)
    pause("clinic", other, staff)
    pause("clinic", session, staff)

    assert review(session.clinic, now=LATER).total == 1


@pytest.mark.parametrize("what", WHAT)
def test_review_agrees_with_what_resuming_then_does(what, make, staff):
    sessions = [make(ended_at=NOW - timedelta(hours=hours)) for hours in (0, 1, 4)]
    pause(what, sessions[0], staff)
    found = review(getattr(sessions[0], what), now=LATER)

    resumed = resume(what, sessions[0], staff)

    rows = ScheduledMessage.objects.filter(
        **{"session__protocol" if what == "protocol" else what: getattr(sessions[0], what)}
    )
    assert resumed == found.total == rows.filter(status="scheduled", due_at__lte=LATER).count()
    assert found.later == rows.filter(status="scheduled", due_at__gt=LATER).count()
    assert found.missed == rows.filter(status="missed", why="window_passed").count()


@pytest.mark.parametrize("what", ["protocol", "clinic"])
def test_backlog_goes_at_the_chosen_pace(what, make, staff):
    session, *_others = [make() for _ in range(4)]
    pause(what, session, staff)

    resume(what, session, staff, per_minute=2)

    assert due_times() == [LATER + timedelta(seconds=30 * k) for k in range(4)]


def test_pace_leaves_what_goes_later_alone(make, staff):
    before = [rows_of(make())["day-1"].due_at for _ in range(3)]
    pause("clinic", make(), staff)

    resume("clinic", make(), staff, per_minute=1)

    assert due_times("day-1")[:3] == before


def test_safety_critical_backlog_goes_first(make, clinic, staff):
    plan = factories.protocol(clinic, steps=(LONG, {**factories.ELAPSED, "number": 2}))
    for _ in range(2):
        session = make(protocol=plan)
    pause("clinic", session, staff)

    resume("clinic", session, staff, per_minute=1)

    assert due_times() == [LATER, LATER + timedelta(minutes=1)]
    assert due_times("long") == [LATER + timedelta(minutes=2), LATER + timedelta(minutes=3)]


def test_pace_never_costs_a_message_its_window(make, staff):
    for _ in range(5):
        session = make()
    pause("clinic", session, staff)
    window_ends = ONE_HOUR + timedelta(hours=3)

    resume("clinic", session, staff, now=window_ends - timedelta(minutes=12), per_minute=1)

    assert [(window_ends - at).total_seconds() / 60 for at in due_times()] == [12, 11, 10, 10, 10]


def test_planning_anew_afterwards_keeps_the_pace(make, clinic, staff):
    session, *_others = [make() for _ in range(3)]
    pause("clinic", session, staff)
    resume("clinic", session, staff, per_minute=1)
    before = due_times()

    replan_clinic(clinic, by=staff, now=LATER + timedelta(seconds=20))

    assert due_times() == before


def test_resuming_again_at_another_pace_changes_nothing(make, staff):
    session, *_others = [make() for _ in range(3)]
    pause("clinic", session, staff)
    resume("clinic", session, staff, per_minute=2)
    before = due_times()

    again = resume("clinic", session, staff, now=LATER + timedelta(seconds=20), per_minute=1)

    assert (again, due_times()) == (0, before)


def test_pace_out_of_bounds_resumes_nothing(session, staff):
    pause("clinic", session, staff)

    with pytest.raises(ValueError, match="between 1 and 600"):
        resume("clinic", session, staff, per_minute=601)

    session.clinic.refresh_from_db()
    assert session.clinic.paused_at is not None
    assert due_times() == []


def test_stale_review_does_no_harm(make, staff):
    """Between the review and the answer a session was completed, and a window passed."""
    early = make(ended_at=NOW - timedelta(hours=2, minutes=20))
    pause("clinic", early, staff)
    review(early.clinic, now=LATER)
    late = draft(early.clinic, protocol=early.protocol)
    complete(late, now=LATER)

    resume("clinic", early, staff, now=LATER + timedelta(minutes=20), per_minute=1)

    assert rows_of(early)["first-night"].status == "missed"
    assert rows_of(late)["first-night"].due_at == LATER + timedelta(minutes=20)


def test_retry_keeps_its_pause(session, staff):
    again_at = LATER + timedelta(minutes=5)
    session.scheduled_messages.filter(step__slug="first-night").update(attempt_count=1, due_at=again_at)
    pause("clinic", session, staff)

    resume("clinic", session, staff, per_minute=1)

    assert rows_of(session)["first-night"].due_at == again_at


@pytest.mark.parametrize(
    ("count", "per_minute", "minutes"), [(0, 30, 0), (1, 30, 1), (240, 30, 8), (241, 30, 9)]
)
def test_duration_is_rounded_up_to_minutes(count, per_minute, minutes):
    assert minutes_at(count, per_minute) == minutes
