"""A request to stop reaches the children a worker has forked, and is forgotten by the next start."""

import multiprocessing

import pytest

from aftercare.outbox import stopping


@pytest.fixture(autouse=True)
def afresh():
    stopping.reset()
    yield
    stopping.reset()


def test_nobody_is_asked_at_first():
    assert not stopping.asked()


def test_request_can_be_made_twice_and_taken_back():
    stopping.ask()
    stopping.ask()
    asked = stopping.asked()
    stopping.reset()

    assert (asked, stopping.asked()) == (True, False)


def answer(told, answers):
    answers.send(stopping.asked())
    told.wait(10)
    answers.send(stopping.asked())


def test_child_forked_before_the_request_sees_it():
    forking = multiprocessing.get_context("fork")
    told, (here, there) = forking.Event(), forking.Pipe()
    child = forking.Process(target=answer, args=(told, there))
    child.start()
    before = here.poll(10) and here.recv()

    stopping.ask()
    told.set()

    assert (before, here.poll(10) and here.recv()) == (False, True)
    child.join(10)
