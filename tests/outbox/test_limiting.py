"""What may be claimed under the limits of the account and of clinics, as rows have it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from aftercare.outbox.limiting import BUSY, allowance, give_back, take
from aftercare.outbox.models import SendBucket
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
CHANNEL = "SMTP mail.example.com:587"


@pytest.fixture(autouse=True)
def no_account_limit(settings):
    settings.MAIL_PER_SECOND = settings.MAIL_PER_DAY = None


@pytest.fixture
def clinic():
    return factories.clinic(mails_per_second=10)


def after(**time):
    return NOW + timedelta(**time)


def asked(now=NOW):
    with transaction.atomic():
        return allowance(CHANNEL, now=now)


def claimed(now, **counts):
    """Claims so many messages by clinic id (``c7=2``) at ``now``."""
    with transaction.atomic():
        allowed = allowance(CHANNEL, now=now)
        take(allowed, {int(name[1:]): count for name, count in counts.items()})


def of(clinic, count):
    return {f"c{clinic.pk}": count}


def bucket_of(scope):
    return SendBucket.objects.get(scope=scope)


def test_without_any_limit_nothing_is_limited_and_nothing_stored():
    factories.clinic()

    allowed = asked()

    assert (allowed.account, allowed.clinics, allowed.wait, allowed.clinic_wait) == (None, {}, None, None)
    assert not SendBucket.objects.exists()


def test_without_any_limit_one_query_serves_many_claims(settings, django_assert_num_queries):
    asked()  # so that what is known is of this test
    settings.LIMITS_READ_SECONDS = 60

    with transaction.atomic(), django_assert_num_queries(0):
        for _ in range(10):
            take(allowance(CHANNEL, now=NOW), {1: 50})
            give_back(CHANNEL, {1: 50}, now=NOW)


def test_first_claim_of_a_limited_account_finds_an_empty_bucket(settings):
    settings.MAIL_PER_SECOND = 10.0

    allowed = asked()

    assert allowed.account == 0
    assert timedelta(0) < allowed.wait < timedelta(milliseconds=110)


def test_claims_take_from_the_account_whatever_the_clinic(settings):
    settings.MAIL_PER_SECOND = 50.0
    asked()

    claimed(after(seconds=1), c1=4, c2=3)

    assert asked(after(seconds=1)).account == 3


def test_limited_clinic_is_counted_beside_an_unlimited_account(clinic):
    asked()

    claimed(after(seconds=1), c999999=50, **of(clinic, 2))

    allowed = asked(after(seconds=1))
    assert (allowed.account, allowed.clinics) == (None, {clinic.pk: 0})
    assert timedelta(0) < allowed.clinic_wait < timedelta(milliseconds=110)


def test_new_clinics_bucket_is_asked_again_soon(clinic):
    allowed = asked()

    assert (allowed.clinics, allowed.clinic_wait) == ({clinic.pk: 0}, BUSY)


def test_day_of_a_clinic_is_spent_until_midnight():
    clinic = factories.clinic(mails_per_day=3)
    asked()
    claimed(after(minutes=1), **of(clinic, 3))

    allowed = asked(after(minutes=1))

    assert allowed.clinics == {clinic.pk: 0}
    assert allowed.clinic_wait == timedelta(hours=7, minutes=59)
    assert asked(after(hours=8)).clinics == {clinic.pk: 3}


def test_more_than_allowed_is_an_error_and_undoes_the_claim(settings):
    settings.MAIL_PER_DAY = 5

    with pytest.raises(ValueError, match="5 were allowed"):
        claimed(NOW, c1=6)

    assert asked().account == 5


def test_taking_from_a_clinics_bucket_that_is_not_held_is_an_error(clinic):
    with pytest.raises(ValueError, match="not held"):
        claimed(NOW, **of(clinic, 1))


def test_what_is_given_back_is_taken_off_the_days_count(settings):
    settings.MAIL_PER_DAY = 10
    clinic = factories.clinic(mails_per_day=8)
    asked()
    claimed(NOW, c999999=1, **of(clinic, 5))

    give_back(CHANNEL, {clinic.pk: 4, 999999: 1}, now=after(minutes=5))

    allowed = asked(after(minutes=5))
    assert (allowed.account, allowed.clinics) == (9, {clinic.pk: 7})


def test_given_back_never_fills_a_second_anew(settings):
    settings.MAIL_PER_SECOND = 50.0
    asked()
    claimed(after(seconds=1), c1=10)

    give_back(CHANNEL, {1: 10}, now=after(seconds=1))

    assert asked(after(seconds=1)).account == 0


@pytest.mark.parametrize("claimed_at", [None, NOW])
def test_given_back_after_midnight_leaves_the_new_day_alone(settings, claimed_at):
    settings.MAIL_PER_DAY = 10
    claimed(NOW, c1=5)
    midnight = after(hours=8)
    claimed(midnight, c1=4)

    give_back(CHANNEL, {1: 5}, now=midnight + timedelta(minutes=2), claimed_at=claimed_at)

    assert asked(midnight + timedelta(minutes=2)).account == 6


def test_giving_back_more_than_was_taken_stops_at_none(settings):
    settings.MAIL_PER_DAY = 10
    claimed(NOW, c1=2)

    give_back(CHANNEL, {1: 7}, now=NOW)

    assert bucket_of(f"channel:{CHANNEL}").taken_today == 0


def test_bucket_begun_anew_on_a_clock_set_back_fills_again(clinic):
    asked(after(days=300))

    asked(NOW)

    assert asked(after(seconds=1)).clinics == {clinic.pk: 2}


def test_limit_taken_away_is_no_limit_any_more(clinic):
    asked()
    clinic.mails_per_second = None
    clinic.save()

    assert asked().clinics == {}
