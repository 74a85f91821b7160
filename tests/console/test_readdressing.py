"""A corrected address: what the former one kept from the patient is offered, and goes if staff say so."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task
from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.models import ScheduledMessage, Status, StatusChange, Suppression, Why
from aftercare.outbox.readdressing import kept_from, send_to_new_address
from aftercare.outbox.sending import drain
from aftercare.protocols.models import ProtocolStep
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "corrected@example.com"


@pytest.fixture
def clinic():
    return factories.clinic(undo_minutes=0)


@pytest.fixture
def patient(clinic):
    return factories.patient(clinic)


@pytest.fixture
def kept(clinic, patient):
    """Makes messages of the patient that did not leave, an hour ago and with three hours to spare."""

    def make(status=Status.SUPPRESSED, **over):
        now = timezone.now()
        session = factories.treatment_session(
            clinic, patient=patient, state="completed", completed_at=now - timedelta(hours=2)
        )
        why = Why.REFUSED if status == Status.FAILED else ""
        return factories.message(
            session, status=status, **{"why": why, "send_at": now - timedelta(hours=1), **over}
        )

    return make


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def page(patient):
    return reverse("admin:clinics_patient_readdress", args=[patient.pk])


def correct(client, patient, email=NEW):
    fields = {
        "first_name": patient.first_name,
        "last_name": patient.last_name,
        "email": email,
        "agreed": "on",
        "email_consent_version": "2026-01",
        "email_consent_at": "2026-01-05T10:00",
    }
    return client.post(reverse("admin:clinics_patient_change", args=[patient.pk]), fields)


@pytest.mark.parametrize("status", [Status.SUPPRESSED, Status.FAILED])
def test_what_the_address_kept_back_is_offered_after_it_was_corrected(client, staff, patient, kept, status):
    message = kept(status)

    answer = correct(client, patient)

    assert answer.url == page(patient)
    assert str(message.pk) in client.get(answer.url).content.decode()


def bounced(message):
    """The message as its try to the present address left it: taken, and sent back."""
    factories.attempt(message)
    known = {"status": Status.SENT, "sent_at": message.send_at, "delivery": "bounced", "attempt_count": 1}
    ScheduledMessage.objects.filter(pk=message.pk).update(**known, delivery_at=message.send_at)
    message.refresh_from_db()
    return message


def test_what_came_back_is_offered_and_leaves_once_more_to_the_corrected_address(
    client, staff, patient, kept
):
    message = bounced(kept())

    answer = correct(client, patient)
    client.post(answer.url, {"message": [str(message.pk)]})
    drain(deadline=timezone.now() + timedelta(minutes=1))

    message.refresh_from_db()
    assert (message.status, message.delivery) == (Status.SENT, "")
    assert [sent.to for sent in mail.outbox] == [[NEW]]
    assert message.attempts.values_list("outcome", flat=True).order_by("number")[0] == "came_back"


def test_what_came_back_is_not_offered_for_the_address_it_came_back_from(patient, kept):
    bounced(kept())

    assert kept_from(patient, now=timezone.now()) == []


def test_reminder_is_not_offered_beside_what_it_reminds_of(patient, kept):
    message = kept()
    asked = message.step
    reminder = ProtocolStep.objects.create(
        protocol=asked.protocol, kind="reminder", reminds=asked, slug="r", number=99, template=asked.template
    )
    ScheduledMessage.objects.filter(pk=message.pk).update(step=reminder)

    assert kept_from(patient, now=timezone.now()) == []


@pytest.mark.parametrize("outcome", ["unknown", "refused"])
def test_late_report_of_any_former_try_says_nothing_of_the_new_promise(staff, patient, kept, outcome):
    message, now = bounced(kept()), timezone.now()
    message.attempts.update(outcome=outcome)
    former, patient.email = patient.email, NEW
    patient.save()
    send_to_new_address(patient, [message.pk], by=staff, now=now)

    factories.delivery_event(message, recipient=former, event_type="bounced", received_at=now)
    judge_waiting(now=now)

    message.refresh_from_db()
    assert (message.status, message.delivery) == (Status.SCHEDULED, "")


def test_late_report_of_the_copy_that_came_back_says_nothing_of_the_new_promise(staff, patient, kept):
    message, now = bounced(kept()), timezone.now()
    former = patient.email
    patient.email = NEW
    patient.save()
    send_to_new_address(patient, [message.pk], by=staff, now=now)

    late = factories.delivery_event(
        message, recipient=former, event_type="bounced", permanent=True, received_at=now
    )
    judge_waiting(now=now)

    message.refresh_from_db(), late.refresh_from_db()
    assert (message.status, message.delivery, late.verdict) == (Status.SCHEDULED, "", "former")
    assert Suppression.objects.get().email == former
    assert not FollowUpTask.objects.exists()


def test_copy_to_the_corrected_address_that_comes_back_too_opens_a_task_of_its_own(staff, patient, kept):
    message, now = bounced(kept(safety_critical=True)), timezone.now()
    factories.delivery_event(message, event_type="bounced", received_at=now, happened_at=now)
    judge_waiting(now=now)
    FollowUpTask.objects.update(closed_at=now, closed_by=staff, outcome="Corrected.", tell_at=None)
    patient.email = NEW
    patient.save()
    send_to_new_address(patient, [message.pk], by=staff, now=now)
    drain(deadline=timezone.now() + timedelta(minutes=1))

    factories.delivery_event(message, recipient=NEW, event_type="bounced", received_at=now, happened_at=now)
    judge_waiting(now=now)

    message.refresh_from_db()
    assert message.delivery == "bounced"
    assert FollowUpTask.objects.get(closed_at=None).source == f"message:{message.pk}:bounced:2"


def test_nothing_is_offered_when_the_address_stays(client, staff, patient, kept):
    kept()

    assert correct(client, patient, patient.email).url != page(patient)


@pytest.mark.parametrize(
    "over",
    [
        {"latest_at": timezone.now() - timedelta(minutes=1)},
        {"status": Status.SENT},
        {"status": Status.MISSED},
        {"status": Status.FAILED, "why": Why.CANNOT_COMPOSE},
        {"status": Status.FAILED, "in_doubt": True},
    ],
)
def test_what_is_late_or_was_kept_back_by_something_else_is_not_offered(client, staff, patient, kept, over):
    kept(**over)

    assert correct(client, patient).url != page(patient)


def test_what_was_ticked_is_promised_for_now_and_says_by_whom(client, staff, patient, kept):
    ticked, other = kept(), kept(Status.FAILED)
    client.post(page(patient), {"message": [str(ticked.pk)]})

    ticked.refresh_from_db(), other.refresh_from_db()
    line = StatusChange.objects.get(message=ticked)
    assert (ticked.status, ticked.why, other.status) == (Status.SCHEDULED, Why.STAFF_RESENT, Status.FAILED)
    assert ticked.due_at <= timezone.now()
    assert (line.actor, line.detail) == (staff, "The address was corrected.")


def test_sending_takes_the_messages_task_back(patient, kept, staff, clinic):
    message, now = kept(Status.FAILED), timezone.now()
    source = f"message:{message.pk}:failed"
    given = {"clinic": clinic, "patient": patient, "cause": Cause.FAILED, "source": source, "detail": ""}
    open_task(**given, now=now, deadline_at=now + timedelta(hours=1))

    send_to_new_address(patient, [message.pk], by=staff, now=now)

    assert FollowUpTask.objects.get().closed_at == now


def test_sending_twice_promises_once(patient, kept, staff):
    message, now = kept(), timezone.now()

    assert [send_to_new_address(patient, [message.pk], by=staff, now=now) for _ in range(2)] == [1, 0]


def test_message_of_another_patient_is_not_sent(client, staff, clinic, patient, kept):
    other = kept()
    stranger = factories.patient(clinic)

    client.post(page(stranger), {"message": [str(other.pk)]})

    other.refresh_from_db()
    assert other.status == Status.SUPPRESSED
    assert kept_from(stranger, now=timezone.now()) == []


def test_viewer_sends_nothing(client, clinic, patient, kept):
    message = kept()
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.post(page(patient), {"message": [str(message.pk)]}).status_code == 403
    assert client.post(page(patient), {"message": ["not-an-id"]}).status_code == 403


def patients_page(client, patient):
    return client.get(reverse("admin:clinics_patient_change", args=[patient.pk])).content.decode()


def test_offer_stays_on_the_patients_page_after_the_tab_was_closed(client, staff, patient, kept):
    kept(Status.FAILED)
    correct(client, patient)

    shown = patients_page(client, patient)

    assert "1 message did not reach the patient at a former address" in shown
    assert f'href="{page(patient)}"' in shown


def test_offer_goes_when_the_window_is_over(client, staff, patient, kept):
    kept(Status.FAILED, latest_at=timezone.now() - timedelta(minutes=1))

    assert page(patient) not in patients_page(client, patient)


def test_what_the_present_address_refused_or_forbids_is_not_offered(client, staff, clinic, patient, kept):
    refused = kept(Status.FAILED)
    factories.attempt(refused, outcome="refused")
    kept(Status.SUPPRESSED)
    Suppression.objects.create(clinic=clinic, email=patient.email, purpose="all", reason="bounced")

    assert page(patient) not in patients_page(client, patient)


def test_reader_is_not_offered_to_send_again(client, clinic, patient, kept):
    kept(Status.FAILED)
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert page(patient) not in patients_page(client, patient)
