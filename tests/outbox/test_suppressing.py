"""Whom a clinic may not mail any more, after bounces and complaints."""

from datetime import timedelta

import pytest
from django.test import override_settings

from aftercare.outbox.judging import judge_waiting, replay
from aftercare.outbox.models import DeliveryEvent, Purpose, Suppression
from aftercare.outbox.suppressing import often, purposes_against
from tests import factories

DAY = timedelta(days=1)
START = factories.ENDED_AT
ADDRESS = "amara@example.com"


@pytest.fixture
def come_back(make_session, at):
    """Messages of one clinic to ADDRESS that came back, on the given days; returns the clinic."""

    def on(*days, clinic=None, **over):
        clinic = clinic or factories.clinic()
        patient = factories.patient(clinic, email=ADDRESS)
        for day in days:
            message = factories.message(make_session(clinic, patient=patient), status="sent")
            factories.attempt(message)
            reported = {"event_type": "bounced", "permanent": False, "happened_at": START + day * DAY, **over}
            factories.delivery_event(message, received_at=at.now, **reported)
            judge_waiting(now=at.now)
        return clinic

    return on


def suppressed():
    return list(Suppression.objects.values_list("email", "purpose"))


@pytest.mark.parametrize(
    ("safety_critical", "purposes"),
    [(True, {"all", "care"}), (False, {"all", "care", "routine"})],
)
def test_routine_suppression_stops_all_but_the_safety_critical(safety_critical, purposes):
    assert set(purposes_against(safety_critical)) == purposes


@pytest.mark.parametrize(
    ("days", "count", "answer"),
    [
        ([], 1, False),
        ([0], 1, True),
        ([0, 7, 14], 3, True),
        ([14, 0, 7], 3, True),
        ([0, 7, 15], 3, False),
        ([0, 20, 21, 22], 3, True),
        ([0, 7], 3, False),
    ],
)
def test_often_means_so_many_within_any_span(days, count, answer):
    assert often([START + day * DAY for day in days], count=count, within=14 * DAY) is answer


@pytest.mark.django_db
class TestReports:
    def test_bounce_for_good_suppresses_at_once_for_the_clinic_alone(self, come_back):
        clinic = come_back(0, permanent=True)

        row = Suppression.objects.get()
        assert (row.clinic, row.email, row.purpose, row.reason) == (clinic, ADDRESS, Purpose.ALL, "bounced")

    def test_third_message_that_comes_back_in_a_fortnight_suppresses(self, come_back):
        clinic = come_back(0, 1)
        assert suppressed() == []

        come_back(14, clinic=clinic)

        assert suppressed() == [(ADDRESS, "all")]

    def test_messages_that_come_back_far_apart_suppress_nobody(self, come_back):
        come_back(0, 10, 20, 30)

        assert suppressed() == []

    def test_two_reports_of_one_message_count_once(self, come_back, at):
        come_back(0, 1)
        first = DeliveryEvent.objects.order_by("pk")[0]
        factories.delivery_event(
            first.message, event_type="bounced", permanent=False, happened_at=START + DAY
        )

        judge_waiting(now=at.now)

        assert suppressed() == []

    def test_another_clinics_bounces_do_not_count(self, come_back):
        come_back(0, 1)
        come_back(2)

        assert suppressed() == []

    @pytest.mark.parametrize("event_type", ["deferred", "rejected", "failed"])
    def test_what_is_no_bounce_does_not_count(self, come_back, event_type):
        come_back(0, 1, 2, event_type=event_type)

        assert suppressed() == []

    @override_settings(SOFT_BOUNCES=2, SOFT_BOUNCE_DAYS=1)
    def test_site_says_how_often_is_too_often(self, come_back):
        clinic = come_back(0, 2)
        assert suppressed() == []

        come_back(3, clinic=clinic)

        assert suppressed() == [(ADDRESS, "all")]

    @pytest.mark.parametrize("event_type", ["complained", "unsubscribed"])
    @pytest.mark.parametrize(("after", "purpose"), [("nothing", "all"), ("safety", "routine")])
    def test_clinic_decides_what_follows_a_complaint(self, come_back, event_type, after, purpose):
        come_back(0, clinic=factories.clinic(after_complaint=after), event_type=event_type)

        assert suppressed() == [(ADDRESS, purpose)]

    def test_replayed_bounces_suppress_nobody_whom_the_owner_released(self, come_back, at):
        come_back(0, 1, 2)
        Suppression.objects.all().delete()

        replay(DeliveryEvent.objects.all(), now=at.now)

        assert suppressed() == []

    def test_address_that_is_suppressed_already_stays_so_once(self, come_back):
        clinic = factories.clinic()
        Suppression.objects.create(clinic=clinic, email=ADDRESS, purpose="all", reason="Asked by phone")

        come_back(0, clinic=clinic, permanent=True)

        assert Suppression.objects.get().reason == "Asked by phone"
