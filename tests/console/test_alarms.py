"""The banners of the first page: why nothing leaves, whom it concerns, and what may be done."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.models import ChannelRest, SendBucket
from aftercare.outbox.pausing import pause_clinic, pause_site
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
INDEX = "/admin/"
CHANNEL = "SMTP mail.example.com:587"
WORDS = "535 authentication failed for care"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic(name="Harbour", sender_email="care@harbour.example.com")


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


@pytest.fixture
def root(client):
    user = factories.user(None, username="root", is_superuser=True)
    client.force_login(user)
    return user


def rest(**over):
    fields = {
        "channel": CHANNEL,
        "since": NOW - timedelta(minutes=10),
        "until": NOW + timedelta(minutes=5),
        "refused": True,
        "said": WORDS,
        **over,
    }
    return ChannelRest.objects.create(**fields)


def alarms(client):
    return [(alarm.title, alarm.tone) for alarm in client.get(INDEX).context["alarms"]]


def test_without_trouble_there_is_no_banner(client, owner):
    assert alarms(client) == []


def test_refused_log_in_is_red_for_everybody_and_tells_members_whom_to_ask(client, owner):
    rest()

    html = client.get(INDEX).content.decode()

    assert alarms(client) == [("The mail service refuses our log-in.", "error")]
    assert (
        "Since Sat 28 Mar, 15:52 London time nothing leaves for any clinic. Tell whoever runs this site."
        in html
    )
    assert WORDS not in html
    assert "Try again now" not in html


def test_refused_log_in_tells_superusers_what_to_check_and_what_the_service_said(client, root):
    ended = reverse("admin:rest_end", args=[rest().pk])

    html = client.get(INDEX).content.decode()

    assert f"Check the user name and the password or key for {CHANNEL}" in html
    assert WORDS in html
    assert ended in html


def test_refused_log_in_stays_red_while_the_next_try_is_due(client, root):
    row = rest(until=NOW)

    html = client.get(INDEX).content.decode()

    assert "The next message tries again." in html
    assert reverse("admin:rest_end", args=[row.pk]) not in html


def test_refused_domain_concerns_the_clinics_that_send_from_it(client, owner):
    rest(sender_domain="harbour.example.com")
    rest(sender_domain="example.com")

    html = client.get(INDEX).content.decode()

    assert alarms(client) == [("The mail service refuses mail from @harbour.example.com.", "error")]
    assert "nothing of these clinics leaves: Harbour." in html


def test_refused_domain_names_no_other_clinic(client, owner):
    factories.clinic(name="Zanzibar", sender_email="care@harbour.example.com")
    rest(sender_domain="harbour.example.com")

    assert "Zanzibar" not in client.get(INDEX).content.decode()


def test_pause_that_the_service_asked_for_is_amber_until_it_is_over(client, owner, clock):
    rest(refused=False)
    resting = alarms(client)
    clock.shift(timedelta(minutes=6))

    assert resting == [("The mail service asked for a pause.", "warn")]
    assert alarms(client) == []


def test_superuser_ends_a_rest_early_once(client, root):
    row = rest()

    client.post(reverse("admin:rest_end", args=[row.pk]))
    client.post(reverse("admin:rest_end", args=[row.pk]))

    row.refresh_from_db()
    assert (row.until, row.refused) == (NOW, True)


def test_ending_a_rest_needs_a_superuser_and_a_form(client, owner, root):
    row = rest()

    by_link = client.get(reverse("admin:rest_end", args=[row.pk])).status_code
    client.force_login(owner)
    by_owner = client.post(reverse("admin:rest_end", args=[row.pk])).status_code

    row.refresh_from_db()
    assert (by_link, by_owner) == (405, 403)
    assert row.until == NOW + timedelta(minutes=5)


def test_pause_of_everything_is_red_and_leads_superusers_to_its_review(client, owner, root):
    pause_site(reason="The texts are wrong.", by=root, now=NOW)
    as_root = client.get(INDEX)
    client.force_login(owner)
    as_owner = client.get(INDEX)

    review = reverse("admin:site_resume")
    assert [alarm.tone for alarm in as_owner.context["alarms"]] == ["error"]
    assert "The texts are wrong." in as_owner.content.decode()
    assert review in as_root.content.decode()
    assert review not in as_owner.content.decode()


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.STAFF, False), (Role.VIEWER, False)])
def test_paused_clinic_is_amber_and_leads_its_owner_to_the_review(role, may, client, clinic):
    user = factories.user(clinic, role)
    client.force_login(user)
    pause_clinic(clinic, reason="Fire drill.", by=user, now=NOW)

    html = client.get(INDEX).content.decode()

    assert alarms(client) == [("Harbour is paused.", "warn")]
    assert "Since Sat 28 Mar, 16:02 London time: “Fire drill.”" in html
    assert (reverse("admin:clinics_clinic_resume", args=[clinic.pk]) in html) is may


def test_paused_clinic_of_others_is_not_shown(client, owner):
    other = factories.clinic(name="Zanzibar")
    pause_clinic(other, reason="Fire drill.", by=owner, now=NOW)

    assert alarms(client) == []


def test_many_paused_clinics_are_counted(client, root):
    for _ in range(7):
        pause_clinic(factories.clinic(), reason="Fire drill.", by=root, now=NOW)

    assert len(alarms(client)) == 6
    assert alarms(client)[-1] == ("2 more clinics are paused.", "warn")


def test_worst_comes_first(client, owner, clinic):
    pause_clinic(clinic, reason="Fire drill.", by=owner, now=NOW)
    rest(channel="Another", refused=False)
    rest()

    assert [tone for _title, tone in alarms(client)] == ["error", "warn", "warn"]


@pytest.mark.parametrize(
    ("taken", "day", "shown"), [(50, NOW, True), (49, NOW, False), (50, NOW - timedelta(days=1), False)]
)
def test_day_used_up_is_told_to_the_clinic(taken, day, shown, client, owner, clinic):
    clinic.mails_per_day = 50
    clinic.save()
    SendBucket.objects.create(
        scope=f"clinic:{clinic.pk}", tokens=0, filled_at=day, day=day.date(), taken_today=taken
    )

    assert (alarms(client) == [("Harbour has used up its mails of the day.", "warn")]) is shown


def test_day_of_the_account_used_up_is_told_to_everybody(client, owner, settings):
    settings.MAIL_PER_DAY = 50
    SendBucket.objects.create(
        scope=f"channel:{CHANNEL}", tokens=0, filled_at=NOW, day=NOW.date(), taken_today=50
    )

    assert alarms(client) == [("The mails that the mail service takes a day are used up.", "warn")]


def test_button_that_pauses_everything_is_for_superusers_while_nothing_is_paused(client, owner, root):
    url = reverse("admin:site_pause")
    running = client.get(INDEX).content.decode()
    pause_site(reason="The texts are wrong.", by=root, now=NOW)
    paused = client.get(INDEX).content.decode()
    client.force_login(owner)

    assert url in running
    assert url not in paused
    assert url not in client.get(INDEX).content.decode()
