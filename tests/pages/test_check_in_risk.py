"""From what was screened before a treatment to the level of an answer after it."""

import pytest

from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn
from aftercare.outbox.importing.cells import screening
from aftercare.treatments.screening import QUESTIONS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("screened", "level"),
    [
        ("clear", Level.B),
        ("cold_sores", Level.B),
        ("diabetes", Level.A),
        ("diabetes:unknown", Level.A),
        ("immunosuppression", Level.A),
    ],
)
def test_lumps_are_more_urgent_where_the_session_was_screened_for_a_risk(visitor, asking, screened, level):
    asking.session.screening = screening(screened, "standard")
    asking.session.save()

    visitor.send_all(rash="bumps")

    assert CheckIn.objects.get().level == level


def test_screening_asks_of_every_diabetes():
    (asked,) = [str(question.label) for question in QUESTIONS if question.code == "diabetes"]

    assert asked == "Diabetes of any kind, well controlled or not"
