import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"admin:protocols_protocol_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic, steps=())


def test_pause_needs_a_reason(client, owner, protocol):
    answer = client.post(page("pause", protocol.pk), {"reason": ""})

    protocol.refresh_from_db()
    assert "Write why" in answer.content.decode()
    assert protocol.paused_at is None


def test_pause_and_resume_hold_and_release(client, owner, protocol):
    client.post(page("pause", protocol.pk), {"reason": "Cartridge recall"})
    protocol.refresh_from_db()
    paused = protocol.paused_reason
    client.post(page("resume", protocol.pk))

    protocol.refresh_from_db()
    assert (paused, protocol.paused_at) == ("Cartridge recall", None)


def test_plan_shows_local_times_and_why_a_message_moved(client, owner, clinic):
    early = {**factories.WALL_TIME, "local_time": "01:30", "latest_day": 2}
    protocol = factories.protocol(clinic, steps=(early,))

    answer = client.get(page("plan", protocol.pk), {"ended_at": "2026-03-28T15:00", "zone": "Europe/London"})

    html = answer.content.decode()
    assert "Sun 29 Mar 2026, 08:00" in html
    assert "The clock skips that time on that day" in html
    assert "Moved to the end of quiet hours." in html


def test_plan_leaves_out_disabled_steps(client, owner, clinic):
    protocol = factories.protocol(clinic, steps=({**factories.WALL_TIME, "enabled": False},))

    html = client.get(page("plan", protocol.pk)).content.decode()

    assert "no enabled step" in html


@pytest.mark.parametrize(
    ("ended_at", "zone", "message"),
    [
        ("9999-12-31T23:59", "Europe/London", "Choose a year from 2000 to 2100."),
        ("yesterday", "Europe/London", "Write a date and a time"),
        ("2026-03-28T15:00", "Europe/Lodnon", "Choose a zone of the list"),
        ("2026-03-28T15:00", "../../etc/passwd", "Choose a zone of the list"),
        ("", "Europe/London", "This field is required."),
    ],
)
def test_plan_with_an_impossible_time_or_zone_says_what_to_write(
    client, owner, protocol, ended_at, zone, message
):
    answer = client.get(page("plan", protocol.pk), {"ended_at": ended_at, "zone": zone})

    assert message in answer.content.decode()


def test_shipped_protocol_is_offered_to_a_clinic_without_it_and_installed_once(client, owner, clinic):
    offered = client.get(page("changelist")).content.decode()
    data = {"slug": "microneedling", "clinic": clinic.pk}
    client.post(page("install"), data)
    client.post(page("install"), data)

    assert "Install it for" in offered
    assert "Install it for" not in client.get(page("changelist")).content.decode()
    assert clinic.protocols.get().steps.count() == 7


@pytest.mark.parametrize("data", [{"slug": "botox"}, {"slug": "microneedling", "clinic": "x"}, {}])
def test_install_of_something_unknown_is_refused(client, owner, clinic, data):
    assert client.post(page("install"), {"clinic": clinic.pk, **data}).status_code == 403


def test_install_for_another_clinic_is_refused(client, owner):
    other = factories.clinic()

    answer = client.post(page("install"), {"slug": "microneedling", "clinic": other.pk})

    assert answer.status_code == 403
    assert other.protocols.count() == 0
