"""CPU time and memory of processes and all they start, and whether the machine is quiet."""

from collections.abc import Iterable

import psutil


def cpu_of(pids: Iterable[int]) -> float:
    """Seconds of CPU, user and system, of the processes, their children and those that ended."""
    return sum(_cpu_of_family(pid) for pid in pids)


def _cpu_of_family(pid: int) -> float:
    try:
        main = psutil.Process(pid)
        family = [main, *main.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_cpu_of_one(process) for process in family)


def _cpu_of_one(process: psutil.Process) -> float:
    """With that of its children that have ended and been waited for."""
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return spent.user + spent.system + spent.children_user + spent.children_system
