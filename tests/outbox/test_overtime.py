"""A block that may take so long and no longer."""

import signal
import threading
import time

import pytest

from aftercare.outbox import overtime, stopping
from aftercare.outbox.overtime import TookTooLong, within


def test_block_that_goes_on_is_ended():
    with pytest.raises(TookTooLong), within(0.05):
        time.sleep(10)


def test_block_that_ends_in_time_is_left_alone_and_so_is_what_follows():
    with within(0.05):
        pass

    time.sleep(0.1)


def test_block_has_little_time_left_once_the_process_is_asked_to_end(monkeypatch):
    monkeypatch.setattr(overtime, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(overtime, "STOPPING_SECONDS", 0.05)
    started = time.monotonic()
    stopping.ask()
    try:
        with pytest.raises(TookTooLong), within(60):
            time.sleep(10)
    finally:
        stopping.reset()

    assert time.monotonic() - started < 5


def test_alarms_of_others_are_theirs_again_afterwards():
    before = signal.getsignal(signal.SIGALRM)

    with within(1):
        pass

    assert signal.getsignal(signal.SIGALRM) is before


def test_thread_beside_the_main_one_is_not_interrupted():
    done = []

    def work():
        with within(0.01):
            time.sleep(0.05)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)

    assert done
