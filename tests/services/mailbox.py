"""A real SMTP server on loopback that keeps every message it took, and can misbehave on request."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.services.processes import free_port

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's line for every command

Stage = Literal["mail", "rcpt", "data"]
OK = "250 2.0.0 taken"
WORDS = ("hang", "drip", "drop")
DRIP_SECONDS = 0.05
LONG = 3600


@dataclass
class Fault:
    """What to do instead of answering OK at a stage, to how many commands, and for which recipient only.

    ``answer``: a reply ("451 4.3.0 come back later"), "hang" (say nothing), "drip" (never come to the reply's
    end), or "drop" (cut the line). At the stage "data" the message has been taken by then when the server
    hangs, drips or drops, and not when it replies.
    """

    stage: Stage
    answer: str
    times: int = 1_000_000
    recipient: str = ""

    def applies(self, stage: Stage, recipients: list[str]) -> bool:
        return self.stage == stage and self.times > 0 and (not self.recipient or self.recipient in recipients)


class Mailbox:
    """The handler that aiosmtpd calls; tests read ``messages`` and set faults."""

    def __init__(self) -> None:
        self.port = free_port()
        self.delay_seconds = 0.0
        self.faults: list[Fault] = []
        self.messages: list[EmailMessage] = []
        self.pipelining = True
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def misbehave(self, stage: Stage, answer: str, *, times: int = 1_000_000, recipient: str = "") -> Fault:
        """Adds a fault; the first that applies wins. See :class:`Fault`."""
        self.faults.append(Fault(stage, answer, times, recipient))
        return self.faults[-1]

    def behave(self) -> None:
        self.faults.clear()
        self.delay_seconds = 0.0

    def copies(self) -> Counter[str]:
        """How many copies of each Message-ID were taken."""
        return Counter(str(message["Message-ID"]) for message in self.messages)

    def to(self, recipient: str) -> list[EmailMessage]:
        return [message for message in list(self.messages) if message["X-Envelope-To"] == recipient]

    def close(self) -> None:
        self.controller.stop()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", *responses[-1:]] if self.pipelining else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.answer("mail", server, [])
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.answer("rcpt", server, [address])
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay_seconds)
        fault = self.fault("data", envelope.rcpt_tos)
        if fault is None or fault.answer in WORDS:
            self.keep(envelope)
        return await self.play(fault, server)

    def keep(self, envelope: Envelope) -> None:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        message["X-Envelope-From"] = envelope.mail_from
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.messages.append(message)

    def fault(self, stage: Stage, recipients: list[str]) -> Fault | None:
        return next((fault for fault in self.faults if fault.applies(stage, recipients)), None)

    async def answer(self, stage: Stage, server: SMTP, recipients: list[str]) -> str:
        return await self.play(self.fault(stage, recipients), server)

    async def play(self, fault: Fault | None, server: SMTP) -> str:
        if fault is None:
            return OK
        fault.times -= 1
        if fault.answer == "hang":
            await asyncio.sleep(LONG)
        if isinstance(server.transport, asyncio.WriteTransport):
            if fault.answer == "drip":
                await drip(server.transport)
            if fault.answer == "drop":
                server.transport.abort()
        return "421 4.3.2 closing" if fault.answer in WORDS else fault.answer


async def drip(line: asyncio.WriteTransport) -> None:
    """A reply that goes on and on, letter by letter, until the client hangs up."""
    line.write(b"250 ")
    while not line.is_closing():
        await asyncio.sleep(DRIP_SECONDS)
        line.write(b".")
