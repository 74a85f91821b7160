"""Dates as people write them where their clinic is."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.console.days import DayField
from tests import factories

BRITISH, AMERICAN = ("en-GB", "es-ES"), ("en-US",)


def day_field(locales):
    return DayField(locales=lambda: locales)


@pytest.mark.parametrize(
    ("typed", "locales"),
    [
        ("2026-12-05", ()),
        ("2026-12-05", AMERICAN),
        ("05/12/2026", BRITISH),
        ("5.12.2026", BRITISH),
        ("12/05/2026", AMERICAN),
    ],
)
def test_date_is_read_in_the_order_of_the_clinics(typed, locales):
    assert day_field(locales).clean(typed) == date(2026, 12, 5)


@pytest.mark.parametrize("locales", [(), BRITISH + AMERICAN])
def test_date_that_could_be_two_is_refused_where_nobody_says_the_order(locales):
    with pytest.raises(ValidationError, match="like 2026-11-26"):
        day_field(locales).clean("05/12/2026")

    assert day_field(locales).clean("26/12/2026") == day_field(locales).clean("12/26/2026")


@pytest.mark.parametrize(
    ("typed", "locales", "example"),
    [
        ("11/26/2026", BRITISH, "26/11/2026"),
        ("26/11/2026", AMERICAN, "11/26/2026"),
        ("Monday", (), "2026-11-26"),
    ],
)
def test_date_that_cannot_be_read_is_answered_with_the_form(typed, locales, example):
    with pytest.raises(ValidationError, match=f"Enter a date like {example}."):
        day_field(locales).clean(typed)


@pytest.fixture
def clinic(client):
    clinic = factories.clinic()
    client.force_login(factories.user(clinic, Role.OWNER))
    return clinic


def close_on(client, clinic, typed):
    """Saves the clinic's page as it stands, with a closed day in its second row."""
    address = reverse("admin:clinics_clinic_change", args=[clinic.pk])
    form = client.get(address).context["adminform"].form
    posted = {name: form[name].value() for name in form.fields if form[name].value()}
    posted |= {f"{rows}-INITIAL_FORMS": 0 for rows in ("opening_hours", "holidays")}
    posted |= {"opening_hours-TOTAL_FORMS": 0, "holidays-TOTAL_FORMS": 2}
    posted |= {"holidays-0-closed_on": "2026-12-25", "holidays-1-closed_on": typed}
    return client.post(address, posted)


@pytest.mark.django_db
def test_closed_day_is_entered_as_it_is_written_in_britain(client, clinic):
    close_on(client, clinic, "26/11/2026")

    assert date(2026, 11, 26) in clinic.holidays.values_list("closed_on", flat=True)


@pytest.mark.django_db
def test_error_of_a_row_is_named_and_linked_at_the_top(client, clinic):
    shown = " ".join(close_on(client, clinic, "26th").content.decode().split())

    top = shown.partition('class="notice notice-error errornote"')[2].partition("</div>")[0]
    assert '<a href="#id_holidays-1-closed_on">Closed days, row 2, Closed on</a>: Enter a date like' in top
    assert 'id="id_holidays-1-closed_on"' in shown
    assert 'type="date"' in shown


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31"])
def test_year_that_nobody_means_is_refused(typed):
    with pytest.raises(ValidationError, match="Check the year"):
        DayField().clean(typed)
