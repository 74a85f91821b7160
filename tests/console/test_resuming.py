"""The page before a pause ends: what it tells, the pace it offers, and who may use it."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.models import ScheduledMessage, SitePause
from aftercare.outbox.pausing import pause_clinic, pause_patient, pause_protocol, pause_site
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
ENDED_AT = factories.ENDED_AT
NOW = ENDED_AT + timedelta(minutes=90)  # the first message's time has passed, its window has not
PAUSED_AT = ENDED_AT + timedelta(minutes=5)
PAUSE = {"clinic": pause_clinic, "protocol": pause_protocol, "patient": pause_patient}
ROOM = {"clinic": "clinics_clinic", "protocol": "protocols_protocol", "patient": "clinics_patient"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


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


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic)


@pytest.fixture
def make(clinic, protocol):
    def make(**over):
        session = factories.treatment_session(clinic, **{"protocol": protocol, **over})
        complete_session(session, by=None, now=ENDED_AT)
        return session

    return make


def pause(what, session, by):
    PAUSE[what](getattr(session, what), reason="Fire drill.", by=by, now=PAUSED_AT)


def page(what, row):
    return reverse(f"admin:{ROOM[what]}_resume", args=[row.pk])


def due_times():
    rows = ScheduledMessage.objects.filter(step__slug="first-night", status="scheduled")
    return sorted(rows.values_list("due_at", flat=True))


@pytest.mark.parametrize("what", ROOM)
def test_page_tells_what_goes_now_and_what_goes_later(what, client, owner, make):
    session = make()
    pause(what, session, owner)

    html = client.get(page(what, getattr(session, what))).content.decode()

    assert "Paused since Sat 28 Mar 2026, 15:05 London time: “Fire drill.”" in html
    assert "<strong>1 message</strong> has waited beyond its time" in html
    assert "First night" in html
    assert "Safety-critical" in html
    assert "Sat 28 Mar, 16:00 London time" in html
    assert "<strong>1 goes later</strong>" in html


def test_page_tells_what_was_missed_and_leads_to_the_tasks(client, owner, make, clinic, clock):
    pause("clinic", make(), owner)
    clock.shift(timedelta(hours=3))

    html = client.get(page("clinic", clinic)).content.decode()

    assert "<strong>1 was missed:</strong>" in html
    assert "1 is safety-critical: look at the follow-up tasks." in html
    assert reverse("admin:followups_followuptask_changelist") in html


@pytest.mark.parametrize("what", ROOM)
def test_chosen_pace_spreads_what_waited(what, client, owner, make, clinic, protocol):
    shared = {"patient": {"patient": factories.patient(clinic)}}.get(what, {})
    plans = [factories.protocol(clinic), factories.protocol(clinic)] if shared else [protocol, protocol]
    sessions = [make(**shared, protocol=plan) for plan in plans]
    pause(what, sessions[0], owner)

    answer = client.post(
        page(what, getattr(sessions[0], what)), {"pace": "slowly", "per_minute": "2"}, follow=True
    )

    assert due_times() == [NOW, NOW + timedelta(seconds=30)]
    assert "go 2 a minute" in answer.content.decode()


def test_all_at_once_makes_everything_due_now(client, owner, make, clinic):
    pause("clinic", make(), owner)

    answer = client.post(page("clinic", clinic), {"pace": "at_once", "per_minute": "nonsense"}, follow=True)

    assert due_times() == [NOW]
    assert "1 message had waited beyond its time" in answer.content.decode()


@pytest.mark.parametrize("per_minute", ["", "0", "601", "many"])
def test_pace_that_cannot_be_is_answered_beside_it_and_nothing_resumes(
    per_minute, client, owner, make, clinic
):
    pause("clinic", make(), owner)

    answer = client.post(page("clinic", clinic), {"pace": "slowly", "per_minute": per_minute})

    clinic.refresh_from_db()
    assert "a whole number from 1 to 600" in answer.content.decode()
    assert clinic.paused_at == PAUSED_AT


def test_many_are_offered_slowly_first_with_the_time_they_take(client, owner, make, clinic):
    session = make()
    for number in range(30):
        step = factories.step(session.protocol, number=100 + number)
        factories.message(session, step, status="held", why="clinic_paused")
    pause("clinic", session, owner)

    answer = client.get(page("clinic", clinic))

    assert answer.context["form"].initial["pace"] == "slowly"
    assert "At 30 a minute they take about 2 minutes." in answer.content.decode()


def test_what_runs_is_not_resumed_again(client, owner, make, protocol, clinic):
    make()

    answers = [
        client.get(page(what, row), follow=True) for what, row in (("clinic", clinic), ("protocol", protocol))
    ]

    assert all("Nothing was done" in answer.content.decode() for answer in answers)


@pytest.mark.parametrize(
    ("what", "may"),
    [
        ("clinic", {Role.OWNER}),
        ("protocol", {Role.OWNER, Role.CLINICIAN}),
        ("patient", {Role.OWNER, Role.CLINICIAN, Role.STAFF}),
    ],
)
def test_only_those_who_may_resume_see_the_review(what, may, client, make, clinic):
    session = make()
    pause(what, session, factories.user(clinic, Role.OWNER))
    answers = {}

    for role in Role:
        client.force_login(factories.user(clinic, role))
        answers[role] = client.get(page(what, getattr(session, what))).status_code

    assert {role for role, status in answers.items() if status == 200} == may
    assert {status for role, status in answers.items() if role not in may} == {403}


@pytest.mark.parametrize("what", ROOM)
def test_review_of_another_clinic_is_not_found(what, client, make):
    session = make()
    pause(what, session, factories.user())
    client.force_login(factories.user(factories.clinic(), Role.OWNER))

    answer = client.post(page(what, getattr(session, what)), {"pace": "at_once"})

    getattr(session, what).refresh_from_db()
    assert answer.status_code == 404
    assert getattr(session, what).paused_at == PAUSED_AT


def test_review_of_a_clinic_tells_when_everything_is_paused_too(client, owner, make, clinic):
    pause("clinic", make(), owner)
    pause_site(reason="The texts are wrong.", by=owner, now=PAUSED_AT)

    assert "Everything on this site is paused" in client.get(page("clinic", clinic)).content.decode()


def test_superuser_pauses_everything_with_a_reason(client, root, make):
    make()

    asked = client.get(reverse("admin:site_pause")).content.decode()
    refused = client.post(reverse("admin:site_pause"), {"reason": ""}).content.decode()
    client.post(reverse("admin:site_pause"), {"reason": "The texts are wrong."})

    assert "<strong>2 messages</strong> are promised for the next 24 hours" in asked
    assert "Give the reason" in refused
    assert SitePause.objects.values_list("reason", "paused_by", "resumed_at").get() == (
        "The texts are wrong.",
        root.pk,
        None,
    )


def test_superuser_resumes_everything_at_a_pace(client, root, make):
    for _ in range(3):
        make()
    pause_site(reason="The texts are wrong.", by=root, now=PAUSED_AT)

    review = client.get(reverse("admin:site_resume")).content.decode()
    client.post(reverse("admin:site_resume"), {"pace": "slowly", "per_minute": "1"})

    assert "<strong>3 messages</strong> have waited beyond their time" in review
    assert SitePause.objects.get().resumed_by == root
    assert due_times()[-2:] == [NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]


def test_pausing_and_resuming_everything_twice_does_nothing_and_says_so(client, root):
    pause_site(reason="The texts are wrong.", by=root, now=PAUSED_AT)

    again = client.post(reverse("admin:site_pause"), {"reason": "Another."}, follow=True)
    client.post(reverse("admin:site_resume"))
    twice = client.post(reverse("admin:site_resume"), follow=True)

    assert SitePause.objects.get().reason == "The texts are wrong."
    assert all("Nothing was done" in answer.content.decode() for answer in (again, twice))


@pytest.mark.parametrize("name", ["site_pause", "site_resume"])
def test_everything_is_for_superusers_alone(name, client, owner):
    assert client.get(reverse(f"admin:{name}")).status_code == 403
    assert client.post(reverse(f"admin:{name}"), {"reason": "No."}).status_code == 403
    assert not SitePause.objects.exists()


def test_nobody_logged_out_reaches_the_sites_pages(client):
    answers = [client.post(reverse(f"admin:{name}")) for name in ("site_pause", "site_resume")]

    assert all("/login/" in answer["Location"] for answer in answers)
