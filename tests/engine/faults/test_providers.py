"""A mail provider's HTTP API that loses answers, refuses, and asks for a pause."""

import time

import pytest

from tests.services.dialects import Answer
from tests.services.processes import wait_for

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the provider takes for a message
RETRY_AFTER = 3  # seconds
WATCHED = 3  # seconds
LOST_ANSWERS = {
    "500 after it took one": Answer(500, taken=True),
    "500": Answer(500),
    "no answer": "hang",
    "line dropped after it took one": "drop",
    "half an answer": "half",
    "an answer that is no JSON": "garbage",
    "an answer without an id": "no id",
}


@pytest.fixture
def sending(engine, provider_of):
    """A provider of a kind, and processes that send through it."""

    def through(kind):
        provider = provider_of(kind)
        engine.sends_through(provider)
        engine.beat()
        engine.worker(TESTS_CALL_SECONDS="1").until_printed("ready.")
        return provider

    return through


@pytest.mark.parametrize(("kind", "unknown"), [("postmark", 1), ("resend", 0), ("brevo", 0)])
def test_lost_answer_is_in_doubt_only_where_the_provider_has_no_keys(sending, runs, subtests, kind, unknown):
    """Where it has, the same try is made again with the same key, and the provider takes it once."""
    provider = sending(kind)
    for name, fault in LOST_ANSWERS.items():
        with subtests.test(name):
            for run in runs(f"{kind.title()}: {name}", provider):
                provider.misbehave(fault, times=1)
                run.due(12)
                run.until_settled(hurried=True)
                run.judge(unknown=unknown)


@pytest.mark.parametrize("kind", ["resend", "brevo"])
def test_killed_worker_leaves_no_doubt_where_the_provider_has_keys(engine, provider_of, runs, kind):
    provider = provider_of(kind)
    provider.delay_seconds = PACE
    engine.sends_through(provider)
    engine.beat()
    workers = [engine.worker()]
    for run in runs(f"{kind.title()}: worker killed (-9)", provider):
        workers.append(engine.worker())
        run.due(30)
        run.any_instant()
        workers.pop(0).kill()
        run.until_settled(hurried=True)
        run.judge()


def test_answer_that_comes_after_the_lease_is_over_changes_nothing(engine, provider_of, runs):
    provider = provider_of("postmark")
    engine.sends_through(provider)
    engine.beat()
    for _ in range(2):
        engine.worker()
    for run in runs("Postmark: an answer after the lease is over", provider):
        provider.misbehave("slow", seconds=6, times=1)
        run.due(12)
        run.until_settled(hurried=True)
        wait_for(lambda: run.reached() == 12, "the slow one")  # noqa: B023
        run.judge(unknown=1)


def test_pause_that_the_provider_asks_for_is_kept(sending, runs):
    provider = sending("resend")
    for run in runs("Resend: 429 with Retry-After", provider):
        before = provider.calls
        provider.misbehave(Answer(429, headers={"Retry-After": str(RETRY_AFTER)}), times=1)
        run.due(20)
        wait_for(lambda: provider.calls > before, "the refusal")  # noqa: B023
        time.sleep(RETRY_AFTER)
        run.expect(provider.calls == before + 1, "left alone for as long as it asked")
        run.until_settled(hurried=True)
        run.judge()


def test_provider_that_refuses_our_log_in_is_left_alone_until_it_is_mended(sending, runs):
    provider = sending("resend")
    for run in runs("Resend: 401 until mended", provider):
        before = provider.calls
        provider.misbehave(Answer(401))
        run.due(60)
        wait_for(lambda: provider.calls > before, "the refusal")  # noqa: B023
        time.sleep(WATCHED)
        run.expect(provider.calls <= before + 2, "left alone")
        run.expect(set(run.counted()) == {"scheduled"}, "kept")
        provider.behave()
        run.until_settled(hurried=True)
        run.judge()
