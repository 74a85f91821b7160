"""A patient of whom the clinic has no phone number: nobody promises a call, and the page takes a number."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftercare.checkins.handling import take_on
from aftercare.checkins.models import Concern
from aftercare.clinics.models import Patient, Role
from aftercare.followups.models import FollowUpTask
from tests import factories
from tests.calls import without_links

pytestmark = pytest.mark.django_db
FIELD = 'name="phone"'


def text(page):
    return without_links(page.content.decode())


@pytest.fixture
def unlisted(visitor, asking):
    """The visitor, whose record has no number."""
    Patient.objects.update(phone="")
    return visitor


def give(visitor, number):
    return visitor.client.post(f"{visitor.path}number/", {"phone": number}, follow=True)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"infection": "yes"}, "so we cannot call you. Call us now: 020 7946 0100."),
        ({"call_me": "yes"}, "so we cannot call you. Call us now: 020 7946 0100."),
    ],
    ids=["A", "B"],
)
def test_patient_without_a_number_is_promised_no_call_and_told_to_call(unlisted, answers, said):
    page = text(unlisted.send_all(**answers))

    assert said in page
    assert "We will call you" not in page
    assert Concern.objects.get().promised_at is None


def test_emergency_without_a_number_says_nothing_of_a_call_from_the_clinic(unlisted):
    page = text(unlisted.send(1, breathing="yes"))

    assert "Call 999 now, or go to an emergency department." in page
    assert "We have no phone number for you: do not wait for a call from us." in page
    assert "will try to call you" not in page
    assert "The clinic is closed" not in page


def test_number_that_the_patient_leaves_brings_the_promise(unlisted, at):
    unlisted.send_all(infection="yes")

    page = text(give(unlisted, " +44 20 7946 0555 "))

    assert "We will call you by 14:00 on Monday 30 March." in page
    assert "The clinic has this number for you: +44 20 7946 0555." in page
    concern = Concern.objects.get()
    assert (concern.phone_given, concern.promised_at) == ("+44 20 7946 0555", at.now + timedelta(hours=2))
    assert Patient.objects.get().phone == ""
    assert FollowUpTask.objects.get().deadline_at == concern.promised_at


def test_number_is_asked_for_as_soon_as_an_answer_needs_a_human(unlisted):
    unlisted.send(1)
    unlisted.send(2, pain="9")

    page = text(give(unlisted, "020 7946 0555"))

    assert "Part 3 of 4" in page
    assert "We will call you by 14:00 on Monday 30 March." in page


def test_number_that_comes_after_staff_have_read_the_task_reaches_them(unlisted, at, clinic):
    unlisted.send_all(infection="yes")
    take_on(task=FollowUpTask.objects.get(), by=factories.user(clinic), now=at.now)

    for _twice in range(2):
        give(unlisted, "020 7946 0555")

    task = FollowUpTask.objects.get(claimed_by=None)
    assert task.detail == "A: today – the patient has given a phone number"
    assert task.deadline_at == Concern.objects.get().promised_at


def test_number_left_at_night_is_kept_and_promises_nothing(unlisted, at):
    at.now += timedelta(hours=11)
    unlisted.send_all(call_me="yes")

    page = text(give(unlisted, "020 7946 0555"))

    assert "The clinic has this number for you: 020 7946 0555." in page
    assert "We will call you" not in page
    assert Concern.objects.get().promised_at is None


def test_digits_of_another_alphabet_are_kept_as_those_of_a_telephone(unlisted):
    unlisted.send_all(infection="yes")

    give(unlisted, "٠٢٠ ٧٩٤٦ ٠٥٥٥")

    assert Concern.objects.get().phone_given == "020 7946 0555"


@pytest.mark.parametrize("number", ["", "12", "call my sister", "1" * 41, "020 7946\u202e0555"])
def test_what_cannot_be_called_is_refused_and_asked_for_again(unlisted, number):
    unlisted.send_all(infection="yes")

    page = give(unlisted, number)

    assert page.status_code == 422
    assert "This is no phone number that we can call." in text(page)
    assert FIELD in text(page)
    assert Concern.objects.get().phone_given == ""


@pytest.mark.parametrize("answers", [{}, {"infection": "yes"}])
def test_number_is_not_asked_for_where_it_is_on_file_or_nobody_calls(visitor, answers):
    if not answers:
        Patient.objects.update(phone="")

    assert FIELD not in text(visitor.send_all(**answers))


def test_number_for_an_answer_that_needs_nobody_is_not_kept(unlisted):
    unlisted.send_all()

    assert give(unlisted, "020 7946 0555").status_code == 200
    assert not Concern.objects.exists()


def test_staff_see_the_number_on_the_task_and_beside_the_answers(unlisted, clinic, client):
    unlisted.send_all(infection="yes")
    give(unlisted, "020 7946 0555")
    concern = Concern.objects.get()
    client.force_login(factories.user(clinic, Role.STAFF))

    task = client.get(reverse("admin:followups_followuptask_change", args=[FollowUpTask.objects.get().pk]))
    answers = client.get(reverse("admin:checkins_checkin_change", args=[concern.check_ins.get().pk]))

    for page in (task, answers):
        assert "020 7946 0555" in page.content.decode()
        assert "as the patient gave it in the check-in" in page.content.decode()
