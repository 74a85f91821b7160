"""An end to every call: a server that drips its answer stays within the time-out of each read, for ever."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aftercare.outbox import stopping

LOOK_SECONDS = 0.5
"""Between two alarms: how soon a call notices that its process should end, and when one that was swallowed by
what it interrupted comes again."""
STOPPING_SECONDS = 6.0
"""What is left to a call once its process is asked to end; within ten seconds it must be gone."""


class TookTooLong(TimeoutError):
    """The call was not over in its time. A TimeoutError, as one read's is: libraries treat both alike."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TookTooLong in the block, whatever it is doing, once so many seconds are over.

    Sooner when the process is asked to end. A process that was frozen meanwhile loses an answer that lies
    there unread: the call is in doubt then. Only in a process's main thread, where signals arrive and senders
    work; elsewhere, as for a test mail from the console, the time-out of each read has to do. Never nested.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _Alarm(seconds).ring)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, LOOK_SECONDS), LOOK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Alarm:
    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._hurried = False

    def ring(self, *_signal: Any) -> None:
        now = time.monotonic()
        if stopping.asked() and not self._hurried:
            self._hurried, self._ends_at = True, min(self._ends_at, now + STOPPING_SECONDS)
        left = self._ends_at - now
        if left <= 0:
            raise TookTooLong("The mail service took too long to answer.")
        signal.setitimer(signal.ITIMER_REAL, min(left, LOOK_SECONDS), LOOK_SECONDS)
