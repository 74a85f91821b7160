"""The first page: numbers that agree with their lists, what needs a human, whether the engine is alive."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Membership, Role
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.heartbeat import BROKER_TICK, beat
from aftercare.outbox.models import Status
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
INDEX = "/admin/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def message(clinic, **over):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(hours=3))
    return factories.message(session, **over)


def numbers(answer, name):
    return {str(number.label): number.value for number in answer.context[name]}


def test_today_is_counted_on_the_clinics_clock(client, clock):
    clinic = factories.clinic(time_zone="Pacific/Auckland")  # Sunday 05:02 there
    client.force_login(factories.user(clinic, Role.STAFF))
    message(clinic, send_at=NOW + timedelta(hours=12))
    message(clinic, send_at=NOW + timedelta(hours=20))
    message(clinic, status=Status.SENT, send_at=NOW - timedelta(hours=1))
    message(clinic, status=Status.SENT, send_at=NOW - timedelta(hours=6))

    found = numbers(client.get(INDEX), "numbers")

    assert found == {"sent today": 1, "still due today": 1, "coming in 7 days, today's among them": 2}


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (Status.FAILED, "failed in the last 7 days"),
        (Status.UNCONFIRMED, "unconfirmed: did it arrive?"),
        (Status.UNKNOWN, "unknown: may have left"),
        (Status.MISSED, "missed in the last 7 days"),
        (Status.HELD, "held"),
    ],
)
def test_what_needs_a_human_is_counted_and_leads_to_its_list(status, label, client, staff, clinic):
    message(clinic, status=status)

    answer = client.get(INDEX)
    link = next(number.url for number in answer.context["attention"])

    assert numbers(answer, "attention") == {label: 1}
    assert client.get(link).context["cl"].queryset.count() == 1


@pytest.mark.parametrize("delivery", ["bounced", "rejected"])
def test_what_came_back_within_a_week_is_counted_and_leads_to_its_list(delivery, client, staff, clinic):
    message(clinic, status=Status.SENT, delivery=delivery, delivery_at=NOW - timedelta(days=6))
    message(clinic, status=Status.SENT, delivery=delivery, delivery_at=NOW - timedelta(days=8))
    message(clinic, status=Status.SENT, delivery="delivered", delivery_at=NOW)

    answer = client.get(INDEX)
    link = next(number.url for number in answer.context["attention"])

    assert numbers(answer, "attention") == {"bounced or rejected in the last 7 days": 1}
    assert client.get(link).context["cl"].queryset.count() == 1


def open_task_of(clinic, source="message:1:missed", **over):
    fields = {"cause": Cause.MISSED, "opened_at": NOW, "deadline_at": NOW + timedelta(hours=4), **over}
    return FollowUpTask.objects.create(
        clinic=clinic, patient=factories.patient(clinic), source=source, **fields
    )


def test_every_number_is_that_of_the_list_it_leads_to(client, staff, clinic):
    for hours in (0, 30, 24 * 8):
        message(clinic, send_at=NOW + timedelta(hours=hours))
        message(clinic, status=Status.SENT, send_at=NOW - timedelta(hours=hours))
        message(clinic, status=Status.MISSED, send_at=NOW - timedelta(hours=hours))
        message(clinic, status=Status.FAILED, send_at=NOW - timedelta(hours=hours))

    answer = client.get(INDEX)
    shown = [*answer.context["numbers"], *answer.context["attention"]]

    counted = {str(number.label): client.get(number.url).context["cl"].result_count for number in shown}
    assert counted == {str(number.label): number.value for number in shown}
    assert counted["missed in the last 7 days"] == 2


def test_open_tasks_are_shown_by_deadline_with_concerns_in_red(client, staff, clinic):
    open_task_of(clinic, "a", deadline_at=NOW + timedelta(hours=3))
    open_task_of(clinic, "b", cause=Cause.CONCERN, deadline_at=NOW + timedelta(hours=1), claimed_by=staff)

    answer = client.get(INDEX)

    assert [(line.task.source, line.concern) for line in answer.context["tasks"]] == [
        ("b", True),
        ("a", False),
    ]
    assert numbers(answer, "attention") == {"patients' concerns open": 1, "follow-up tasks open": 2}
    assert f"claimed by {staff}" in answer.content.decode()


def test_emergency_is_named_first_however_many_tasks_are_overdue(client, staff, clinic):
    for number in range(6):
        open_task_of(
            clinic,
            f"o{number}",
            opened_at=NOW - timedelta(days=1),
            deadline_at=NOW - timedelta(hours=20 - number),
        )
    for level, hours in (("c", 50), ("a", 2), ("e", 3)):
        open_task_of(
            clinic, level, level=level, cause=Cause.CONCERN, deadline_at=NOW + timedelta(hours=hours)
        )

    answer = client.get(INDEX)

    assert [line.task.source for line in answer.context["tasks"]] == ["e", "a", "o0", "o1", "o2", "o3"]
    assert '<span class="tag tag-bad">E: emergency</span>' in answer.content.decode()


def test_overdue_tasks_are_said_to_be(client, staff, clinic, clock):
    task = open_task_of(clinic)
    clock.shift(timedelta(hours=5))

    answer = client.get(INDEX)

    assert numbers(answer, "attention")["follow-up tasks overdue"] == 1
    assert [line.overdue for line in answer.context["tasks"]] == [True]
    assert reverse("admin:followups_followuptask_change", args=[task.pk]) in answer.content.decode()


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_mail_to_staff_that_did_not_get_through_is_shown_until_its_task_is_closed(
    client, staff, clinic, status
):
    notice = factories.notice(clinic, status=status)
    task = open_task_of(clinic)
    notice.tasks.set([task])
    label = "mails to staff that did not get through"
    shown = next(n for n in client.get(INDEX).context["attention"] if str(n.label) == label)
    listed = client.get(shown.url).context["cl"].result_count
    FollowUpTask.objects.update(closed_at=NOW, outcome="Called.")

    assert (shown.value, listed) == (1, 1)
    assert label not in numbers(client.get(INDEX), "attention")


def test_nothing_to_do_is_said_in_words(client, staff, clinic):
    beat(BROKER_TICK, now=NOW)

    assert "Nothing. Everything that was promised" in client.get(INDEX).content.decode()


def test_trouble_above_is_not_called_nothing(client, staff):
    assert "Nothing beyond what is said above." in client.get(INDEX).content.decode()


def test_menu_counts_open_tasks_and_shows_no_empty_count(client, staff, clinic):
    without = client.get(INDEX).content.decode()
    FollowUpTask.objects.create(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=Cause.MISSED,
        source="message:1:missed",
        opened_at=NOW,
        deadline_at=NOW,
    )

    assert "menu-count" not in without
    assert '<span class="menu-count">1</span>' in client.get(INDEX).content.decode()


def test_workers_that_were_seen_are_named_behind_their_number(client, staff):
    beat("worker:mill:17", now=NOW)
    beat("worker:mill:18", now=NOW - timedelta(minutes=2))

    html = " ".join(client.get(INDEX).content.decode().split())

    assert "<summary>1 worker was seen in the last minute.</summary>" in html
    assert "<code>mill:17</code> · Sat 28 Mar 2026, 16:02 London time" in html
    assert "mill:18" not in html


def test_empty_day_says_what_to_do_next(client, staff):
    html = client.get(INDEX).content.decode()

    assert "Messages come here when a session is completed." in html
    assert "Look among the messages for what was sent before." in html
    assert html.count("/admin/outbox/scheduledmessage/?when=any") == 2


def test_silent_engine_is_an_alarm(client, staff, clock):
    beat("tick:loop", now=NOW)
    beat("worker:elsewhere:1", now=NOW + timedelta(minutes=4))
    alive = client.get(INDEX).content.decode()
    clock.shift(timedelta(minutes=4))
    silent = client.get(INDEX).content.decode()

    assert "Nothing is being sent." not in alive
    assert "Engine last seen Sat 28 Mar 2026, 16:02 London time." in alive
    assert "The engine was last seen Sat 28 Mar 2026, 16:02 London time." in silent


def test_engine_that_never_ran_is_an_alarm(client, staff):
    assert "The engine has not run yet." in client.get(INDEX).content.decode()


def test_drafts_wait_to_be_completed(client, staff, clinic):
    draft = factories.treatment_session(clinic)

    answer = client.get(INDEX)

    assert reverse("admin:treatments_treatmentsession_change", args=[draft.pk]) in answer.content.decode()


def test_viewer_is_not_offered_to_record(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert "Record a session" not in client.get(INDEX).content.decode()


def test_member_of_clinics_in_two_zones_reads_the_sites_clock(client, staff, settings):
    settings.TIME_ZONE = "America/New_York"
    elsewhere = factories.clinic(time_zone="Asia/Tokyo")
    Membership.objects.create(user=staff, clinic=elsewhere, role=Role.STAFF)

    assert "Sat 28 Mar 2026, 12:02 New York time" in client.get(INDEX).content.decode()


def test_no_urgent_task_is_cut_off_and_the_rest_is_counted_with_the_next_deadline(client, staff, clinic):
    for number in range(8):
        given = {"level": "a", "cause": Cause.CONCERN, "deadline_at": NOW + timedelta(minutes=number)}
        open_task_of(clinic, f"a{number}", **given)
    for hours in (3, 2):
        open_task_of(clinic, f"m{hours}", deadline_at=NOW + timedelta(hours=hours))

    answer = client.get(INDEX)

    assert [line.task.source for line in answer.context["tasks"]] == [f"a{number}" for number in range(8)]
    assert "and 2 more, the next by Sat 28 Mar, 18:02 London time" in answer.content.decode()


def test_more_than_fifty_urgent_tasks_end_with_how_many_more(client, staff, clinic):
    for number in range(52):
        open_task_of(clinic, f"e{number}", level="e", cause=Cause.CONCERN)

    answer = client.get(INDEX)

    assert len(answer.context["tasks"]) == 50
    assert answer.context["more_tasks"]["count"] == 2


def test_tasks_that_all_fit_have_no_more(client, staff, clinic):
    open_task_of(clinic)

    assert client.get(INDEX).context["more_tasks"] is None


def test_rest_that_is_overdue_is_said_to_be(client, staff, clinic):
    for number in range(7):
        given = {"opened_at": NOW - timedelta(days=1), "deadline_at": NOW - timedelta(hours=7 - number)}
        open_task_of(clinic, f"o{number}", **given)

    assert "and 1 more, overdue since Sat 28 Mar, 15:02 London time" in client.get(INDEX).content.decode()
