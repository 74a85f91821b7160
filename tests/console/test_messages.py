from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.models import Attempt, ScheduledMessage, Status, Suppression, Why
from aftercare.outbox.planning import complete_session
from aftercare.outbox.sending import drain
from tests import factories

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"admin:outbox_scheduledmessage_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic(undo_minutes=0)


@pytest.fixture
def messages(clinic):
    """A completed session's two messages: one due an hour from now, one tomorrow."""
    now = timezone.now()
    session = factories.treatment_session(clinic, ended_at=now)
    return complete_session(session, by=None, now=now)


@pytest.fixture
def staff(client, clinic):
    client.force_login(factories.user(clinic, Role.STAFF))
    return client


def ask(client, name, *rows, reason="Asked by phone"):
    data = {"id": [row.pk for row in rows], "reason": reason}
    return client.post(page("ask", name), data, follow=True)


def send_first(messages):
    at = timezone.now() - timedelta(seconds=5)
    ScheduledMessage.objects.filter(pk=messages[0].pk).update(send_at=at, due_at=at)
    drain(deadline=timezone.now() + timedelta(seconds=30))


def test_page_of_a_scheduled_message_previews_what_would_leave(staff, messages):
    response = staff.get(page("change", messages[0].pk))

    said = response.content.decode()
    assert "What would be sent now" in said
    assert "List-Unsubscribe" in said
    assert {name for name, _action in response.context["offered"]} == {"send_now", "cancel", "pause_patient"}


def test_page_of_a_sent_message_shows_the_exact_copy_and_its_try(staff, messages, mailoutbox):
    send_first(messages)

    response = staff.get(page("change", messages[0].pk))

    assert response.context["copy"].text == mailoutbox[0].body
    assert response.context["copy"].subject == mailoutbox[0].subject
    assert "Taken by the mail server" in response.content.decode()
    assert response.context["offered"] == []


def test_frame_holds_the_html_that_left_and_may_run_nothing(staff, messages, mailoutbox):
    send_first(messages)

    response = staff.get(page("frame", messages[0].pk))

    assert response.content.decode() == mailoutbox[0].alternatives[0][0]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["Content-Security-Policy"].endswith("sandbox")


def test_copy_that_no_longer_matches_its_seal_is_told_not_shown(staff, messages, mailoutbox):
    send_first(messages)
    Attempt.objects.update(digest="0" * 64)

    response = staff.get(page("change", messages[0].pk))

    assert response.context["copy"] is None
    assert "no longer matches its seal" in response.content.decode()


def test_message_without_approved_text_says_so_instead_of_a_preview(staff, messages):
    messages[0].step.template.versions.retire(now=timezone.now())

    response = staff.get(page("change", messages[0].pk))

    assert "No approved text" in response.content.decode()


def test_cancel_asks_for_a_reason_and_keeps_it(staff, messages):
    asked = staff.get(page("ask", "cancel"), {"id": messages[0].pk})
    refused = ask(staff, "cancel", messages[0], reason=" ")
    ask(staff, "cancel", messages[0], reason="Patient moved away")

    messages[0].refresh_from_db()
    assert "will not get it" in asked.content.decode()
    assert "Write why" in refused.content.decode()
    assert (messages[0].status, messages[0].why) == (Status.CANCELLED, Why.BY_STAFF)
    assert messages[0].status_changes.last().detail == "Patient moved away"


def test_send_now_makes_the_message_due_at_once(staff, messages):
    ask(staff, "send_now", messages[1])

    messages[1].refresh_from_db()
    assert messages[1].due_at <= timezone.now()


def test_pausing_the_patient_holds_every_message(staff, messages):
    ask(staff, "pause_patient", messages[0])

    held = ScheduledMessage.objects.filter(status=Status.HELD, why=Why.PATIENT_PAUSED)
    assert held.count() == 2
    assert staff.get(page("change", messages[1].pk)).context["offered"][0][0] == "cancel"


def test_unconfirmed_message_can_be_confirmed(staff, clinic):
    session = factories.treatment_session(clinic)
    message = factories.message(session, status=Status.UNCONFIRMED)

    ask(staff, "confirm_arrived", message, reason="The patient says so")

    message.refresh_from_db()
    assert (message.status, message.why) == (Status.SENT, Why.STAFF_CONFIRMED)


