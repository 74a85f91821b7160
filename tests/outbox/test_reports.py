"""A report as it is stored, and what makes two of them one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from anymail.signals import AnymailTrackingEvent

from aftercare.outbox.reports import TELLING, read

AT = datetime(2026, 3, 28, 16, 5, tzinfo=UTC)
OURS = "0b0b7a0e-6c1e-4a53-9a4d-7b2b8f6f0c11"


def event(**over):
    fields = {
        "event_type": "delivered",
        "timestamp": AT,
        "message_id": "esp-7",
        "metadata": {"message_id": OURS},
        "recipient": "Amara@Example.com",
        "esp_event": {},
        **over,
    }
    return read(AnymailTrackingEvent(**fields), provider=over.get("provider", "Postmark"), now=AT)


@pytest.mark.parametrize(
    "event_type", ["opened", "clicked", "subscribed", "autoresponded", "unknown", "inbound"]
)
def test_report_that_says_nothing_about_delivery_is_left_out(event_type):
    assert event(event_type=event_type) is None


@pytest.mark.parametrize("event_type", sorted(TELLING))
def test_report_about_delivery_is_read(event_type):
    assert event(event_type=event_type).event_type == event_type


def test_report_holds_our_id_the_services_id_and_a_comparable_address():
    found = event()

    assert (found.message_key, found.provider_message_id, found.recipient) == (
        OURS,
        "esp-7",
        "amara@example.com",
    )


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"recipient": "AMARA@example.com"},
        {"timestamp": AT.astimezone(timezone(timedelta(hours=2)))},
        {"event_id": "another"},
        {"description": "worded otherwise"},
    ],
)
def test_fingerprint_is_that_of_the_same_report(same):
    assert event(**same).fingerprint == event().fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"recipient": "bo@example.com"},
        {"timestamp": AT + timedelta(seconds=1)},
        {"timestamp": None},
        {"event_type": "bounced"},
        {"message_id": "esp-8"},
        {"provider": "Brevo"},
    ],
)
def test_fingerprint_is_not_that_of_another_report(other):
    assert event(**other).fingerprint != event().fingerprint


def test_fingerprint_takes_our_id_where_the_service_has_none():
    assert event(message_id=None).fingerprint != event(message_id=None, metadata={}).fingerprint


def test_our_id_may_come_as_a_tag_of_a_service_that_keeps_no_metadata():
    assert event(metadata=None, tags=["aftercare", OURS]).message_key == OURS


@pytest.mark.parametrize("tags", [None, [None], ["aftercare"], "text", 7])
def test_tag_that_is_no_id_of_ours_is_none(tags):
    assert event(metadata=None, tags=tags).message_key == ""


def test_time_without_a_zone_is_that_of_utc():
    assert event(timestamp=AT.replace(tzinfo=None)).happened_at == AT


def test_text_is_cut_to_what_the_database_holds():
    found = event(message_id="9" * 999, description="a\x00b\ud800", mta_response="x" * 5_000)

    assert len(found.provider_message_id) == 255
    assert found.detail.startswith("ab?")
    assert len(found.detail) == 1000


@pytest.mark.parametrize(("kind", "known"), [("email.failed", "failed"), ("email.suppressed", "rejected")])
def test_newer_reports_of_resend_are_read(kind, known):
    found = read(
        AnymailTrackingEvent(event_type="unknown", esp_event={"type": kind}), provider="Resend", now=AT
    )

    assert found.event_type == known
