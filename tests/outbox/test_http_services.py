"""Through anymail and real HTTP to a server on loopback: what each of its faults does to the message."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.sending import drain

pytestmark = pytest.mark.django_db
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "esp-7", "To": "amara@example.com"}


class Service(HTTPServer):
    """Answers as Postmark does, or as the test says; remembers what it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.headers, self.received = (200, json.dumps([TAKEN])), {}, []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        if self.server.answer is None:
            return  # the connection closes without an answer
        status, text = self.server.answer
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text) + self.server.headers.get("X-Missing", 0)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings):
    server = Service()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "t",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
    }
    settings.ANYMAIL_REQUESTS_TIMEOUT = (2, 2)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(at, service, scheduled):
    """Drains, and returns the message as it is then."""

    def once():
        drain(deadline=at.now + timedelta(minutes=1))
        return ScheduledMessage.objects.get(pk=scheduled.pk)

    return once


def test_message_taken_keeps_the_services_own_id(run, service):
    message = run()

    assert (message.status, message.provider_message_id) == ("sent", "esp-7")
    assert message.attempts.get().provider == "Postmark"


def test_service_is_given_both_parts_our_id_and_no_tracking(run, service):
    message = run()

    [sent] = service.received
    assert sent["Metadata"] == {"message_id": str(message.pk)}
    assert (sent["TrackOpens"], sent["TrackLinks"]) == (False, "None")
    assert sent["HtmlBody"]
    assert sent["TextBody"]
    names = {header["Name"] for header in sent["Headers"]}
    assert {"Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"} <= names


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        ((200, "not json"), "unconfirmed", "answer_lost"),
        (None, "unconfirmed", "answer_lost"),
        ((500, "{}"), "unconfirmed", "answer_lost"),
        ((502, "bad gateway"), "unconfirmed", "answer_lost"),
        ((422, '{"ErrorCode": 300, "Message": "no"}'), "failed", "refused"),
        ((401, "{}"), "scheduled", "channel_refused"),
        ((429, "{}"), "scheduled", "waiting_to_retry"),
        ((503, "{}"), "scheduled", "waiting_to_retry"),
    ],
)
def test_answer_decides_what_becomes_of_the_message(run, service, answer, status, why):
    service.answer = answer

    message = run()

    assert (message.status, message.why) == (status, why)
    assert len(service.received) == 1


def test_answer_that_breaks_off_leaves_the_message_in_doubt(run, service):
    service.headers = {"X-Missing": 100}

    assert run().status == "unconfirmed"


def test_retry_comes_no_earlier_than_the_service_asked(run, service, at):
    service.answer, service.headers = (429, "{}"), {"Retry-After": "600"}

    assert run().due_at >= at.now + timedelta(seconds=600)


def test_service_that_is_away_costs_no_more_than_time(run, service, at):
    service.shutdown()
    service.server_close()

    message = run()

    assert (message.status, message.why) == ("scheduled", "waiting_to_retry")
    assert message.attempts.get().outcome == "not_sent"
