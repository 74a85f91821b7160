"""Claimers side by side on PostgreSQL never let more go than the limits of the account and of a clinic."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from aftercare.outbox.clock import database_now
from aftercare.outbox.limiting import allowance, take
from aftercare.outbox.models import SendBucket
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.on_time, pytest.mark.django_db(transaction=True)]
LAG = 0.05
"""Seconds: a claimer reads the clock, and then waits for the row."""
CLAIMERS, SECONDS, CHANNEL = 3, 2.0, "SMTP mail.example.com:587"


def claim_until(deadline, clinic_id, wanted):
    """Claims as fast as it can; returns when it did, by the database's clock, and how many each time."""
    log = []
    try:
        while time.monotonic() < deadline:
            with transaction.atomic():
                now = database_now()
                allowed = allowance(CHANNEL, now=now)
                count = min(
                    wanted, *(n for n in (allowed.account, allowed.clinics.get(clinic_id)) if n is not None)
                )
                take(allowed, {clinic_id: count} if count else {})
            log.append((now, count))
    finally:
        connection.close()
    return log


def together(clinic):
    deadline = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLAIMERS) as pool:
        logs = pool.map(lambda wanted: claim_until(deadline, clinic.pk, wanted), [1, 7, 50])
    return sorted(entry for log in logs for entry in log if entry[1])


def assert_within(log, a_second, burst):
    """In no span between two claims did more go than its length and one full bucket allow."""
    for first, (begun, _count) in enumerate(log):
        gone = 0
        for at, count in log[first:]:
            gone += count
            assert gone <= a_second * ((at - begun).total_seconds() + LAG) + burst


def test_account_shared_by_claimers_keeps_to_its_rate(settings):
    settings.MAIL_PER_SECOND = 100.0

    log = together(factories.clinic())

    gone = sum(count for _at, count in log)
    assert 100 <= gone <= 100 * SECONDS + 20
    assert_within(log, 100, 20)


def test_clinic_shared_by_claimers_keeps_to_its_rate():
    clinic = factories.clinic(mails_per_second=50)

    log = together(clinic)

    gone = sum(count for _at, count in log)
    assert 50 <= gone <= 50 * SECONDS + 10
    assert_within(log, 50, 10)


def test_day_shared_by_claimers_ends_at_its_limit(settings):
    settings.MAIL_PER_DAY = 40
    clinic = factories.clinic(mails_per_day=30)

    log = together(clinic)

    assert sum(count for _at, count in log) == 30
    assert set(SendBucket.objects.values_list("taken_today", flat=True)) == {30}


def test_clinic_whose_bucket_is_held_by_another_gets_nothing_and_nobody_waits():
    clinic = factories.clinic(mails_per_day=30)
    claim_once = lambda: claim_until(time.monotonic() + 0.2, clinic.pk, 5)  # noqa: E731
    claim_once()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        SendBucket.objects.select_for_update().get(scope=f"clinic:{clinic.pk}")
        log = pool.submit(claim_once).result(timeout=10)

    assert log
    assert sum(count for _at, count in log) == 0
