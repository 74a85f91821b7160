"""Two weeks on the first page: each count is that of its list on the clinic's clock; the engine's state."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

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


def test_each_day_counts_on_the_clinics_clock_and_every_count_leads_to_its_rows(client, clock):
    clinic = factories.clinic(time_zone="Pacific/Auckland")  # Sunday 05:02 there
    client.force_login(factories.user(clinic, Role.STAFF))
    today, yesterday = NOW - timedelta(hours=1), NOW - timedelta(hours=6)
    later = yesterday + timedelta(hours=2)
    message(clinic, status=Status.SENT, send_at=today, sent_at=today + timedelta(minutes=7))
    message(clinic, status=Status.SENT, send_at=yesterday, delivery="delivered")
    message(clinic, status=Status.SENT, send_at=yesterday, sent_at=later, delivery="bounced")
    message(clinic, status=Status.SENT, send_at=NOW - timedelta(days=20))

    days = client.get(INDEX).context["charts"].days

    # Sent, delivered, came back; then how long they took: 5 minutes, an hour, longer.
    counts = [[count for count, _url in day.cells] for day in days[:3]]
    assert counts == [[1, 0, 0, 0, 1, 0], [2, 1, 1, 1, 0, 1]]
    listed = [[client.get(url).context["cl"].result_count for _n, url in day.cells] for day in days[:2]]
    assert listed == counts[:2]


def test_day_of_the_clock_change_counts_all_its_hours(client, clinic, staff, clock):
    clock.move_to(datetime(2026, 3, 30, 12, tzinfo=UTC))
    for hour in (0, 22):  # 00:30 before, 23:30 after London's clocks went forward
        message(clinic, status=Status.SENT, send_at=datetime(2026, 3, 29, hour, 30, tzinfo=UTC))

    count, url = client.get(INDEX).context["charts"].days[0].cells[0]

    assert count == 2
    assert client.get(url).context["cl"].result_count == 2


@pytest.mark.parametrize("days", [13.5, 40])
def test_message_promised_long_ago_that_left_today_counts_and_is_listed(days, client, staff, clinic):
    step = {**factories.WALL_TIME, "latest_day": 60}
    session = factories.treatment_session(clinic, protocol=factories.protocol(clinic, steps=(step,)))
    factories.message(session, status=Status.SENT, send_at=NOW - timedelta(days=days), sent_at=NOW)

    number = client.get(INDEX).context["numbers"][0]

    assert (str(number.label), number.value) == ("sent today", 1)
    assert client.get(number.url).context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("zones", "place", "sent"),
    [(("Asia/Tokyo", "Asia/Tokyo"), "Tokyo time", 0), (("Asia/Tokyo", "Europe/London"), "UTC", 1)],
)
def test_day_of_a_member_of_two_clinics_is_theirs_where_they_share_it_and_named(zones, place, sent, client):
    clinics = [factories.clinic(time_zone=zone) for zone in zones]
    user = factories.user(clinics[0], Role.STAFF)
    Membership.objects.create(user=user, clinic=clinics[1], role=Role.STAFF)
    client.force_login(user)
    message(
        clinics[0], status=Status.SENT, send_at=NOW - timedelta(hours=2), sent_at=NOW - timedelta(hours=2)
    )

    answer = client.get(INDEX)  # 01:02 on Sunday in Tokyo

    assert answer.context["numbers"][0].value == sent
    assert answer.context["today"].endswith(place)
    assert answer.context["today"] in answer.content.decode()


def test_chart_tells_apart_what_was_never_reported(client, staff, clinic):
    message(clinic, status=Status.SENT, send_at=NOW)
    message(clinic, status=Status.SENT, send_at=NOW, delivery="delivered")

    became = json.loads(client.get(INDEX).context["charts"].became.data)

    assert [series["data"][-1] for series in became["datasets"]] == [1, 1, 0]


def test_charts_say_which_colour_means_what(client, staff, clinic):
    message(clinic, status=Status.SENT, send_at=NOW)

    html = client.get(INDEX).content.decode()

    for colour, word in (("green-600", "delivered"), ("primary-300", "sent, nothing reported")):
        assert f'<span style="background: var(--color-{colour})"></span>{word}' in html


def test_engine_says_what_waits_and_who_works(client, staff, clinic):
    beat(BROKER_TICK, now=NOW)
    beat("worker:one:1", now=NOW)
    message(clinic, send_at=NOW - timedelta(minutes=20))

    html = " ".join(client.get(INDEX).content.decode().split())

    assert "The oldest message that is due waits since Sat 28 Mar 2026, 15:42" in html
    assert "1 worker was seen in the last minute." in html


def test_first_page_asks_no_question_a_row(client, staff, clinic, django_assert_max_num_queries):
    for number in range(10):
        message(clinic, send_at=NOW + timedelta(minutes=number))
        message(clinic, status=Status.SENT, send_at=NOW - timedelta(minutes=number))
        FollowUpTask.objects.create(
            clinic=clinic,
            patient=factories.patient(clinic),
            cause=Cause.MISSED,
            source=str(number),
            opened_at=NOW,
            deadline_at=NOW,
        )

    # Twice what a list may: some twenty small answers, each from an index, and none grows with its rows.
    # PostgreSQL counts three more, which ask nothing: the page's savepoint, its setting, and the release.
    most = 33 if connection.vendor == "postgresql" else 30
    with django_assert_max_num_queries(most):
        client.get(INDEX)
