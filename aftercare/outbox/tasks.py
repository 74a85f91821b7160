"""The wake-ups. None carries an id or a time: what is due is in the database."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from aftercare.outbox import clock, sending
from aftercare.outbox.claiming import wake_ups_worth
from aftercare.outbox.heartbeat import beat
from aftercare.outbox.judging import BATCH, judge_waiting
from aftercare.outbox.reaping import reap


@shared_task
def tick() -> None:
    """Every few seconds: reap, wake as many drains as there is work for, judge what was reported."""
    beat("tick", now=clock.database_now())
    reap()
    for _ in range(wake_ups_worth(now=clock.database_now(), chunk=settings.CLAIM_CHUNK)):
        drain.delay()
    judge_events()


@shared_task
def drain() -> None:
    """Sends what is due for a bounded time, then hands on to another drain if more is waiting."""
    sending.drain(deadline=clock.database_now() + timedelta(seconds=settings.DRAIN_SECONDS))
    if wake_ups_worth(now=clock.database_now(), chunk=settings.CLAIM_CHUNK):
        drain.delay()


@shared_task
def judge_events() -> None:
    """Judges what mail services have reported, then hands on if more is waiting."""
    if judge_waiting(now=clock.database_now()) >= BATCH:
        judge_events.delay()
