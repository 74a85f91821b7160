"""Before an edit moves planned messages, the page says which, and saves nothing until the user agrees."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from tests import factories
from tests.console.test_protocols import of, posted

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture(autouse=True)
def owner(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))


@pytest.fixture
def completed(clinic):
    """A session of yesterday whose message is promised for 09:00 tomorrow."""
    protocol = factories.protocol(clinic, steps=({**factories.WALL_TIME, "day": 2, "latest_day": 2},))
    ended_at = timezone.now() - timedelta(days=1)
    session = factories.treatment_session(clinic, protocol=protocol, ended_at=ended_at)
    complete_session(session, by=None, now=timezone.now())
    return session


def url_of(protocol):
    return reverse("admin:protocols_protocol_change", args=[protocol.pk])


def save(client, protocol, *steps, **over):
    return client.post(url_of(protocol), {**posted(protocol, *steps), **over})


def test_edit_that_moves_a_message_is_asked_about_and_not_saved(client, completed):
    step = completed.protocol.steps.get()
    before = completed.scheduled_messages.get().send_at

    answer = save(client, completed.protocol, of(step, local_time="10:30"))

    step.refresh_from_db()
    html = answer.content.decode()
    assert f"{step.local_time:%H:%M}" == "09:00"
    assert completed.scheduled_messages.get().send_at == before
    assert "1 planned message gets another time." in html
    assert str(completed.patient) in html
    assert "Please correct the error" not in html


def test_edit_that_was_agreed_to_is_saved(client, completed):
    step = completed.protocol.steps.get()
    edits = of(step, local_time="10:30")
    agreed = save(client, completed.protocol, edits).context["agreed"]

    answer = save(client, completed.protocol, edits, agreed=agreed)

    step.refresh_from_db()
    assert answer.status_code == 302
    assert f"{step.local_time:%H:%M}" == "10:30"


def test_other_edit_than_the_one_agreed_to_is_asked_about_again(client, completed):
    step = completed.protocol.steps.get()
    agreed = save(client, completed.protocol, of(step, local_time="10:30")).context["agreed"]

    answer = save(client, completed.protocol, of(step, local_time="11:30"), agreed=agreed)

    step.refresh_from_db()
    assert "gets another time" in answer.content.decode()
    assert f"{step.local_time:%H:%M}" == "09:00"


def test_edit_that_moves_nothing_is_saved_at_once(client, completed):
    step = completed.protocol.steps.get()

    answer = save(client, completed.protocol, of(step, name="Another name"))

    assert answer.status_code == 302


def test_disabled_step_is_told_to_stop_its_messages(client, completed):
    step = completed.protocol.steps.get()

    html = save(client, completed.protocol, of(step, enabled=None)).content.decode()

    assert "1 planned message is not sent any more." in html


def test_edit_with_an_error_is_told_beside_its_field_first(client, completed):
    step = completed.protocol.steps.get()

    answer = save(client, completed.protocol, of(step, local_time="10:30", latest_day=1))

    assert "The window ends too early" in answer.content.decode()
    assert "foreseen" not in answer.context
