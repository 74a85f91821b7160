"""What is counted of patients' answers, and what is too small to be shown."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftercare.checkins.learning import learn
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
SINCE = factories.ENDED_AT - timedelta(days=30)


@pytest.fixture
def clinic():
    return factories.clinic()


def asked(clinic, count, *, answered=0, worried=0, lot="L-1"):
    """So many patients of one lot that were asked; some have answered, some of these needed a human."""
    protocol = factories.protocol(clinic, name="Microneedling")
    step = protocol.steps.first()
    type(step.template).objects.filter(pk=step.template_id).update(asks_check_in=True)
    practitioner = factories.practitioner(clinic, name=f"Dr {lot}")
    for number in range(count):
        session = factories.treatment_session(
            clinic, protocol=protocol, practitioner=practitioner, cartridge_lot=lot
        )
        message = factories.message(session, step, status="sent")
        if number < answered:
            concern = concern_of(session) if number < worried else None
            factories.check_in(message, concern=concern, level="a" if concern else "none")


def concern_of(session, minutes=30):
    at = session.ended_at
    return Concern.objects.create(
        clinic=session.clinic,
        patient=session.patient,
        session=session,
        level=Level.A,
        opened_at=at,
        raised_at=at,
        due_at=at + timedelta(hours=2),
        acknowledged_at=at + timedelta(minutes=minutes),
    )


def test_answer_rate_is_counted_by_lot_depth_and_practitioner(clinic):
    asked(clinic, 10, answered=8, worried=5)

    learned = learn(clinic, since=SINCE)

    (lot,) = learned.groups["lot"]
    assert (lot.name, lot.patients, lot.asked, lot.answered, lot.rate, lot.flagged) == (
        "L-1",
        10,
        10,
        8,
        80,
        5,
    )
    assert [group.name for group in learned.groups["depth"]] == ["medium"]
    assert [group.name for group in learned.groups["practitioner"]] == ["Dr L-1"]


def test_numbers_of_fewer_than_five_patients_are_hidden(clinic):
    asked(clinic, 4, answered=4, lot="L-1")
    asked(clinic, 6, answered=5, worried=4, lot="L-2")

    small, large = learn(clinic, since=SINCE).groups["lot"]

    assert (small.patients, small.asked, small.answered, small.rate) == (None, None, None, None)
    assert (large.answered, large.flagged) == (5, None)


def test_levels_are_counted_by_day_after_the_treatment(clinic):
    asked(clinic, 12, answered=12, worried=5)

    line = next(line for line in learn(clinic, since=SINCE).days if line.first == 2)

    assert (line.counts[Level.NONE], line.counts[Level.A], line.counts[Level.E]) == (7, 5, None)


def test_times_to_acknowledge_are_medians_against_the_deadline(clinic):
    asked(clinic, 5, answered=5, worried=5)
    late = Concern.objects.first()
    Concern.objects.filter(pk=late.pk).update(acknowledged_at=late.due_at + timedelta(hours=1))

    times = next(line for line in learn(clinic, since=SINCE).times if line.level is Level.A)

    assert (times.concerns, times.acknowledged, times.in_time) == (5, timedelta(minutes=30), 80)
    assert times.closed is None


def test_other_clinics_count_for_nothing(clinic):
    asked(factories.clinic(), 10, answered=10)

    assert learn(clinic, since=SINCE).whole.patients is None


def test_page_shows_the_users_clinic_only(client, clinic):
    other = factories.clinic(name="Zanzibar")
    client.force_login(factories.user(clinic, Role.VIEWER))

    page = client.get(reverse("admin:checkins_checkin_learning"), {"clinic": other.pk})

    assert page.status_code == 200
    assert page.context["clinic"] == clinic
    assert "Zanzibar" not in page.content.decode()
    assert "Too few check-ins so far" in page.content.decode()
