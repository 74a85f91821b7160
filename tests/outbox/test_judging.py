"""What a report means for its message, whatever the message's state and the order of reports."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError

from aftercare.followups.models import FollowUpTask
from aftercare.outbox import judging
from aftercare.outbox.concluding import conclude
from aftercare.outbox.judging import AGAIN_AFTER, YOUNG, judge_waiting, replay
from aftercare.outbox.models import (
    Attempt,
    DeliveryEvent,
    ScheduledMessage,
    Status,
    StatusChange,
    Suppression,
)
from tests import factories

pytestmark = pytest.mark.django_db
NOT_SENT_YET = sorted(set(Status.values) - {"sent", "sending"})


@pytest.fixture
def message(scheduled):
    """A message with one try of which nobody knows."""
    factories.attempt(scheduled, outcome="unknown")
    return scheduled


@pytest.fixture
def put(message):
    """Puts the message into a status."""

    def into(status, **over):
        lease = {"claim_token": message.pk, "lease_until": message.latest_at}
        fields = {
            **(lease if status in ("claimed", "sending") else {}),
            **({"superseded_by": message.session} if status == "superseded" else {}),
            **({"sent_at": message.send_at} if status == "sent" else {}),
            **over,
        }
        ScheduledMessage.objects.filter(pk=message.pk).update(status=status, **fields)
        message.refresh_from_db()

    return into


@pytest.fixture
def judge(at, message):
    """Stores a report of the message and judges it; returns it as it is then."""

    def one(event_type="delivered", **over):
        event = factories.delivery_event(message, **{"event_type": event_type, "received_at": at.now, **over})
        judge_waiting(now=at.now)
        event.refresh_from_db()
        message.refresh_from_db()
        return event

    return one


def open_tasks():
    return sorted(FollowUpTask.objects.filter(closed_at=None).values_list("cause", flat=True))


@pytest.mark.parametrize("status", NOT_SENT_YET)
def test_report_of_a_message_in_doubt_proves_that_it_was_sent(message, put, judge, status):
    put(status, in_doubt=True)

    event = judge(provider_message_id="esp-7")

    attempt = message.attempts.get()
    assert (message.status, message.why, message.in_doubt) == ("sent", "proven", False)
    assert (message.sent_at, message.provider_message_id) == (attempt.opened_at, "esp-7")
    assert (message.delivery, event.verdict) == ("delivered", "applied")
    assert (attempt.outcome, attempt.provider_message_id) == ("sent", "esp-7")


@pytest.mark.parametrize("event_type", ["queued", "sent", "deferred", "bounced", "complained"])
def test_any_report_proves(message, put, judge, event_type):
    put("unknown")

    judge(event_type)

    assert message.status == "sent"


@pytest.mark.parametrize("event_type", ["queued", "sent"])
def test_report_that_it_was_taken_says_nothing_about_delivery(put, message, judge, event_type):
    put("unknown")

    judge(event_type)

    assert (message.delivery, message.delivery_at) == ("", None)


@pytest.mark.parametrize("status", ["scheduled", "failed", "cancelled"])
def test_delivery_is_proof_though_we_took_the_answer_for_a_no(message, put, judge, status):
    put(status, in_doubt=False)

    judge("delivered")

    assert message.status == "sent"


@pytest.mark.parametrize("event_type", ["rejected", "failed"])
def test_refusal_is_no_proof_when_there_was_no_doubt(message, put, judge, event_type):
    put("failed", in_doubt=False)

    judge(event_type)

    assert (message.status, message.delivery) == ("failed", "rejected")
    assert open_tasks() == []


def test_proven_message_leaves_a_line_of_history_and_no_task(message, put, judge, at):
    put("unknown")
    conclude(message, to=Status.UNCONFIRMED, frm=Status.UNKNOWN, now=at.now)

    judge("delivered")

    assert open_tasks() == []
    line = StatusChange.objects.last()
    assert (line.from_status, line.to_status, line.why) == ("unconfirmed", "sent", "proven")


def test_proven_message_names_the_try_that_the_service_names(message, put, judge, at):
    second = factories.attempt(
        message, outcome="unknown", provider_message_id="esp-2", opened_at=at.pass_(minutes=15)
    )
    factories.attempt(message, outcome="unknown", opened_at=at.pass_(minutes=15))
    put("unconfirmed")

    judge("delivered", provider_message_id="esp-2")

    assert message.sent_at == second.opened_at


def test_message_being_sent_is_left_to_its_worker_and_judged_afterwards(message, put, judge, at):
    put("sending")

    event = judge("delivered")

    assert (message.status, message.delivery, event.verdict) == ("sending", "delivered", "")
    put("unknown", claim_token=None, lease_until=None)
    judge_waiting(now=at.now)
    message.refresh_from_db()
    assert (message.status, message.why) == ("sent", "proven")


def test_message_of_another_address_is_not_touched(message, put, judge):
    put("unknown")

    event = judge(recipient="bo@example.com")

    assert (message.status, event.verdict, event.message) == ("unknown", "mismatched", None)


def test_address_is_that_of_the_try_not_the_patients_of_today(message, put, judge):
    put("sent")
    former = message.patient.email
    message.patient.email = "new@example.com"
    message.patient.save()

    judge("bounced", permanent=True, recipient=former)

    assert Suppression.objects.get().email == former


def test_address_is_compared_without_case(message, put, judge):
    Attempt.objects.update(headers={"To": message.patient.email.upper()})
    put("sent")

    assert judge().verdict == "applied"


def test_message_never_tried_is_nobodys(at, make_message):
    never = make_message()
    event = factories.delivery_event(never)

    judge_waiting(now=at.now)

    event.refresh_from_db()
    never.refresh_from_db()
    assert (event.verdict, never.status) == ("mismatched", "scheduled")


def test_report_without_our_id_is_matched_by_the_services(message, put, judge):
    put("sent")
    message.attempts.update(provider="Postal", provider_message_id="esp-7")

    judge("delivered", message_key="", provider="Postal", provider_message_id="esp-7")

    assert message.delivery == "delivered"


@pytest.mark.parametrize("other", [{"provider": "Postmark"}, {"provider_message_id": "esp-8"}])
def test_services_id_means_nothing_to_another_service(message, put, judge, other):
    put("sent")
    message.attempts.update(provider="Postal", provider_message_id="esp-7")

    event = judge(message_key="", **{"provider": "Postal", "provider_message_id": "esp-7", **other})

    assert event.verdict == "unmatched"


@pytest.mark.parametrize("key", ["", "not-an-id", "00000000-0000-4000-8000-000000000000"])
def test_report_of_an_unknown_message_is_kept(judge, key):
    assert judge(message_key=key).verdict == "unmatched"


def test_report_that_came_before_the_answer_is_matched_when_the_answer_is_there(message, put, judge, at):
    early = judge(message_key="", provider="Postal", provider_message_id="esp-7")
    message.attempts.update(provider="Postal", provider_message_id="esp-7")
    put("sent")
    judge_waiting(now=at.pass_(seconds=1))
    assert ScheduledMessage.objects.get(pk=message.pk).delivery == ""

    judge_waiting(now=at.pass_(seconds=AGAIN_AFTER.seconds))

    early.refresh_from_db()
    assert (early.verdict, early.message) == ("applied", message)


def test_report_that_stays_unmatched_is_not_looked_at_for_ever(judge, at):
    judge(message_key="")
    looked = 0
    for _ in range(80):
        at.pass_(minutes=1)
        looked += judge_waiting(now=at.now)

    assert looked <= YOUNG // timedelta(minutes=1)


def test_oldest_reports_are_judged_first_and_a_bounded_number(message, at):
    events = [factories.delivery_event(message) for _ in range(3)]

    assert judge_waiting(now=at.now, limit=2) == 2
    assert DeliveryEvent.objects.get(verdict="") == events[-1]
    assert judge_waiting(now=at.now, limit=2) == 1
    assert judge_waiting(now=at.now, limit=2) == 0


def test_poison_is_put_aside_and_the_others_are_judged(message, put, at, monkeypatch):
    put("sent")
    bad, good = factories.delivery_event(message), factories.delivery_event(message, event_type="bounced")
    real = judging.match

    def stumbling(event):
        if event.pk == bad.pk:
            raise RuntimeError("a defect")
        return real(event)

    monkeypatch.setattr(judging, "match", stumbling)

    judge_waiting(now=at.now)

    assert [DeliveryEvent.objects.get(pk=one.pk).verdict for one in (bad, good)] == ["quarantined", "applied"]
    assert judge_waiting(now=at.now) == 0


def test_database_that_is_away_blames_no_report(message, at, monkeypatch):
    event = factories.delivery_event(message)

    def away(_event):
        raise OperationalError("gone")

    monkeypatch.setattr(judging, "match", away)

    with pytest.raises(OperationalError):
        judge_waiting(now=at.now)
    assert DeliveryEvent.objects.get(pk=event.pk).verdict == ""


def test_safety_message_that_came_back_needs_a_human(message, put, judge, at):
    put("sent")

    judge("bounced", permanent=True)

    task = FollowUpTask.objects.get()
    assert (task.cause, task.deadline_at) == ("bounced", at.now + timedelta(hours=4))
    assert (task.patient, task.detail) == (message.patient, message.step.name)


def test_other_message_that_came_back_needs_none(message, put, judge):
    put("sent", safety_critical=False)

    judge("bounced", permanent=True)

    assert open_tasks() == []


def test_task_is_taken_back_when_it_arrives_after_all(message, put, judge, at):
    put("sent")
    judge("bounced", permanent=False)
    assert open_tasks() == ["bounced"]

    judge("delivered", happened_at=at.now + timedelta(minutes=9))

    assert (open_tasks(), message.delivery) == ([], "delivered")


@pytest.mark.parametrize("event_type", ["complained", "unsubscribed"])
def test_patient_who_wants_no_more_mail_needs_a_human(message, put, judge, event_type):
    put("sent", safety_critical=False)

    judge(event_type)
    judge(event_type)

    assert open_tasks() == ["unsubscribed"]


def test_replay_changes_nothing_and_suppresses_nobody_again(message, put, judge, at):
    put("unconfirmed")
    judge("bounced", permanent=True)
    judge("complained")
    Suppression.objects.all().delete()  # the owner released the address
    FollowUpTask.objects.update(outcome="Called.", closed_at=at.now, tell_at=None)

    assert replay(DeliveryEvent.objects.all(), now=at.pass_(days=1)) == 2

    message.refresh_from_db()
    assert (message.status, message.delivery) == ("sent", "complained")
    assert not Suppression.objects.exists()
    assert open_tasks() == []


def test_replay_by_command_mends_what_was_put_aside(message, put, at, capsys):
    put("unconfirmed")
    factories.delivery_event(message, verdict="quarantined", judged_at=at.now)
    factories.delivery_event(None, verdict="unmatched", judged_at=at.now)

    call_command("replay_events", verdict="quarantined")

    message.refresh_from_db()
    assert message.status == "sent"
    assert "Judged 1 " in capsys.readouterr().out
