"""Who sends the messages: our own engine, two peers, and the limit that smtplib sets."""

import importlib.util
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage, Status
from benchmarks.servers import Servers
from benchmarks.site import Place, forget_messages, make_due
from benchmarks.watching import Measured, Watch
from tests.services.deployment import Deployment
from tests.services.processes import Process

SETTLE_LOOK_SECONDS = 0.05


class Subject(Protocol):
    """``name`` tells it from the others; ``does`` says how it is set up."""

    does: str

    @property
    def name(self) -> str: ...

    def send(self, count: int) -> Measured:
        """Sends that many messages, from nothing, and leaves no process behind."""


@dataclass
class Engine:
    """Ours: a worker with three children and beat, as deployed; every message due at the same instant."""

    servers: Servers
    places: list[Place]
    name: str = "aftercare"
    does: str = "Celery worker -c 3 and beat, all settings at their defaults"

    def send(self, count: int) -> Measured:
        forget_messages()
        running = Deployment(self.servers.folder, self.servers.environ())
        try:
            worker = running.worker(concurrency=3)
            running.beat()
            due_at = database_now() + timedelta(seconds=5 + count / 200)
            make_due(self.places, count, due_at=due_at)
            _sleep_until(due_at.timestamp())
            watch = Watch(self.servers.sink, lambda: [worker.pid])
            return watch.until(count, _all_sent)
        finally:
            running.close()


@dataclass
class PostOffice:
    """django-post_office: mails queued beforehand, then its command until none is left."""

    servers: Servers
    peers: dict[str, str]
    later: bool
    log_level: int

    @property
    def name(self) -> str:
        when = "on delivery" if self.later else "when queued"
        return f"post_office, rendered {when}, log level {self.log_level}"

    does: str = "send_queued_mail, 2 processes of 5 threads, batches of 1,000"

    def send(self, count: int) -> Measured:
        environ = self.peers | {"POST_OFFICE_LOG_LEVEL": str(self.log_level)}
        queue = ("-m", "benchmarks.peers.post_office_queue", str(count), "later" if self.later else "now")
        _run(self.servers, environ, *queue)
        lock = str(self.servers.folder / "post_office")
        watching = _Started(self.servers, environ)
        try:
            return watching.measure(count, [("-m", "django", "send_queued_mail", "-p", "2", "-L", lock)])
        finally:
            watching.end()


@dataclass
class TaskEach:
    """A Celery task with an ETA for each message; all fall due at the same instant."""

    servers: Servers
    peers: dict[str, str]
    name: str = "Celery task with ETA"
    does: str = "worker -c 2, a connection for each message"

    def send(self, count: int) -> Measured:
        self.servers.redis.empty()
        command = ("celery", "-A", "benchmarks.peers.celery_app", "worker", "-c", "2")
        running = Deployment(self.servers.folder, self.peers)
        try:
            worker = running.start("task-each", *command).until_printed("ready.")
            eta = time.time() + 5 + count / 150
            _run(self.servers, self.peers, "-m", "benchmarks.peers.publish", str(count), str(eta))
            _sleep_until(eta)
            watch = Watch(self.servers.sink, lambda: [worker.pid])
            return watch.until(count, lambda: True)
        finally:
            running.close()


@dataclass
class Limit:
    """smtplib alone, one message ready for the wire, over one connection a process."""

    servers: Servers
    peers: dict[str, str]
    processes: int

    @property
    def name(self) -> str:
        return f"smtplib alone, {self.processes} process{'es' if self.processes > 1 else ''}"

    does: str = "the limit: nothing is looked up, rendered or written down"

    def send(self, count: int) -> Measured:
        share = count // self.processes
        command = ("-m", "benchmarks.peers.smtp_limit", str(share))
        watching = _Started(self.servers, self.peers)
        try:
            return watching.measure(share * self.processes, [command] * self.processes)
        finally:
            watching.end()


@dataclass
class Bare:
    """What our promises alone cost: three senders on our own database that claim, commit and hand over."""

    servers: Servers
    peers: dict[str, str]
    places: list[Place]
    name: str = "our promises alone"
    does: str = "3 senders; nothing is read, checked, filled in or encoded"

    def send(self, count: int) -> Measured:
        forget_messages()
        make_due(self.places, count)
        environ = self.servers.environ() | {name: self.peers[name] for name in ("SINK_PORT", "COPY_FOLDER")}
        watching = _Started(self.servers, environ)
        try:
            return watching.measure(count, [("-m", "benchmarks.peers.bare_sender")] * 3)
        finally:
            watching.end()


@dataclass
class _Started:
    """Commands that send by themselves and end when they are done."""

    servers: Servers
    environ: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    def measure(self, count: int, commands: list[tuple[str, ...]]) -> Measured:
        watch = Watch(self.servers.sink, lambda: [process.pid for process in self.processes])
        for number, command in enumerate(commands):
            log = self.servers.folder / f"command-{number}.log"
            self.processes.append(Process([sys.executable, *command], log, self.environ).start())
        return watch.until(count, self.ended)

    def ended(self) -> bool:
        return not any(process.alive() for process in self.processes)

    def end(self) -> None:
        for process in self.processes:
            process.kill()


def subjects(servers: Servers, places: list[Place], peers: dict[str, str]) -> list[Subject]:
    """Everybody who can be measured here, in the order of each round; post_office only where installed."""
    found: list[Subject] = [Engine(servers, places), Limit(servers, peers, 2), TaskEach(servers, peers)]
    if importlib.util.find_spec("post_office"):
        _run(servers, peers, "-m", "django", "migrate", "--verbosity=0")
        variants = ((True, 2), (False, 2), (True, 1))
        found += [PostOffice(servers, peers, later, level) for later, level in variants]
    return [*found, Limit(servers, peers, 1), Bare(servers, peers, places)]


def peers_environ(servers: Servers) -> dict[str, str]:
    """The variables of the peers' project, on a database of its own."""
    servers.make_database("peers")
    return servers.environ() | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings",
        "PEERS_DATABASE_URL": servers.postgres.url("peers"),
        "PEERS_REDIS_URL": servers.redis.url.removesuffix("0") + "1",
        "SINK_PORT": str(servers.sink.port),
        "COPY_FOLDER": str(servers.folder),
    }


def _run(servers: Servers, environ: dict[str, str], *command: str) -> None:
    """Runs Python to its end. Raises SystemExit with what it printed when it failed."""
    process = Process([sys.executable, *command], servers.folder / "run.log", environ).start()
    if process.wait(seconds=600):
        raise SystemExit(process.printed()[-3000:])


def _sleep_until(instant: float) -> None:
    """Raises RuntimeError when it is over: then some messages were due before all were there."""
    left = instant - time.time()
    if left < 0:
        raise RuntimeError(f"Making the messages took {-left:.0f} s longer than allowed for.")
    time.sleep(left)


def _all_sent() -> bool:
    time.sleep(SETTLE_LOOK_SECONDS)
    return not ScheduledMessage.objects.exclude(status=Status.SENT).exists()
