"""Whose mailbox hears of a task."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.clinics.models import Role
from aftercare.followups.addressees import Addressees
from aftercare.followups.models import Cause, Rung
from aftercare.followups.opening import open_task
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)


def member(clinic, name, role=Role.STAFF, *, told=True, **over):
    user = factories.user(clinic, role, email=f"{name}@clinic.example.com", **over)
    user.memberships.update(told_of_tasks=told)
    return user


def told(clinic, rung, *, claimed_by=None, level="none"):
    task = open_task(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=Cause.MISSED,
        source="message:1:missed",
        detail="",
        now=NOW,
        deadline_at=NOW + timedelta(hours=4),
    )
    task.claimed_by, task.level = claimed_by, level
    return [address.partition("@")[0] for address in Addressees(clinic, now=NOW).of(task, rung)]


@pytest.fixture
def clinic():
    """With an owner who is not told of new tasks, two who are, and three who never are."""
    clinic = factories.clinic(escalation_email="second@clinic.example.com")
    member(clinic, "owner", Role.OWNER, told=False)
    member(clinic, "nurse", Role.CLINICIAN)
    member(clinic, "desk")
    member(clinic, "viewer", Role.VIEWER)
    member(clinic, "gone", is_active=False)
    member(factories.clinic(), "elsewhere")
    return clinic


@pytest.mark.parametrize(
    ("rung", "names"),
    [
        (Rung.DUTY, ["nurse", "desk"]),
        (Rung.SECOND, ["second"]),
        (Rung.OWNER, ["owner"]),
        (Rung.OVERDUE, ["second", "owner"]),
    ],
)
def test_each_rung_has_its_people(clinic, rung, names):
    assert told(clinic, rung) == names


def test_overdue_task_reminds_whoever_has_taken_it_on(clinic):
    assert told(clinic, Rung.OVERDUE, claimed_by=member(clinic, "amy")) == ["amy", "second", "owner"]


def test_nobody_is_told_twice_however_the_address_is_written(clinic):
    clinic.escalation_email = "Owner@Clinic.example.com"

    assert len(told(clinic, Rung.OVERDUE)) == 1


@pytest.mark.parametrize(("hours", "names"), [((15, 17), ["nurse", "desk"]), ((9, 16), ["night"])])
def test_outside_the_clinics_hours_it_is_left_to_the_on_call_address(clinic, hours, names):
    clinic.on_call_email = "night@clinic.example.com"
    opens, closes = map(time, hours)
    # NOW is a Saturday at 16:00.
    clinic.opening_hours.create(weekday=5, opens_local_time=opens, closes_local_time=closes)

    assert told(clinic, Rung.DUTY) == names


def test_nobody_to_be_told_leaves_it_to_the_on_call_address(clinic):
    clinic.memberships.update(told_of_tasks=False)
    clinic.on_call_email = "night@clinic.example.com"

    assert told(clinic, Rung.DUTY) == ["night"]


def test_clinic_without_an_on_call_address_tells_its_people_at_night_too(clinic):
    clinic.opening_hours.create(weekday=0, opens_local_time=time(9), closes_local_time=time(10))

    assert told(clinic, Rung.DUTY) == ["nurse", "desk"]


def test_clinic_that_named_nobody_tells_its_owners(clinic):
    clinic.memberships.update(told_of_tasks=False)
    clinic.escalation_email = ""

    assert (told(clinic, Rung.DUTY), told(clinic, Rung.SECOND)) == (["owner"], ["owner"])


def test_clinic_without_an_owners_address_tells_whoever_has_one(clinic):
    clinic.memberships.filter(role=Role.OWNER).delete()
    clinic.escalation_email = ""

    assert told(clinic, Rung.OWNER) == ["nurse", "desk"]


@pytest.mark.parametrize("rung", [Rung.SECOND, Rung.OVERDUE])
@pytest.mark.parametrize(
    ("level", "names"),
    [("e", ["nurse", "desk", "owner"]), ("a", ["nurse", "desk", "owner"]), ("b", ["owner"])],
)
def test_urgent_task_without_a_second_person_goes_to_everybody_on_duty_and_owners(clinic, rung, level, names):
    clinic.escalation_email = ""

    assert told(clinic, rung, level=level) == names
