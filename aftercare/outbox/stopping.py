"""That this process was asked to end: whoever sends looks here between two messages."""

from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue

# Shared memory without a lock: children that a worker forks see what their parent was told, and a signal's
# handler may write it at any moment.
_asked = RawValue(c_bool, False)


def ask() -> None:
    """Asks this process, and the children it forked, to begin nothing new."""
    _asked.value = True


def asked() -> bool:
    return bool(_asked.value)


def reset() -> None:
    """Takes the request back: for a process that starts."""
    _asked.value = False
