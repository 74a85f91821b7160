"""A draft sent to its writer: marked, counted, limited, and never to anybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from aftercare.content.models import TestMail
from aftercare.content.rendering import Rendered
from aftercare.outbox.models import Attempt, ScheduledMessage
from aftercare.outbox.refusing import Refused
from aftercare.outbox.sending_tests import MOST_AN_HOUR, send_test
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
MESSAGE = Rendered("A note", "<html><body class='x'><p>Rest well.</p></body></html>", "Rest well.\n")

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def version(clinic):
    return factories.draft_version(factories.template(clinic))


@pytest.fixture
def writer(clinic):
    return factories.user(clinic, email="writer@example.com")


def test_test_goes_to_the_writer_alone_and_is_marked(version, writer):
    send_test(version, MESSAGE, to=writer, now=NOW)

    sent = mail.outbox[0]
    html = sent.alternatives[0][0]
    assert [sent.to, sent.cc, sent.bcc] == [["writer@example.com"], [], []]
    assert sent.subject == "[Test] A note"
    assert sent.body.startswith("This is a test of a draft.")
    assert "This is a test of a draft." in html
    assert "Rest well." in html


def test_test_makes_no_message_and_no_attempt(version, writer):
    send_test(version, MESSAGE, to=writer, now=NOW)

    assert not ScheduledMessage.objects.exists()
    assert not Attempt.objects.exists()
    assert TestMail.objects.get().user == writer


def test_user_without_an_address_is_told_so(version, clinic):
    with pytest.raises(Refused, match="no e-mail address"):
        send_test(version, MESSAGE, to=factories.user(clinic, email=""), now=NOW)

    assert mail.outbox == []


def test_eleventh_test_in_an_hour_is_refused_and_one_later_is_not(version, writer):
    for minute in range(MOST_AN_HOUR):
        send_test(version, MESSAGE, to=writer, now=NOW + timedelta(minutes=minute))

    with pytest.raises(Refused, match="in the last hour"):
        send_test(version, MESSAGE, to=writer, now=NOW + timedelta(minutes=30))
    send_test(version, MESSAGE, to=writer, now=NOW + timedelta(minutes=61))

    assert len(mail.outbox) == MOST_AN_HOUR + 1


def test_another_users_tests_do_not_count(version, clinic, writer):
    for _each in range(MOST_AN_HOUR):
        send_test(version, MESSAGE, to=writer, now=NOW)

    send_test(version, MESSAGE, to=factories.user(clinic, email="other@example.com"), now=NOW)

    assert mail.outbox[-1].to == ["other@example.com"]


def test_test_counts_towards_the_days_limit_of_the_account(version, writer, settings):
    settings.MAIL_PER_DAY = 2
    now = timezone.now()

    send_test(version, MESSAGE, to=writer, now=now)
    send_test(version, MESSAGE, to=writer, now=now)
    with pytest.raises(Refused, match="limit is reached"):
        send_test(version, MESSAGE, to=writer, now=now)

    assert len(mail.outbox) == 2


def test_mail_service_that_takes_nothing_is_told_and_the_try_is_counted(version, writer, settings):
    settings.EMAIL_BACKEND = "tests.outbox.failing.Backend"

    with pytest.raises(Refused, match="did not take the test"):
        send_test(version, MESSAGE, to=writer, now=NOW)

    assert TestMail.objects.count() == 1
