"""What a session says in its messages, in each locale."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aftercare.content.placeholders import LAYOUT_PLACEHOLDERS, PLACEHOLDERS, sample_values
from aftercare.outbox.values import message_values
from aftercare.protocols.models import Restriction
from aftercare.treatments.models import ProductApplied, TreatedArea
from tests import factories

pytestmark = pytest.mark.django_db

HOURS = {
    "washing": (5, 5),
    "makeup": (24, 48),
    "sunscreen": (24, 24),
    "exercise": (72, 72),
    "heat": (72, 72),
    "swimming": (72, 72),
    "alcohol": (24, 24),
    "actives": (168, 168),
}
ZONES = {
    "en-GB": "Europe/London",
    "en-US": "America/Chicago",
    "es-ES": "Europe/Madrid",
    "es-MX": "America/Mexico_City",
}
#: 15:30 on Saturday 28 March 2026 by each zone's clock.
ENDS = {
    "en-GB": datetime(2026, 3, 28, 15, 30, tzinfo=UTC),
    "en-US": datetime(2026, 3, 28, 20, 30, tzinfo=UTC),
    "es-ES": datetime(2026, 3, 28, 14, 30, tzinfo=UTC),
    "es-MX": datetime(2026, 3, 28, 21, 30, tzinfo=UTC),
}


def _session(locale="en-GB", **over):
    clinic = factories.clinic(locale=locale, time_zone=ZONES[locale])
    session = factories.treatment_session(clinic, ended_at=over.pop("ended_at", ENDS[locale]), **over)
    for topic, (light, deeper) in HOURS.items():
        Restriction.objects.create(
            protocol=session.protocol, topic=topic, hours_light=light, hours_deeper=deeper
        )
    return session


def _depth(session, depth):
    session.areas.update(depth_mm=Decimal(depth))


def test_values_name_every_placeholder_but_those_of_the_layout():
    values = message_values(_session(), locale="en-GB")

    paths = {f"{room}.{name}" for room, named in values.items() for name in named}
    assert paths == set(PLACEHOLDERS) - set(LAYOUT_PLACEHOLDERS)


def test_values_are_plain_text_and_flags():
    values = message_values(_session(), locale="en-GB")

    assert {type(value) for named in values.values() for value in named.values()} == {str, bool}


@pytest.mark.parametrize("locale", ["en-GB", "en-US", "es-ES", "es-MX"])
def test_values_read_like_the_samples_staff_are_shown(locale):
    sample = sample_values(locale)
    session = _session(locale, next_visit_on=date(2026, 4, 25))
    TreatedArea.objects.create(session=session, site="neck", depth_mm=Decimal("0.50"))
    for product in str(sample["treatment"]["products"]).replace(" and ", " y ").split(" y "):
        ProductApplied.objects.create(session=session, name=product, for_home=True)

    values = message_values(session, locale=locale)

    assert values["treatment"] == sample["treatment"]
    assert values["from"] == sample["from"]


def test_times_are_those_of_the_patients_own_zone():
    session = _session("en-US")
    session.patient.time_zone = "Asia/Tokyo"
    session.patient.save()
    session.refresh_from_db()

    values = message_values(session, locale="en-US")

    assert (values["treatment"]["date"], values["treatment"]["time"]) == ("Sunday, March 29", "5:30 am")


@pytest.mark.parametrize(
    ("depth", "band", "makeup"),
    [
        ("0.50", "light", "16:30 on Sunday 29 March"),
        ("0.51", "medium", "16:30 on Monday 30 March"),
        ("2.00", "deep", "16:30 on Monday 30 March"),
    ],
)
def test_waits_follow_the_deepest_area(depth, band, makeup):
    session = _session()
    _depth(session, depth)

    values = message_values(session, locale="en-GB")

    assert (values["treatment"]["depth_band"], values["from"]["makeup"]) == (band, makeup)


def test_topic_without_hours_or_rule_is_empty():
    session = _session()
    Restriction.objects.filter(topic="washing").update(hours_light=None, hours_deeper=None)
    Restriction.objects.filter(topic="heat").delete()

    values = message_values(session, locale="en-GB")

    assert (values["from"]["washing"], values["from"]["heat"]) == ("", "")


def test_product_of_two_lots_is_named_once():
    session = _session()
    for lot in ("A1", "A2"):
        ProductApplied.objects.create(session=session, name="Calm Gel", lot=lot, for_home=True)

    treatment = message_values(session, locale="en-GB")["treatment"]

    assert (treatment["products"], treatment["has_products"]) == ("Calm Gel", True)


def test_product_used_only_in_the_clinic_is_not_named_to_the_patient():
    session = factories.treatment_session(factories.clinic())
    ProductApplied.objects.create(session=session, name="Numbing cream", for_home=False)

    treatment = message_values(session, locale="en-GB")["treatment"]

    assert (treatment["products"], treatment["has_products"]) == ("", False)


def test_session_without_products_or_next_visit_leaves_them_empty():
    treatment = message_values(_session(), locale="en-GB")["treatment"]

    assert (treatment["products"], treatment["has_products"], treatment["next_visit"]) == ("", False, "")


def test_face_is_no_when_none_of_the_areas_is_on_it():
    session = _session()
    session.areas.update(site="scalp")

    assert message_values(session, locale="en-GB")["treatment"]["face"] is False


def test_clinicians_words_are_passed_on_as_written():
    session = _session(recovery_note="Expect a week of redness.")

    assert (
        message_values(session, locale="en-GB")["treatment"]["recovery_note"] == "Expect a week of redness."
    )
