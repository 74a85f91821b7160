"""The page of one task says whom to call, what the patient was told and who knows of it, and takes notes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.checkins.concerns import raise_concern
from aftercare.checkins.handling import said_in
from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty
from aftercare.clinics.models import Role
from aftercare.followups.closing import close_task
from aftercare.followups.models import Cause, FollowUpTask, TaskNote
from aftercare.followups.opening import open_task
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.notifying import tell_due
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF, email="nurse@clinic.example.com")
    client.force_login(user)
    return user


@pytest.fixture
def message(clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(hours=3))
    return factories.message(session, status="missed")


@pytest.fixture
def task(clinic, message):
    return open_task(
        clinic=clinic,
        patient=message.patient,
        cause=Cause.MISSED,
        source=f"message:{message.pk}:missed",
        detail="First night",
        now=NOW,
        deadline_at=NOW + timedelta(hours=4),
    )


def page(name, *args):
    return reverse(f"admin:followups_followuptask_{name}", args=args)


def test_sent_message_says_nothing_more_of_what_it_waited_for(client, staff, task, message):
    type(message).objects.update(status="sent", sent_at=NOW, moved_by=["undo"])

    shown = client.get(page("change", task.pk)).content.decode()

    assert "Waits until the time to undo is over." not in shown


def note(client, task, text):
    return client.post(page("note", task.pk), {"text": text}, follow=True)


def test_note_is_kept_with_who_and_when_and_shown(client, staff, task):
    answer = note(client, task, "No answer at 16:00.")

    kept = TaskNote.objects.get()
    assert (kept.task, kept.text, kept.by, kept.at) == (task, "No answer at 16:00.", staff, NOW)
    assert "No answer at 16:00." in answer.content.decode()


def test_double_tap_leaves_one_note(client, staff, task):
    note(client, task, "No answer.")
    note(client, task, "No answer.")

    assert TaskNote.objects.count() == 1


def test_note_without_words_is_asked_for_again(client, staff, task):
    assert "Write what you tried or agreed" in note(client, task, "  ").content.decode()
    assert not TaskNote.objects.exists()


def test_note_to_a_closed_task_is_kept_beside_its_outcome(client, staff, task):
    close_task(task=task, outcome="Called.", by=staff, now=NOW)

    page = note(client, task, "She called back at 17:00.").content.decode()

    assert "She called back at 17:00." in page
    assert "Called." in page


def test_outcome_of_the_second_to_close_comes_back_as_a_note_to_add(client, staff, task, clinic):
    close_task(task=task, outcome="No answer.", by=factories.user(clinic), now=NOW)

    url = reverse("admin:followups_followuptask_close", args=[task.pk])
    page = client.post(url, {"outcome": "She has a fever: sent to a doctor."})

    assert page.context["note_form"].initial == {"text": "She has a fever: sent to a doctor."}
    assert "add it as a note" in page.content.decode()
    task.refresh_from_db()
    assert task.outcome == "No answer."


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_note_is_for_those_who_handle_tasks_of_the_clinic(client, clinic, task, role):
    client.force_login(factories.user(clinic if role else factories.clinic(), role or Role.OWNER))

    assert client.post(page("note", task.pk), {"text": "Mine"}).status_code in (403, 404)
    assert not TaskNote.objects.exists()


def test_page_links_what_this_patient_was_sent_and_nothing_else(client, staff, clinic, task, message):
    def linked(row):
        return reverse("admin:outbox_scheduledmessage_change", args=[row.pk]) in shown

    later = message.session.protocol.steps.last()
    sent = factories.message(message.session, later, status="sent", send_at=NOW - timedelta(hours=1))
    others = factories.message(factories.treatment_session(clinic), status="sent")
    shown = client.get(page("change", task.pk)).content.decode().partition("What the patient was sent")[2]

    assert linked(sent)
    assert not linked(others)
    assert not linked(message)


def test_page_says_who_was_told_how_it_went_and_who_is_next(client, staff, task):
    tell_due(now=NOW)
    StaffNotice.objects.update(status="failed")

    shown = " ".join(client.get(page("change", task.pk)).content.decode().split())

    assert "nurse@clinic.example.com" in shown
    assert '<span class="tag tag-bad">Failed</span>' in shown
    assert "The next are told at 28 March 2026, 18:02" in shown


def test_page_calls_the_on_call_address_on_call(client, staff, clinic, task):
    clinic.on_call_email = "answering@example.com"
    clinic.save()
    tell_due(now=NOW)

    shown = " ".join(client.get(page("change", task.pk)).content.decode().split())

    assert "<strong>On call</strong> · answering@example.com" in shown


def test_claimed_task_says_that_the_next_are_told_at_its_deadline(client, staff, task):
    tell_due(now=NOW)
    FollowUpTask.objects.update(claimed_by=staff, claimed_at=NOW)
    task.refresh_from_db()

    shown = " ".join(client.get(page("change", task.pk)).content.decode().split())

    deadline = task.deadline_at.astimezone(task.clinic.time_zone)
    assert f"It is claimed. The next are told at {deadline.day} {deadline:%B %Y, %H:%M}" in shown
    assert "unless it is claimed" not in shown


def test_list_of_notices_is_read_without_a_question_a_row(
    client, staff, clinic, django_assert_max_num_queries
):
    for number in range(50):
        factories.notice(clinic, recipient=f"n{number}@clinic.example.com")

    with django_assert_max_num_queries(15):
        answer = client.get(reverse("admin:outbox_staffnotice_changelist"), {"all": "1"})

    assert answer.content.decode().count("@clinic.example.com") >= 25


def test_page_of_a_notice_leads_to_its_tasks(client, staff, clinic, task):
    tell_due(now=NOW)
    notice = StaffNotice.objects.get()

    answer = client.get(reverse("admin:outbox_staffnotice_change", args=[notice.pk]))

    assert page("change", task.pk) in answer.content.decode()


def test_viewer_does_not_read_whom_staff_mails_go_to(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.get(reverse("admin:outbox_staffnotice_changelist")).status_code == 403


@pytest.fixture
def concern(clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(days=1))
    complete_session(session, by=None, now=NOW - timedelta(days=1))
    return at_level(session, Level.A)


def at_level(session, level, now=NOW):
    duty = Duty(zone=session.clinic.time_zone, hours=())
    return raise_concern(session, level=level, limit=timedelta(hours=2), duty=duty, now=now)


def close(client, task, shown, outcome):
    """Sends the form as it stands on the page that was shown."""
    read = re.search(r'name="read" value="(\w+)"', shown)[1]
    said = {"outcome": outcome, "read": read, "reached": "called"}
    return client.post(page("close", task.pk), said).content.decode()


def test_concern_is_claimed_called_and_closed_from_the_page_of_its_task(client, staff, concern):
    task = FollowUpTask.objects.get()
    client.post(page("claim", task.pk))
    called = client.post(page("called", task.pk), follow=True).content.decode()
    close(client, task, called, "Called; comes in tomorrow.")

    concern.refresh_from_db()
    assert "Called at 28 March 2026, 16:02 London time." in " ".join(called.split())
    assert (concern.acknowledged_by, concern.called_at, concern.closed_by) == (staff, NOW, staff)
    assert concern.outcome == "Called; comes in tomorrow."


def test_page_of_a_concerns_task_says_its_level_and_that_no_call_was_promised(client, staff, concern):
    shown = client.get(page("change", FollowUpTask.objects.get().pk)).content.decode()

    assert "A: today" in shown
    assert "The patient was promised no call." in shown


def test_answer_that_came_while_the_page_was_open_must_be_read_before_closing(client, staff, concern):
    task = FollowUpTask.objects.get()
    before = client.get(page("change", task.pk)).content.decode()
    asking = concern.session.scheduled_messages.first()
    answered = factories.check_in(asking, level="b", concern=concern)
    refused = close(client, task, before, "Called; all well.")
    concern.refresh_from_db()
    still_open = concern.closed_at is None
    close(client, task, refused, "Called; all well.")

    concern.refresh_from_db()
    assert still_open
    assert "The patient has sent something new since. Read it before you close." in refused
    assert reverse("admin:checkins_checkin_change", args=[answered.pk]) in refused
    assert ">Called; all well.</textarea>" in refused.replace("\n", "")
    assert concern.closed_by == staff


def test_page_of_an_older_task_leads_to_the_worse_answer_and_notes_no_call(client, staff, concern):
    older = FollowUpTask.objects.get()
    client.post(page("claim", older.pk))
    at_level(concern.session, Level.E)
    newer = FollowUpTask.objects.latest("pk")

    shown = client.get(page("change", older.pk)).content.decode()

    assert f'href="{page("change", newer.pk)}">Read the newest answer and take it on: E: emergency' in shown
    assert "I have called the patient" not in shown


def test_page_of_a_worse_answer_says_that_the_call_was_before_it_and_takes_the_next(
    client, staff, concern, clock
):
    client.post(page("called", FollowUpTask.objects.get().pk))
    clock.shift(timedelta(hours=1))
    at_level(concern.session, Level.E, now=NOW + timedelta(hours=1))
    newer = FollowUpTask.objects.latest("pk")
    before = client.get(page("change", newer.pk)).content.decode()
    after = client.post(page("called", newer.pk), follow=True).content.decode()

    assert "Called at 28 March 2026, 16:02 London time, before this answer came." in " ".join(before.split())
    assert "I have called the patient" in before
    assert "Called at 28 March 2026, 17:02 London time." in " ".join(after.split())


def test_call_is_noted_for_concerns_alone(client, staff, task):
    answer = client.post(page("called", task.pk), follow=True)

    assert "There is no open concern behind this task." in answer.content.decode()


def test_urgent_task_asks_on_its_form_how_the_patient_was_reached(client, staff, concern):
    task = FollowUpTask.objects.get()
    shown = client.get(page("change", task.pk)).content.decode()

    refused = client.post(page("close", task.pk), {"outcome": "Called.", "read": said_in(concern)})

    task.refresh_from_db()
    assert "How did you reach the patient?" in shown
    assert "Say whether and how you reached the patient." in refused.content.decode()
    assert ">Called.</textarea>" in refused.content.decode().replace("\n", "")
    assert task.closed_at is None


def test_call_noted_before_is_chosen_already(client, staff, concern):
    shown = client.post(page("called", FollowUpTask.objects.get().pk), follow=True).content.decode()

    assert '<option value="called" selected>' in shown


def test_task_that_is_not_urgent_asks_for_its_outcome_alone(client, staff, task):
    assert "How did you reach" not in client.get(page("change", task.pk)).content.decode()


def test_closed_task_says_how_the_patient_was_reached(client, staff, concern):
    task = FollowUpTask.objects.get()
    close(client, task, client.get(page("change", task.pk)).content.decode(), "Comes in tomorrow.")

    assert "How the patient was reached: By phone" in client.get(page("change", task.pk)).content.decode()


def test_emergency_not_reached_comes_back_open_with_what_was_tried(client, staff, concern):
    at_level(concern.session, Level.E)
    task = FollowUpTask.objects.latest("pk")
    said = {"outcome": "Rang twice.", "reached": "not_reached", "read": said_in(concern)}
    factories.user(concern.clinic, email="desk@clinic.example.com")

    answer = client.post(page("close", task.pk), said, follow=True).content.decode()

    assert "The emergency stays open, and these people are told now: desk@clinic.example.com." in answer
    assert "Not reached. Rang twice." in answer
    assert "Close the task" in answer


def test_emergency_not_reached_where_nobody_else_works_warns(client, staff, concern):
    at_level(concern.session, Level.E)
    task = FollowUpTask.objects.latest("pk")
    said = {"outcome": "Rang twice.", "reached": "not_reached", "read": said_in(concern)}

    answer = client.post(page("close", task.pk), said, follow=True).content.decode()

    assert "The clinic knows no other address to tell: ask somebody to try." in answer
