"""A mail provider's HTTP API, real and on loopback: keeps every message it took, misbehaves on request."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from config.mail import REPORT_PROOFS
from tests.services.dialects import DIALECTS, Answer, Kind, Mail

Trouble = Literal["hang", "drip", "drop", "cut", "half", "garbage", "no id", "slow"]
LONG = 3600
DRIP_SECONDS = 0.05
ALWAYS = 1_000_000
USELESS = {"garbage": Answer(body="<html>Welcome</html>"), "no id": Answer()}


@dataclass
class Fault:
    """What to do instead of answering as usual, to how many requests, and for which recipient only.

    ``what`` is an :class:`Answer`, given without taking the message unless it says ``taken``, or a word:

    - "cut": the line is cut before the message was read; it was not taken (never for one recipient only)
    - "hang": taken, and no answer ever comes
    - "drip": taken, and the answer comes letter by letter, without end
    - "drop": taken, and the line is closed without an answer
    - "half": taken, and the answer breaks off in the middle
    - "garbage": taken, and the answer is 200 and no JSON
    - "no id": taken, and the answer is 200 and JSON without the provider's id
    - "slow": taken and answered as usual, after ``seconds``; its idempotency key is in use until then
    """

    what: Answer | Trouble
    times: int = ALWAYS
    recipient: str = ""
    seconds: float = 0.0

    def applies(self, recipient: str) -> bool:
        return self.times > 0 and self.recipient in {"", recipient}


@dataclass
class KnownKey:
    """An idempotency key: of which request, and its answer; None while that request is under way."""

    body: Mapping[str, Any]
    answer: Answer | None = None


@dataclass
class ProviderServer:
    """Speaks as the provider ``kind``; tests read what it took, and set faults.

    ``accepted`` has one entry for each time a message would reach its patient, ``requests`` every one that
    was read, and ``calls`` counts also those that were cut before. Each answer comes after ``delay_seconds``.
    """

    kind: Kind = "resend"
    delay_seconds: float = 0.0
    calls: int = 0
    accepted: list[Mail] = field(default_factory=list)
    requests: list[Mail] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    keys: dict[str, KnownKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dialect = DIALECTS[self.kind]
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.http = Listener(("127.0.0.1", 0), Conversation)
        self.http.provider = self
        serve = {"poll_interval": 0.02}
        threading.Thread(target=self.http.serve_forever, kwargs=serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/"

    def environ(self) -> dict[str, str]:
        """The environment variables of a deployment that sends through this server."""
        needed, _optional = REPORT_PROOFS[self.kind]
        proofs = {
            name: "whsec_c2VjcmV0" if "SIGNING" in name else "reporter:only-for-tests-0123" for name in needed
        }
        chosen = {"EMAIL_URL": "", "EMAIL_PROVIDER": self.kind}
        return {**chosen, **proofs, **self.dialect.variables(self.url)}

    def misbehave(
        self, what: Answer | Trouble, *, times: int = ALWAYS, recipient: str = "", seconds: float = 0.0
    ) -> Fault:
        """Adds a fault; the first that applies wins. See :class:`Fault`."""
        assert not (what == "cut" and recipient), "who it is for is not known before it was read"
        self.faults.append(Fault(what, times, recipient, seconds))
        return self.faults[-1]

    def behave(self) -> None:
        self.faults.clear()
        self.delay_seconds = 0.0

    def forget_keys(self) -> None:
        """As if the lifetime of every idempotency key were over."""
        with self.lock:
            self.keys.clear()

    def copies(self) -> Counter[str]:
        """How many copies of each message, by our own id, would reach the patient."""
        with self.lock:
            return Counter(mail.message_id for mail in self.accepted)

    def to(self, recipient: str) -> list[Mail]:
        with self.lock:
            return [mail for mail in self.accepted if mail.recipient == recipient]

    def close(self) -> None:
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()

    def begin(self) -> bool:
        """Counts a request. True if it is to be cut before it is read."""
        with self.lock:
            self.calls += 1
            fault = next((each for each in self.faults if each.what == "cut" and each.times > 0), None)
            if fault:
                fault.times -= 1
            return fault is not None

    def receive(self, mail: Mail) -> tuple[Fault | None, Answer]:
        """Takes the message, or not, and tells the answer and the fault to play while giving it."""
        with self.lock:
            self.requests.append(mail)
            faults = (each for each in self.faults if each.what != "cut" and each.applies(mail.recipient))
            fault = next(faults, None)
            if fault:
                fault.times -= 1
        if fault and isinstance(fault.what, Answer):
            if fault.what.taken:
                self.take(mail, seconds=0.0)
            return fault, fault.what
        slow = fault.seconds if fault else 0.0
        answer = self.take(mail, seconds=slow + self.delay_seconds)
        return fault, USELESS.get(str(fault.what), answer) if fault else answer

    def take(self, mail: Mail, *, seconds: float) -> Answer:
        """Accepts the message unless its key says that this happened before."""
        with self.lock:
            if known := self.keys.get(mail.key):
                return self.dialect.repeated(mail.body == known.body, known.answer)
            known = KnownKey(mail.body)
            if mail.key:
                self.keys[mail.key] = known
        if seconds:
            self.closing.wait(seconds)
        with self.lock:
            mail = replace(mail, provider_message_id=f"esp-{len(self.accepted) + 1}", at=time.time())
            self.accepted.append(mail)
            known.answer = self.dialect.accepted(mail)
            return known.answer


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    provider: ProviderServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about; anything else is a defect of a test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Conversation(BaseHTTPRequestHandler):
    """One connection of a client, kept open between requests as providers do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def do_POST(self) -> None:
        provider = self.server.provider
        self.close_connection = True
        if provider.begin():
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault, answer = provider.receive(provider.dialect.read(self.headers, body))
        if fault and fault.what == "hang":
            provider.closing.wait(LONG)
        if fault and fault.what == "drip":
            self.drip()
        if fault is None or fault.what not in ("hang", "drip", "drop"):
            self.give(answer, half=fault is not None and fault.what == "half")

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(LONG * 1000))
        self.end_headers()
        while not self.server.provider.closing.wait(DRIP_SECONDS):
            self.wfile.write(b" ")

    def give(self, answer: Answer, *, half: bool) -> None:
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        self.close_connection = half

    def log_message(self, *args: Any) -> None:
        pass
