"""A notice leaves once, by the same road and with the same care as a patient's message."""

import smtplib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftercare.clinics.models import Role
from aftercare.followups.closing import claim_task, close_task
from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task
from aftercare.outbox.deciding import Refused
from aftercare.outbox.heartbeat import LOOP_TICK
from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.models import ChannelRest, DeliveryEvent, SendBucket, SitePause, StaffNotice
from aftercare.outbox.notice_settling import settle_notice
from aftercare.outbox.notifying import tell_due
from aftercare.outbox.sending import drain
from aftercare.outbox.settling import Result
from aftercare.outbox.smtp import ConnectionLost
from aftercare.outbox.ticking import tick_once
from tests import factories
from tests.provider import losing_the_answer, refusing

pytestmark = pytest.mark.django_db
REFUSED = smtplib.SMTPRecipientsRefused({"nurse@clinic.example.com": (550, b"5.1.1 no such user")})
LATER = smtplib.SMTPRecipientsRefused({"nurse@clinic.example.com": (451, b"4.7.1 come back later")})
AWAY = ConnectionLost("gone", payload_left=False)
LOST = ConnectionLost("gone", payload_left=True)


class Killed(BaseException):
    """What no handler of ours catches, as a kill leaves no time to."""


def kill(email):
    raise Killed


@pytest.fixture
def clinic():
    clinic = factories.clinic(escalation_email="second@clinic.example.com")
    factories.user(clinic, Role.STAFF, email="nurse@clinic.example.com")
    return clinic


@pytest.fixture
def task(clinic, at):
    return open_task(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=Cause.MISSED,
        source="message:1:missed",
        detail="First night",
        now=at.now,
        deadline_at=at.now + timedelta(hours=4),
    )


@pytest.fixture
def notice(task, at):
    tell_due(now=at.now)
    return StaffNotice.objects.get()


def seen(notice):
    notice.refresh_from_db()
    return notice.status


def to(provider):
    return [email.to[0].partition("@")[0] for email in provider.taken]


def test_notice_leaves_from_the_clinics_sender_and_says_so(run, at, provider, clinic, notice):
    run()

    [mail] = provider.taken
    assert (seen(notice), notice.sent_at, notice.tries) == ("sent", at.now, 1)
    assert (mail.to, mail.subject, mail.body) == ([notice.recipient], notice.subject, notice.text)
    assert mail.from_email == "Harbour Skin Clinic <care@clinic.example.com>"
    assert mail.extra_headers["Message-ID"] == f"<{notice.pk}@clinic.example.com>"
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_notice_that_was_sent_is_not_sent_again(run, provider, notice):
    run()
    run()

    assert to(provider) == ["nurse"]


def test_notice_leaves_before_patients_messages(run, provider, notice, scheduled):
    run()

    assert to(provider)[0] == "nurse"
    assert len(provider.taken) == 2


def test_tick_wakes_a_drain_for_a_notice_alone(at, notice):
    assert tick_once(LOOP_TICK) == 1


def test_try_is_on_record_before_the_service_is_called(run, provider, notice):
    kept = []
    provider.tricks = [lambda email: kept.append((seen(notice), notice.tries, notice.provider))]

    run()

    assert kept == [("sending", 1, "Provider")]


def test_worker_killed_before_the_call_is_unknown_and_the_next_person_is_told(
    run, at, provider, notice, task
):
    provider.tricks = [kill]
    with pytest.raises(Killed):
        run()
    at.pass_(hours=1)
    tick_once(LOOP_TICK)
    tick_once(LOOP_TICK)

    assert seen(notice) == "unknown"
    assert list(StaffNotice.objects.exclude(pk=notice.pk).values_list("rung", flat=True)) == ["second"]


def test_worker_killed_after_the_call_leaves_one_copy_alone(run, at, provider, notice):
    def take_and_die(email):
        provider.taken.append(email)
        raise Killed

    provider.tricks = [take_and_die]
    with pytest.raises(Killed):
        run()
    at.pass_(hours=1)
    tick_once(LOOP_TICK)
    run()

    assert to(provider).count("nurse") == 1
    assert seen(notice) == "unknown"


def test_lost_answer_is_unknown_and_never_sent_again(run, at, provider, notice):
    provider.tricks = [losing_the_answer(LOST)]
    run()
    at.pass_(minutes=30)
    run()

    assert seen(notice) == "unknown"
    assert to(provider).count("nurse") == 1


def test_lost_answer_of_a_service_with_keys_is_tried_again_as_the_very_same(
    run, at, provider, notice, monkeypatch
):
    monkeypatch.setattr("aftercare.outbox.notice_settling.key_lifetime", lambda name: timedelta(hours=23))
    provider.tricks = [refusing(LOST)]
    run()
    first = seen(notice), notice.in_doubt
    at.pass_(minutes=2)
    run()

    assert first == ("scheduled", True)
    assert (seen(notice), notice.in_doubt, notice.tries) == ("sent", False, 2)
    assert provider.taken[0].extra_headers["Message-ID"].startswith(f"<{notice.pk}@")


def test_doubt_that_outlives_its_key_is_given_up_unsent(run, at, provider, notice, monkeypatch):
    monkeypatch.setattr("aftercare.outbox.notice_settling.key_lifetime", lambda name: timedelta(minutes=13))
    provider.tricks = [refusing(LOST)]
    run()
    at.pass_(minutes=20)
    run()

    assert seen(notice) == "unknown"
    assert "nurse" not in to(provider)


def test_refused_address_fails_and_the_next_person_is_told_at_once(run, at, provider, notice):
    provider.tricks = [refusing(REFUSED)]
    run()
    tick_once(LOOP_TICK)
    run()

    assert (seen(notice), notice.error_detail) == ("failed", "550 5.1.1 no such user")
    assert to(provider) == ["second"]


