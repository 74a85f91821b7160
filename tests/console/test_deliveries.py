"""What staff see of what mail services reported."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.models import ScheduledMessage
from tests import factories

pytestmark = pytest.mark.django_db
EVENTS = "admin:outbox_deliveryevent_changelist"
MESSAGES = "admin:outbox_scheduledmessage_changelist"


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def message(clinic):
    """Sent, and come back for good."""
    message = factories.message(factories.treatment_session(clinic), status="sent")
    factories.attempt(message)
    factories.delivery_event(message, event_type="bounced", permanent=True, detail="550 5.1.1 no such user")
    judge_waiting(now=message.latest_at)
    message.refresh_from_db()
    return message


@pytest.fixture
def viewer(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))
    return client


def shown(client, name, **query):
    return list(client.get(reverse(name), query).context["cl"].queryset)


def test_page_of_a_message_tells_what_was_reported_when_and_why(viewer, message):
    said = viewer.get(reverse("admin:outbox_scheduledmessage_change", args=[message.pk])).content.decode()

    assert "What the mail service said later" in said
    assert "550 5.1.1 no such user" in said
    assert "the address is not mailed again" in said
    assert '<span class="tag tag-bad">Bounced</span>' in said


def test_page_of_a_message_without_reports_says_so(viewer, clinic):
    message = factories.message(factories.treatment_session(clinic))

    said = viewer.get(reverse("admin:outbox_scheduledmessage_change", args=[message.pk])).content.decode()

    assert "Nothing was reported yet." in said


def test_list_of_messages_shows_the_delivery_and_counts_it_as_needing_a_human(viewer, message):
    factories.message(factories.treatment_session(message.clinic), status="sent", delivery="delivered")

    said = viewer.get(reverse(MESSAGES)).content.decode()

    assert "Bounced" in said
    assert "Delivered" in said
    assert shown(viewer, MESSAGES, needs="human") == [message]
    assert shown(viewer, MESSAGES, delivery__exact="bounced") == [message]


def test_list_of_events_holds_the_clinics_own(viewer, message):
    elsewhere = factories.message(factories.treatment_session(factories.clinic()))
    factories.delivery_event(elsewhere, message_id=elsewhere.pk)
    factories.delivery_event(verdict="unmatched", judged_at=message.latest_at)

    assert shown(viewer, EVENTS) == [message.delivery_events.get()]


def test_event_of_no_message_is_for_superusers(viewer, message, client):
    stray = factories.delivery_event(verdict="unmatched", judged_at=message.latest_at)
    page = reverse("admin:outbox_deliveryevent_change", args=[stray.pk])

    assert viewer.get(page).status_code == 404
    client.force_login(factories.user(None, is_superuser=True))
    assert client.get(page).status_code == 200
    assert shown(client, EVENTS, verdict__exact="unmatched") == [stray]


def test_event_may_be_read_and_nothing_else(client, message):
    client.force_login(factories.user(None, is_superuser=True))
    event = message.delivery_events.get()

    read = client.get(reverse("admin:outbox_deliveryevent_change", args=[event.pk]))
    written = client.post(reverse("admin:outbox_deliveryevent_change", args=[event.pk]), {"verdict": ""})

    assert "Yes: no mail can ever arrive there" in read.content.decode()
    assert (read.status_code, written.status_code) == (200, 403)
    assert client.get(reverse("admin:outbox_deliveryevent_add")).status_code == 403
    assert client.post(reverse("admin:outbox_deliveryevent_delete", args=[event.pk])).status_code == 403


def test_event_that_waits_says_so(viewer, message):
    factories.delivery_event(message, message_id=message.pk)

    assert "Waits to be judged" in viewer.get(reverse(EVENTS)).content.decode()


def test_owner_sets_limits_and_what_follows_a_complaint(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))
    page = reverse("admin:clinics_clinic_change", args=[clinic.pk])
    form = client.get(page).context["adminform"].form
    given = {name: form.initial.get(name) or "" for name in form.fields if name != "logo"}
    given |= {"time_zone": "Europe/London", "quiet_from": "21:00", "quiet_until": "08:00"}
    given |= {f"{rows}-{n}_FORMS": 0 for rows in ("opening_hours", "holidays") for n in ("TOTAL", "INITIAL")}

    client.post(page, {**given, "mails_per_second": 5, "mails_per_day": 900, "after_complaint": "safety"})

    clinic.refresh_from_db()
    limits = (clinic.mails_per_second, clinic.mails_per_day, clinic.after_complaint)
    assert limits == (5, 900, "safety")


def test_list_of_messages_costs_no_more_queries_for_more_reports(
    viewer, message, django_assert_max_num_queries
):
    for minute in range(5):
        factories.delivery_event(
            message, message_id=message.pk, happened_at=message.send_at + timedelta(minutes=minute)
        )

    with django_assert_max_num_queries(25):
        viewer.get(reverse(EVENTS))
    assert ScheduledMessage.objects.count() == 1
