"""CPU time and memory of processes and all they start, and whether the machine is quiet."""

import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
from django.db import connection

QUIET_PERCENT = 10.0
QUIET_LOOK_SECONDS = 2.0


def cpu_of(pids: Iterable[int]) -> float:
    """Seconds of CPU, user and system, of the processes, their children and those that ended."""
    return sum(map(_cpu_of_one, families(pids)))


def resident(pids: Iterable[int]) -> int:
    """Bytes resident, of the processes and their children; what they share is counted for each."""
    return sum(map(resident_of_one, families(pids)))


def resident_of_one(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def families(pids: Iterable[int]) -> Iterator[psutil.Process]:
    """The processes with all they started, as far as they still run."""
    for pid in pids:
        try:
            main = psutil.Process(pid)
            yield from (main, *main.children(recursive=True))
        except psutil.NoSuchProcess:
            continue


def busy_percent() -> float:
    """How much of the machine others use, over two seconds."""
    return psutil.cpu_percent(interval=QUIET_LOOK_SECONDS)


def machine() -> dict[str, str | int]:
    """What the numbers depend on: date, processor, versions."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0].split()[0]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": psutil.cpu_count() or 0,
        "processor": _processor(),
        "python": platform.python_version(),
        "postgresql": postgres,
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def _cpu_of_one(process: psutil.Process) -> float:
    """With that of its children that have ended and been waited for."""
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return spent.user + spent.system + spent.children_user + spent.children_system
