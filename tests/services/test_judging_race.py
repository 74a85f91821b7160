"""Judges at once on PostgreSQL: each report is judged by one of them, none overlooks what others saw."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.models import DeliveryEvent, ScheduledMessage, StatusChange, Suppression
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
JUDGES = 4


def judge(now):
    try:
        return judge_waiting(now=now)
    finally:
        connection.close()


def messages_to(clinic, patient, count, **over):
    shared = {"practitioner": factories.practitioner(clinic), "protocol": factories.protocol(clinic)}
    shared |= {"patient": patient, "state": "completed", "completed_at": factories.ENDED_AT}
    made = [factories.message(factories.treatment_session(clinic, **shared), **over) for _ in range(count)]
    for message in made:
        factories.attempt(message, outcome="unknown")
    return made


def test_judges_at_once_judge_each_report_once_and_see_each_others():
    clinic = factories.clinic()
    messages = messages_to(clinic, factories.patient(clinic), 12, status="unconfirmed")
    for message in messages:
        for event_type in ("delivered", "bounced", "sent"):
            late = timedelta(minutes=1 if event_type == "bounced" else 0)
            at = message.send_at + late
            factories.delivery_event(message, event_type=event_type, permanent=False, happened_at=at)

    with ThreadPoolExecutor(JUDGES) as judges:
        judged = sum(judges.map(judge, [messages[0].latest_at] * JUDGES))

    assert judged == DeliveryEvent.objects.filter(verdict="applied").count() == 36
    assert StatusChange.objects.filter(why="proven").count() == 12
    assert set(ScheduledMessage.objects.values_list("status", "delivery")) == {("sent", "bounced")}
    assert Suppression.objects.get().purpose == "all"
