"""Aftercare as it is deployed: real web, worker and beat processes with one environment."""

import http.client
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.processes import ROOT, Process, free_port

ALONE = ("--without-gossip", "--without-mingle")
"""Options of each worker in docker-compose.yml."""


@dataclass
class Deployment:
    """Starts processes with ``environ`` and nothing of the caller's variables; ``close`` ends them all."""

    folder: Path
    environ: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, *, database_url: str, redis_url: str, email_url: str) -> "Deployment":
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "SITE_URL": "http://localhost",
            "AFTERCARE_VAR": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "EMAIL_URL": email_url,
            "TICK_SECONDS": "1",
            "UNDO_MINUTES": "0",
        }
        return cls(folder, environ)

    def start(self, name: str, *command: str, **variables: str) -> Process:
        """Starts ``python -m command``; variables add to or replace those of the environment."""
        log = self.folder / f"{name}-{len(self.processes)}.log"
        process = Process([sys.executable, "-m", *command], log, self.environ | variables)
        self.processes.append(process)
        return process.start()

    def worker(self, *, concurrency: int = 2, **variables: str) -> Process:
        """A Celery worker (prefork, as in production), ready for wake-ups."""
        return self.launch_worker(concurrency=concurrency, **variables).until_printed("ready.")

    def launch_worker(self, *, concurrency: int = 2, **variables: str) -> Process:
        """As :meth:`worker`, but it is still starting."""
        name = f"worker-{len(self.processes)}"
        command = ("celery", "-A", "config", "worker", *ALONE, "-c", str(concurrency), "-n", f"{name}@%h")
        return self.start(name, *command, **variables)

    def beat(self, **variables: str) -> Process:
        return self.launch_beat(**variables).until_printed("beat v")

    def launch_beat(self, **variables: str) -> Process:
        """As :meth:`beat`, but it is still starting."""
        return self.start("beat", "celery", "-A", "config", "beat", **variables)

    def loop(self, *options: str, **variables: str) -> Process:
        """``manage.py run_scheduler``, past its start."""
        process = self.start("loop", "manage", "run_scheduler", *options, **variables)
        return process.until_printed("loop_started")

    def web(self, *, workers: int = 1, **variables: str) -> "Web":
        """gunicorn on a free port; waits for the first page."""
        self.manage("collectstatic", "--noinput", **variables)
        port = free_port()
        bind = ("--bind", f"127.0.0.1:{port}", "--no-control-socket")
        size = ("--workers", str(workers), "--threads", "4")
        process = self.start("web", "gunicorn", "config.wsgi", *bind, *size, **variables)
        web = Web(process, port)
        process.until(lambda: web.status("/admin/login/") == http.HTTPStatus.OK, "web")
        return web

    def manage(self, *arguments: str, **variables: str) -> str:
        """What a management command printed; fails the test when it failed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environ | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()


@dataclass
class Web:
    process: Process
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def status(self, path: str) -> int:
        """The HTTP status of a page; 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()
