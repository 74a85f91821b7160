"""Before an edit moves planned messages, the page says which, and saves nothing until the user agrees."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from aftercare.protocols.models import Restriction
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


@pytest.fixture
def rule(clinic, completed):
    """The message of that session names from when on a sauna is allowed: after four days."""
    text = factories.template(clinic)
    factories.approved_version(text, body="Sauna: not before {{ from.heat }}.")
    completed.protocol.steps.update(template=text)
    return Restriction.objects.create(
        protocol=completed.protocol, topic="heat", hours_light=96, hours_deeper=96
    )


def with_hours(rule, hours):
    """The form of the restrictions with other hours."""
    row = {"id": rule.pk, "protocol": rule.protocol_id, "topic": "heat"}
    fields = {**row, "hours_light": hours, "hours_deeper": hours}
    posted_row = {f"restrictions-0-{name}": value for name, value in fields.items()}
    return {"restrictions-TOTAL_FORMS": 1, "restrictions-INITIAL_FORMS": 1, **posted_row}


def hours_of(rule):
    rule.refresh_from_db()
    return rule.hours_light


def test_longer_wait_is_asked_about_before_messages_name_another_date(client, completed, rule):
    step = completed.protocol.steps.get()

    answer = save(client, completed.protocol, of(step), **with_hours(rule, 120))

    html = answer.content.decode()
    assert hours_of(rule) == 96
    assert "1 planned message will name another time." in html
    assert str(completed.patient) in html
    assert "Please correct the error" not in html


def test_longer_wait_that_was_agreed_to_is_saved(client, completed, rule):
    step, longer = of(completed.protocol.steps.get()), with_hours(rule, 120)
    agreed = save(client, completed.protocol, step, **longer).context["agreed"]

    answer = save(client, completed.protocol, step, **longer, agreed=agreed)

    assert (answer.status_code, hours_of(rule)) == (302, 120)


def test_step_and_wait_are_asked_about_together_and_agreed_to_at_once(client, completed, rule):
    step = of(completed.protocol.steps.get(), local_time="10:30")
    asked = save(client, completed.protocol, step, **with_hours(rule, 120))

    html = asked.content.decode()
    assert ("gets another time" in html, "will name another time" in html) == (True, True)
    answer = save(client, completed.protocol, step, **with_hours(rule, 120), agreed=asked.context["agreed"])
    assert (answer.status_code, hours_of(rule)) == (302, 120)


def test_what_was_agreed_to_is_kept_while_the_other_is_asked_about(client, completed, rule):
    step = of(completed.protocol.steps.get(), local_time="10:30")
    first = save(client, completed.protocol, step).context["agreed"]
    second = save(client, completed.protocol, step, **with_hours(rule, 120), agreed=first)

    answer = save(client, completed.protocol, step, **with_hours(rule, 120), agreed=second.context["agreed"])

    assert (answer.status_code, hours_of(rule)) == (302, 120)


def test_wait_that_no_message_names_is_saved_at_once(client, completed, rule):
    step = of(completed.protocol.steps.get(), template=factories.template(completed.clinic).pk)

    answer = save(client, completed.protocol, step, **with_hours(rule, 96))

    assert answer.status_code == 302
