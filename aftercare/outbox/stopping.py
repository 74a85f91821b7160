"""That this process was asked to stop: whoever sends finishes the message in hand and gives back the rest.

One shared byte without a lock: what a worker's main process sets is seen by the children it has forked, and a
child that is killed cannot leave anything locked.
"""

from multiprocessing.sharedctypes import RawValue

_asked = RawValue("b", 0)


def ask() -> None:
    _asked.value = 1


def reset() -> None:
    """At the start of a process that goes on after another was stopped."""
    _asked.value = 0


def asked() -> bool:
    return bool(_asked.value)
