from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.followups.closing import claim_task, close_task
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task
from tests import factories

pytestmark = pytest.mark.django_db
HANDLERS = [Role.OWNER, Role.CLINICIAN, Role.STAFF]


def page(name, *args):
    return reverse(f"admin:followups_followuptask_{name}", args=args)


def task_of(clinic, source="message:x:missed", hours=2, **patient):
    now = timezone.now()
    return open_task(
        clinic=clinic,
        patient=factories.patient(clinic, **patient),
        cause=Cause.MISSED,
        source=source,
        detail="First night was missed.",
        now=now - timedelta(hours=3),
        deadline_at=now + timedelta(hours=hours),
    )


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def task(clinic):
    return task_of(clinic, first_name="Bettina", phone="020 7946 0123")


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def test_list_shows_open_tasks_by_deadline(client, staff, clinic):
    task_of(clinic, "a", hours=9, first_name="Zelda")
    task_of(clinic, "b", hours=1, first_name="Bettina")
    closed = task_of(clinic, "c", first_name="Klaudia")
    close_task(task=closed, outcome="Called.", by=staff, now=timezone.now())

    html = client.get(page("changelist")).content.decode()

    assert html.index("Bettina") < html.index("Zelda")
    assert "Klaudia" not in html


def test_list_is_read_without_a_question_a_row(client, staff, clinic, django_assert_max_num_queries):
    for number in range(50):
        task_of(clinic, f"t{number}")

    with django_assert_max_num_queries(15):
        answer = client.get(page("changelist"), {"all": "1"})

    assert len(answer.context["cl"].result_list) == 50


def test_list_shows_an_emergency_first_and_its_level(client, staff, clinic):
    task_of(clinic, "a", hours=-1, first_name="Bettina")
    urgent = task_of(clinic, "b", hours=9, first_name="Zelda")
    FollowUpTask.objects.filter(pk=urgent.pk).update(level="e")

    html = client.get(page("changelist")).content.decode()
    filtered = client.get(page("changelist"), {"level__exact": "e"}).content.decode()

    assert html.index("Zelda") < html.index("Bettina")
    assert "E: emergency" in html
    assert "Bettina" not in filtered


@pytest.mark.parametrize(
    ("state", "shown"), [("closed", "Klaudia"), ("overdue", "Olga"), ("mine", "Mina"), ("all", "Klaudia")]
)
def test_list_filters_by_state(client, staff, clinic, task, state, shown):
    close_task(
        task=task_of(clinic, "c", first_name="Klaudia"), outcome="Called.", by=staff, now=timezone.now()
    )
    claim_task(task=task_of(clinic, "m", first_name="Mina"), by=staff, now=timezone.now())
    task_of(clinic, "o", hours=-1, first_name="Olga")

    html = client.get(page("changelist"), {"state": state}).content.decode()

    assert shown in html
    assert ("Bettina" in html) is (state == "all")


def test_list_marks_what_is_overdue(client, staff, clinic):
    task_of(clinic, hours=-1)

    assert "overdue</span>" in client.get(page("changelist")).content.decode()


def test_list_leaves_out_other_clinics_tasks(client, staff):
    task_of(factories.clinic(), first_name="Bettina")

    assert "Bettina" not in client.get(page("changelist")).content.decode()


def test_page_shows_reason_patient_and_phone(client, staff, task):
    html = client.get(page("change", task.pk)).content.decode()

    assert "First night was missed." in html
    assert "Bettina" in html
    assert "020 7946 0123" in html


def test_page_shows_the_message_concerned(client, staff, clinic):
    session = factories.treatment_session(clinic)
    message = factories.message(session)
    task = task_of(clinic, f"message:{message.pk}:missed")

    assert "1. First night" in client.get(page("change", task.pk)).content.decode()


@pytest.mark.parametrize("source", ["message:nonsense:missed", "session:999:late", "odd"])
def test_page_of_a_task_whose_source_is_gone_still_opens(client, staff, clinic, source):
    assert client.get(page("change", task_of(clinic, source).pk)).status_code == 200


@pytest.mark.parametrize("name", ["change", "claim", "close"])
def test_pages_of_another_clinics_task_are_not_found(client, staff, name):
    foreign = task_of(factories.clinic())

    answer = client.post(page(name, foreign.pk), {"outcome": "Called."})

    foreign.refresh_from_db()
    assert answer.status_code in (302, 403, 404)
    assert (foreign.claimed_by, foreign.closed_at) == (None, None)


@pytest.mark.parametrize("role", HANDLERS)
def test_claim_puts_the_user_in_charge(client, clinic, task, role):
    user = factories.user(clinic, role)
    client.force_login(user)

    client.post(page("claim", task.pk))

    task.refresh_from_db()
    assert task.claimed_by == user


def test_claim_of_a_colleagues_task_needs_taking_over(client, clinic, staff, task):
    colleague = factories.user(clinic, username="amy")
    claim_task(task=task, by=colleague, now=timezone.now())

    refused = client.post(page("claim", task.pk), follow=True)
    task.refresh_from_db()
    before = task.claimed_by
    client.post(page("claim", task.pk), {"take_over": "1"})

    task.refresh_from_db()
    assert "amy has taken this task on already." in refused.content.decode()
    assert (before, task.claimed_by) == (colleague, staff)


def test_close_keeps_the_outcome(client, staff, task):
    client.post(page("close", task.pk), {"outcome": "Called; all well."})

    task.refresh_from_db()
    assert (task.outcome, task.closed_by) == ("Called; all well.", staff)


def test_close_without_an_outcome_says_what_to_write(client, staff, task):
    answer = client.post(page("close", task.pk), {"outcome": " "})

    task.refresh_from_db()
    assert "Write what came of it" in answer.content.decode()
    assert task.closed_at is None


def test_close_of_a_closed_task_keeps_the_first_outcome(client, clinic, staff, task):
    close_task(task=task, outcome="Called.", by=factories.user(clinic), now=timezone.now())

    answer = client.post(page("close", task.pk), {"outcome": "Something else."}, follow=True)

    task.refresh_from_db()
    assert "closed already" in answer.content.decode()
    assert task.outcome == "Called."


@pytest.mark.parametrize("name", ["claim", "close"])
def test_viewers_may_read_but_not_handle(client, clinic, task, name):
    client.force_login(factories.user(clinic, Role.VIEWER))

    html = client.get(page("change", task.pk)).content.decode()
    answer = client.post(page(name, task.pk), {"outcome": "Called."})

    task.refresh_from_db()
    assert "You may read this task" in html
    assert answer.status_code == 403
    assert task.claimed_by is None


def test_tasks_are_neither_added_nor_deleted_by_hand(client, clinic, task):
    client.force_login(factories.user(clinic, Role.OWNER))

    assert client.get(page("add")).status_code == 403
    assert client.post(page("delete", task.pk), {"post": "yes"}).status_code == 403
