"""Check-ins in the console: what a patient said, as the staff of the clinic read it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.models import Concern
from aftercare.clinics.models import Role
from aftercare.followups.models import FollowUpTask
from tests import factories

pytestmark = pytest.mark.django_db
LIST = reverse("admin:checkins_checkin_changelist")


@pytest.fixture
def clinic():
    clinic = factories.clinic()
    factories.approved_rules(clinic)
    return clinic


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def asking(clinic):
    message = factories.message(factories.treatment_session(clinic), status="sent")
    message.step.template.asks_check_in = True
    message.step.template.save()
    return message


def page_of(check_in):
    return reverse("admin:checkins_checkin_change", args=[check_in.pk])


def test_page_shows_answers_reasons_and_what_was_promised(client, clinic, staff):
    given = Given(answers={"infection": "yes", "pain": "unknown"}, note="<b>Hot</b> on the left")
    check_in = answer(asking(clinic), given, now=factories.ENDED_AT)

    page = client.get(page_of(check_in)).content.decode()

    assert '<dd class="late"><strong>Yes</strong></dd>' in page
    assert "I don&#x27;t know" in page
    assert "&lt;b&gt;Hot&lt;/b&gt;" in page
    assert "promised no call: nobody was on duty" in page
    assert "A: today" in page


def test_page_of_an_emergency_says_what_the_patient_was_told_instead_of_a_promise(client, clinic, staff):
    check_in = answer(asking(clinic), Given(answers={"breathing": "yes"}), now=factories.ENDED_AT)
    Concern.objects.update(promised_at=factories.ENDED_AT)

    task = reverse("admin:followups_followuptask_change", args=[FollowUpTask.objects.get().pk])
    for address in (page_of(check_in), task):
        page = client.get(address).content.decode()
        assert f"told to call {clinic.emergency_number} and not to wait for the clinic" in page
        assert "The clinic is to try a call by" in page
        assert "The patient was told that somebody calls" not in page
        assert "The patient was told: a call by" not in page


def test_list_of_fifty_takes_few_queries(client, clinic, staff, django_assert_max_num_queries):
    message = asking(clinic)
    for number in range(2, 52):
        factories.check_in(message, number=number)
    client.get(LIST)

    with django_assert_max_num_queries(15):
        page = client.get(LIST)

    assert page.status_code == 200


def test_nobody_changes_or_deletes_an_answer(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))
    check_in = factories.check_in(asking(clinic))

    assert client.get(reverse("admin:checkins_checkin_add")).status_code == 403
    assert client.get(reverse("admin:checkins_checkin_delete", args=[check_in.pk])).status_code == 403
    client.post(page_of(check_in), {"level": "e"})
    check_in.refresh_from_db()
    assert check_in.level == "none"


def test_list_marks_what_was_written_and_does_not_show_it(client, clinic, staff):
    message = asking(clinic)
    for number, note in enumerate(["", "a lump"], 1):
        factories.check_in(message, number=number, note=note)

    page = client.get(LIST).content.decode()

    assert page.count("Written") == 1
    assert "a lump" not in page


def test_page_shows_that_the_note_is_among_the_reasons(client, clinic, staff):
    check_in = answer(asking(clinic), Given(answers={}, note="a lump"), now=factories.ENDED_AT)

    assert '<dd class="late"><strong>a lump</strong></dd>' in client.get(page_of(check_in)).content.decode()


def test_changed_answer_stands_with_the_first_on_the_check_in_and_on_its_task(client, clinic, staff):
    message = asking(clinic)
    for minutes, said in ((0, "more"), (3, "less")):
        now = factories.ENDED_AT + timedelta(minutes=minutes)
        check_in = answer(message, Given(answers={"redness": said}), now=now)

    task = reverse("admin:followups_followuptask_change", args=[FollowUpTask.objects.get().pk])
    for address in (page_of(check_in), task):
        page = client.get(address).content.decode()
        assert "<strong>15:00 More</strong> → <strong>15:03 None, or less</strong>" in page


def test_task_says_which_answers_made_its_level_and_the_patients_own_words(client, clinic, staff):
    given = Given(answers={"pain": "8", "pain_trend": "worse", "call_me": "no"}, note="It <i>throbs</i>")
    answer(asking(clinic), given, now=factories.ENDED_AT)

    page = client.get(reverse("admin:followups_followuptask_change", args=[FollowUpTask.objects.get().pk]))

    shown = page.content.decode()
    assert "<strong>8</strong>" in shown
    assert "It &lt;i&gt;throbs&lt;/i&gt;" in shown
    assert "something else that worries you" not in shown
