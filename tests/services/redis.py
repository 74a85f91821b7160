"""A private Redis server on a free port of the loopback address, without persistence."""

import shutil
import tempfile
from pathlib import Path

import pytest
from redis import Redis

from tests.services.processes import Process, accepts_connections, free_port

INSTALL = "Redis's server is not installed. Debian, Ubuntu: apt-get install redis-server"


class RedisServer:
    def __init__(self) -> None:
        self.port, self.folder = free_port(), Path(tempfile.mkdtemp(prefix="aftercare-redis-"))
        program = shutil.which("redis-server") or pytest.fail(INSTALL)
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        command = [program, "--port", str(self.port), *options]
        self.process = Process(command, self.folder / "server.log")
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def start(self) -> None:
        if not self.process.alive():
            self.process.start().until(lambda: accepts_connections(self.port), "Redis")

    def empty(self) -> None:
        """Running and with nothing in it, whatever a test did to it before."""
        self.start()
        with self.client() as client:
            client.flushall()

    def restart(self) -> None:
        """Cuts every connection and comes back empty."""
        self.process.kill()
        self.start()

    def close(self) -> None:
        self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
