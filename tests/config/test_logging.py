"""Each event is one line of JSON, whoever writes it."""

import json
import logging

import pytest
import structlog


@pytest.fixture
def line(caplog):
    """What the console gets of the last event."""
    console = next(
        handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler
    )

    def line():
        text = console.format(caplog.records[-1])
        assert "\n" not in text
        return json.loads(text)

    return line


def test_event_of_ours_is_one_line_of_json(line):
    structlog.get_logger("aftercare.test").warning("lease_lost", message_id=7)

    event = line()
    assert (event["event"], event["message_id"], event["level"]) == ("lease_lost", 7, "warning")


def test_error_of_a_library_is_one_line_with_its_traceback(line):
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("a.library").exception("it failed")

    event = line()
    assert event["event"] == "it failed"
    assert "RuntimeError: broken" in event["exception"]
