"""The folder that mail goes to in the embedded set-up, as a sink; and the disk beneath it."""

import resource
from collections import Counter
from pathlib import Path

import psutil

EVERYTHING = resource.RLIM_INFINITY


class MailFolder:
    delay_seconds = 0.0

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def copies(self) -> Counter[str]:
        return Counter(file.name for file in self.path.glob("*.eml"))


def room(processes, size: int = EVERYTHING) -> None:
    """Lets no file of these processes and their children grow beyond so many bytes, as on a full disk."""
    for process in processes:
        parent = psutil.Process(process.pid)
        for each in (parent, *parent.children(recursive=True)):
            each.rlimit(psutil.RLIMIT_FSIZE, (size, EVERYTHING))
