"""A mail service on loopback that takes mail as Postmark does and reports on it to the site, and twice."""

import base64
import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOGIN = "provider:a-long-enough-password"
POSTERS = 8


class MailService(ThreadingHTTPServer):
    """``taken`` are the messages it has; ``answers`` counts the HTTP statuses its reports got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def take(self, email: dict[str, Any]) -> str:
        with self.lock:
            self.taken.append(email)
            return f"esp-{len(self.taken)}"

    def taken_after(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        """What it has beyond the first ``count``, each with its number."""
        with self.lock:
            return list(enumerate(self.taken, start=1))[count:]

    def reports(self, email: dict[str, Any], number: int) -> list[dict[str, Any]]:
        """A passing delay and a delivery, the second of them twice."""
        common = {"MessageID": f"esp-{number}", "Metadata": email["Metadata"]}
        at = datetime.now(UTC).isoformat()
        delayed = {"RecordType": "Bounce", "Type": "Transient", "Email": email["To"], "BouncedAt": at}
        delivered = {"RecordType": "Delivery", "Recipient": email["To"], "DeliveredAt": at}
        return [common | report for report in (delivered, delayed, delivered)]

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: MailService

    def do_POST(self) -> None:
        email = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        email = email[0] if isinstance(email, list) else email
        answer = {"ErrorCode": 0, "Message": "OK", "MessageID": self.server.take(email), "To": email["To"]}
        body = json.dumps([answer] if self.path.endswith("batch") else answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def post_all(port: int, reports: list[dict[str, Any]], *, a_second: int) -> list[int]:
    """Posts each report at that pace, in a random order; the HTTP status of each answer."""
    random.Random(1).shuffle(reports)
    start = time.monotonic()

    def post(numbered: tuple[int, dict[str, Any]]) -> int:
        number, report = numbered
        time.sleep(max(0, start + number / a_second - time.monotonic()))  # the pace, not a wait
        return post_one(port, report)

    with ThreadPoolExecutor(POSTERS) as posters:
        return list(posters.map(post, enumerate(reports)))


def post_one(port: int, report: dict[str, Any]) -> int:
    login = base64.b64encode(LOGIN.encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/webhooks/postmark/", json.dumps(report), headers)
        return connection.getresponse().status
    finally:
        connection.close()