def test_refusal_of_an_operation_is_told_and_changes_nothing(staff, clinic):
    session = factories.treatment_session(clinic)
    message = factories.message(session, status=Status.FAILED)

    response = ask(staff, "send_again", message)

    message.refresh_from_db()
    assert message.status == Status.FAILED
    assert "nothing of it is sent" in response.content.decode()


def test_bulk_action_asks_first_and_leaves_what_does_not_fit(staff, clinic, messages):
    sent = factories.message(factories.treatment_session(clinic), status=Status.SENT)
    ticked = [messages[0].pk, messages[1].pk, sent.pk]

    asked = staff.post(page("changelist"), {"action": "cancel", "_selected_action": ticked})
    done = ask(staff, "cancel", *messages, sent)

    assert len(asked.context["fitting"]) == 2
    assert asked.context["others"] == [sent]
    assert "done for 2 messages" in done.content.decode()
    assert ScheduledMessage.objects.filter(status=Status.CANCELLED).count() == 2


@pytest.mark.parametrize("name", ["cancel", "send_now", "pause_patient", "send_again", "confirm_arrived"])
def test_viewer_may_read_but_not_act(client, clinic, messages, name):
    client.force_login(factories.user(clinic, Role.VIEWER))

    read = client.get(page("change", messages[0].pk))
    acted = client.post(page("ask", name), {"id": messages[0].pk, "reason": "No"})

    assert (read.status_code, acted.status_code) == (200, 403)
    assert read.context["offered"] == []


@pytest.mark.parametrize("wanted", ["change", "frame"])
def test_another_clinics_message_is_not_found(client, messages, wanted):
    client.force_login(factories.user(factories.clinic(), Role.OWNER))

    assert client.get(page(wanted, messages[0].pk)).status_code == 404
    assert ask(client, "cancel", messages[0]).status_code == 404


@pytest.mark.parametrize("path", ["ask/nonsense/?id=1", "ask/cancel/?id=not-an-id", "ask/cancel/"])
def test_nonsense_in_the_address_is_not_found(staff, path):
    assert staff.get(page("changelist") + path).status_code == 404


def test_list_filters_what_needs_a_human(staff, clinic):
    failed = factories.message(factories.treatment_session(clinic), status=Status.FAILED)
    factories.message(factories.treatment_session(clinic), status=Status.SCHEDULED)

    human = staff.get(page("changelist"), {"needs": "human"})
    nothing = staff.get(page("changelist"), {"needs": "nothing"})

    assert list(human.context["cl"].queryset) == [failed]
    assert failed not in nothing.context["cl"].queryset
    assert "London time" in human.content.decode()


def test_message_page_takes_no_post(staff, messages):
    assert staff.post(page("change", messages[0].pk), {"status": "sent"}).status_code == 403


def test_staff_record_an_address_not_to_mail_and_only_an_owner_takes_it_away(staff, clinic):
    given = {"clinic": clinic.pk, "email": "Stop@Example.com", "purpose": "care", "reason": "Asked by phone"}

    staff.post(reverse("admin:outbox_suppression_add"), given)

    row = Suppression.objects.get()
    taken = reverse("admin:outbox_suppression_delete", args=[row.pk])
    changed = reverse("admin:outbox_suppression_change", args=[row.pk])
    assert row.email == "stop@example.com"
    assert staff.post(changed, {**given, "email": "x@example.com"}).status_code == 403
    assert staff.post(taken, {"post": "yes"}).status_code == 403
    staff.force_login(factories.user(clinic, Role.OWNER))
    assert staff.post(taken, {"post": "yes"}).status_code == 302
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({}, [-6, 6]),
        ({"when": "past"}, [-6]),
        ({"when": "coming"}, [6]),
        ({"when": "any"}, [-8, -6, 6, 8]),
        ({"status__exact": "scheduled"}, [-8, -6, 6, 8]),
        ({"q": "Lindqvist"}, [-8, -6, 6, 8]),
        ({"o": "-1", "p": "1"}, [-6, 6]),
    ],
)
def test_list_begins_with_the_weeks_around_now_and_finds_all_that_is_asked_for(staff, clinic, asked, days):
    now = timezone.now()
    for number in (-8, -6, 6, 8):
        factories.message(factories.treatment_session(clinic), send_at=now + timedelta(days=number))

    listed = staff.get(page("changelist"), asked).context["cl"].queryset

    assert sorted(round((row.send_at - now) / timedelta(days=1)) for row in listed) == days
