"""The wake-ups. None carries an id or a time: what is due is in the database."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from aftercare.outbox import clock, sending
from aftercare.outbox.claiming import wake_ups_worth
from aftercare.outbox.heartbeat import BROKER_TICK
from aftercare.outbox.judging import BATCH, judge_waiting
from aftercare.outbox.ticking import tick_once


@shared_task
def tick() -> None:
    """Every few seconds: what a tick does, and a wake-up for as many drains as have work."""
    for _ in range(tick_once(BROKER_TICK)):
        drain.delay()


@shared_task
def drain() -> None:
    """Sends what is due for a bounded time, then hands on to another drain if more is waiting."""
    handled = sending.drain(deadline=clock.database_now() + timedelta(seconds=settings.DRAIN_SECONDS))
    if handled and wake_ups_worth(now=clock.database_now(), chunk=settings.CLAIM_CHUNK):
        drain.delay()


@shared_task
def judge_events() -> None:
    """Judges what mail services have reported, then hands on if more is waiting."""
    if judge_waiting(now=clock.database_now()) >= BATCH:
        judge_events.delay()
