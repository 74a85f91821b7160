"""An end to every call: a server that drips its answer stays within the time-out of each read, for ever."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AGAIN_SECONDS = 5.0
"""Between two alarms, should the first be swallowed by what it interrupts."""


class TookTooLong(TimeoutError):
    """The call was not over in its time. A TimeoutError, as one read's is: libraries treat both alike."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TookTooLong in the block, whatever it is doing, once so many seconds are over.

    Only in a process's main thread, where signals arrive and senders work. Elsewhere, as for a test mail from
    the console, the time-out of each read has to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(*_signal: Any) -> None:
    raise TookTooLong("The mail service took too long to answer.")