def test_refused_address_of_one_colleague_hastens_nothing_while_the_other_was_told(
    run, at, provider, clinic, task
):
    factories.user(clinic, Role.STAFF, email="desk@clinic.example.com")
    tell_due(now=at.now)
    provider.tricks = [refusing(REFUSED)]
    run()
    tick_once(LOOP_TICK)
    run()

    assert len(to(provider)) == 1
    assert set(StaffNotice.objects.values_list("status", flat=True)) == {"failed", "sent"}


def test_service_that_says_later_is_tried_later(run, at, provider, notice):
    provider.tricks = [refusing(LATER)]
    run()
    first = seen(notice)
    at.pass_(minutes=40)
    run()

    assert (first, seen(notice), to(provider)) == ("scheduled", "sent", ["nurse"])


def test_service_that_is_away_rests_and_keeps_the_notice(run, at, provider, notice):
    provider.opening_errors = [ConnectionRefusedError()]
    run()

    assert (seen(notice), ChannelRest.objects.count(), provider.taken) == ("scheduled", 1, [])


def test_notice_that_could_not_leave_within_a_day_fails(run, at, provider, notice):
    at.pass_(hours=25)
    run()

    assert (seen(notice), notice.error) == ("failed", "WindowPassed")
    assert provider.taken == []


@pytest.mark.parametrize("how", ["claimed", "closed"])
def test_notice_that_nobody_needs_any_more_is_not_sent(run, at, provider, clinic, notice, task, how):
    by = factories.user(clinic)
    if how == "claimed":
        claim_task(task=task, by=by, now=at.now)
    else:
        close_task(task=task, outcome="Called.", by=by, now=at.now)
    run()

    assert (seen(notice), provider.taken) == ("cancelled", [])


def test_notices_go_though_everything_is_paused(run, at, provider, notice, scheduled):
    SitePause.objects.create(paused_at=at.now, reason="Test")
    run()

    assert to(provider) == ["nurse"]


def test_limit_of_the_account_holds_for_notices_too(run, at, provider, notice, settings):
    settings.MAIL_PER_DAY = 0
    run()

    assert (seen(notice), provider.taken) == ("scheduled", [])


def spent(clinic, settings, *, of):
    """What may be sent today is used up."""
    if of == "account":
        settings.MAIL_PER_DAY = 0
    else:
        clinic.mails_per_day = 0
        clinic.save()


@pytest.mark.parametrize("of", ["account", "clinic"])
@pytest.mark.parametrize(("cause", "sent"), [(Cause.CONCERN, ["nurse"]), (Cause.BOUNCED, [])])
def test_notice_of_a_patients_answer_alone_waits_for_no_limit_of_the_day(
    run, provider, clinic, task, notice, settings, of, cause, sent
):
    type(task).objects.update(cause=cause)
    spent(clinic, settings, of=of)
    for _ in range(2):  # the first one makes the bucket
        run()

    assert to(provider) == sent


def test_notice_of_a_patients_answer_keeps_the_pace_of_the_second(run, at, provider, task, notice, settings):
    type(task).objects.update(cause=Cause.CONCERN)
    settings.MAIL_PER_DAY, settings.MAIL_PER_SECOND = 0, 0.1
    run()
    before = to(provider)
    at.pass_(seconds=11)
    run()

    assert (before, to(provider)) == ([], ["nurse"])
    assert SendBucket.objects.get().taken_today == 1


def test_limit_of_the_clinic_counts_its_notices(run, at, provider, clinic, notice):
    clinic.mails_per_day = 1
    clinic.save()
    StaffNotice.objects.create(
        clinic=clinic,
        rung="duty",
        recipient="desk@clinic.example.com",
        subject="s",
        text="t",
        language="en",
        created_at=at.now,
        due_at=at.now + timedelta(seconds=1),
        latest_at=notice.latest_at,
    ).tasks.set(notice.tasks.all())
    at.pass_(seconds=2)
    for _ in range(3):  # the first one makes the bucket
        run()

    assert to(provider) == ["nurse"]


def test_late_worker_changes_nothing(run, at, provider, notice):
    provider.tricks = [kill]
    with pytest.raises(Killed):
        run()
    late = StaffNotice.objects.get(pk=notice.pk)
    at.pass_(hours=1)
    tick_once(LOOP_TICK)

    assert settle_notice(late, Result(Refused()), now=at.now) is False
    assert seen(notice) == "unknown"


@pytest.mark.parametrize(
    ("event_type", "status"), [("bounced", "failed"), ("rejected", "failed"), ("delivered", "sent")]
)
def test_report_of_the_service_is_known_as_a_notices(run, at, provider, notice, event_type, status):
    run()
    factories.delivery_event(
        event_type=event_type, message_key=str(notice.pk), recipient=notice.recipient, received_at=at.now
    )
    judge_waiting(now=at.now)

    assert seen(notice) == status
    assert DeliveryEvent.objects.get().verdict == "notice"


def test_report_that_it_arrived_ends_the_doubt(run, at, provider, notice):
    provider.tricks = [refusing(LOST)]
    run()
    factories.delivery_event(message_key=str(notice.pk), recipient=notice.recipient, received_at=at.now)
    judge_waiting(now=at.now)

    assert seen(notice) == "sent"


def test_idle_drain_asks_once_for_notices(at, provider, db):
    with CaptureQueriesContext(connection) as asked:
        drain(deadline=at.now + timedelta(minutes=1))

    assert sum("staffnotice" in query["sql"] for query in asked.captured_queries) == 1
