"""What a notice says to whom."""

from datetime import timedelta

import pytest

from aftercare.clinics.models import Role
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.notifying import tell_due
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    clinic = factories.clinic()
    factories.user(clinic, Role.OWNER, email="owner@clinic.example.com", first_name="Olive")
    return clinic


@pytest.fixture
def task(clinic, at):
    """With four hours to do it in."""
    return open_task(
        clinic=clinic,
        patient=factories.patient(clinic, first_name="Zenobia"),
        cause=Cause.CONCERN,
        source="concern:1:e",
        detail="",
        now=at.now,
        deadline_at=at.now + timedelta(hours=4),
    )


@pytest.mark.parametrize(
    ("hours", "subject", "text"),
    [
        (
            0,
            "E: emergency – Call the patient by 20:01 · ",
            "Call the patient by Saturday 28 March 2026, 20:01",
        ),
        (
            5,
            "E: emergency – Nobody has taken it on. Call the patient now · ",
            "Call the patient now: it should",
        ),
    ],
)
def test_mail_about_an_emergency_says_to_call_the_patient(at, task, hours, subject, text):
    FollowUpTask.objects.filter(pk=task.pk).update(level="e")

    tell_due(now=at.now + timedelta(hours=hours))

    notice = StaffNotice.objects.order_by("-created_at").filter(recipient__startswith="owner").get()
    assert notice.subject.startswith(subject)
    assert text in notice.text


def first_mail(at, clinic, task, on_call):
    clinic.on_call_email = task.clinic.on_call_email = on_call
    clinic.save()
    tell_due(now=at.now)
    return StaffNotice.objects.get(recipient=on_call).text


def test_person_on_call_without_a_log_in_reads_why_and_whom_to_ring(at, clinic, task):
    text = first_mail(at, clinic, task, "oncall@clinic.example.com")

    assert "because the clinic is closed and you are on call" in text
    assert "this address has none. Ring somebody who can log in, for example an owner: Olive" in text
    assert "Read it and take it on" not in text


def test_person_on_call_with_a_log_in_is_led_to_the_page(at, clinic, task):
    text = first_mail(at, clinic, task, "owner@clinic.example.com")

    assert "because the clinic is closed and you are on call" in text
    assert "Read it and take it on" in text
