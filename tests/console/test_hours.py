"""Other opening hours or closed days say first which promised calls they break, and wait until agreed to."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from aftercare.checkins.concerns import raise_concern
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.hours import Holiday, OpeningHours, duty_of
from aftercare.clinics.models import Role
from aftercare.followups.models import FollowUpTask
from tests import factories
from tests.console.test_asking import clinic_form, url_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)  # a Monday in London


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(client):
    clinic = factories.clinic()
    OpeningHours.objects.create(
        clinic=clinic, weekday=0, opens_local_time=time(9), closes_local_time=time(18)
    )
    client.force_login(factories.user(clinic, Role.OWNER))
    return clinic


@pytest.fixture
def concern(clinic):
    session = factories.treatment_session(clinic)
    return raise_concern(session, level=Level.A, limit=timedelta(hours=2), duty=duty_of(clinic), now=NOON)


def form(clinic, *, closes="18:00", closed_on="", **more):
    row = clinic.opening_hours.get()
    monday = {"id": row.pk, "clinic": clinic.pk, "weekday": 0, "opens_local_time": "09:00"}
    monday |= {"closes_local_time": closes}
    day = {"id": "", "clinic": clinic.pk, "closed_on": closed_on, "name": ""}
    return clinic_form(clinic) | {
        "time_zone": "Europe/London",
        "opening_hours-TOTAL_FORMS": 1,
        "opening_hours-INITIAL_FORMS": 1,
        "holidays-TOTAL_FORMS": 1,
        **{f"opening_hours-0-{name}": value for name, value in monday.items()},
        **{f"holidays-0-{name}": value for name, value in day.items()},
        **more,
    }


def agreed(client, clinic, answer, **change):
    digest = answer.context["adminform"].form.broken_digest()
    return client.post(url_of(clinic), form(clinic, agreed_hours=digest, **change))


def closes(clinic):
    return clinic.opening_hours.get().closes_local_time


def test_earlier_closing_is_not_saved_before_it_is_said_whom_it_breaks_a_promise_to(client, clinic, concern):
    answer = client.post(url_of(clinic), form(clinic, closes="13:00"))

    page = answer.content.decode()
    assert closes(clinic) == time(18)
    assert str(concern.patient) in page
    assert "Mon 30 Mar 2026, 14:00 London time" in page
    assert "Call before Mon 30 Mar, 13:00 London time: nobody is there later." in page
    assert "Please correct the error" not in page


def test_earlier_closing_is_saved_once_agreed_to_and_the_deadline_stays(client, clinic, concern):
    asked = client.post(url_of(clinic), form(clinic, closes="13:00"))

    agreed(client, clinic, asked, closes="13:00")

    assert closes(clinic) == time(13)
    assert Concern.objects.get().due_at == concern.due_at


def test_agreeing_to_one_closing_is_not_agreeing_to_an_earlier_one(client, clinic, concern):
    asked = client.post(url_of(clinic), form(clinic, closes="13:00"))

    agreed(client, clinic, asked, closes="12:30")

    assert closes(clinic) == time(18)


def test_closed_day_asks_too_and_is_kept_once_agreed_to(client, clinic, concern):
    asked = client.post(url_of(clinic), form(clinic, closed_on="2026-03-30"))

    assert "Call now: nobody is there any more until then." in asked.content.decode()
    assert not Holiday.objects.exists()
    agreed(client, clinic, asked, closed_on="2026-03-30")
    assert Holiday.objects.get().clinic == clinic


def test_rows_taken_away_ask_too(client, clinic, concern):
    client.post(url_of(clinic), form(clinic, **{"opening_hours-0-DELETE": "on"}))

    assert OpeningHours.objects.exists()


@pytest.mark.parametrize("change", [{"closes": "17:00"}, {"closed_on": "2026-04-06"}])
def test_hours_that_break_no_promise_are_saved_at_once(client, clinic, concern, change):
    answer = client.post(url_of(clinic), form(clinic, **change))

    assert answer.status_code == 302


def test_hours_that_cannot_be_read_are_answered_beside_them(client, clinic, concern):
    answer = client.post(url_of(clinic), form(clinic, closes="08:00"))

    assert "The clinic must close after it opens, on the same day." in answer.content.decode()


def test_fields_of_hours_and_closed_days_are_named_for_screen_readers(client, clinic):
    Holiday.objects.create(clinic=clinic, closed_on="2026-12-25")

    page = client.get(url_of(clinic)).content.decode()

    for field in ("weekday", "opens_local_time", "closes_local_time"):
        assert re.search(rf'<(?:input|select)[^>]*name="opening_hours-0-{field}"[^>]*aria-label="', page)
    assert re.search(r'<input[^>]*name="holidays-0-closed_on"[^>]*aria-label="Closed on"', page)


def test_longer_hours_tell_those_now_on_duty_of_what_came_while_it_was_shut(client, clinic, concern, clock):
    evening = NOON + timedelta(hours=7)
    clock.move_to(evening)
    FollowUpTask.objects.update(opening_at=NOON + timedelta(days=7), tell_at=None)

    client.post(url_of(clinic), form(clinic, closes="21:00"))

    assert FollowUpTask.objects.get().tell_at == evening
