"""Real processes to harm, sinks that judge, and the table of what was promised and what held."""

import sys

import pytest

from tests.engine.conftest import Engine
from tests.engine.faults.series import Run, Series
from tests.services.provider import ProviderServer

LOG_END = 1500  # characters


class HarmedEngine(Engine):
    """An engine whose processes come and go; what it starts may be starting still."""

    def worker(self, concurrency=1, **variables):
        return self.deployment.launch_worker(concurrency=concurrency, **variables)

    def beat(self, **variables):
        return self.deployment.launch_beat(**variables)

    def sends_through(self, provider):
        self.deployment.environ.update(provider.environ())

    def last_words(self):
        return "\n".join(
            f"--- {process.log.name} ends:\n{process.printed()[-LOG_END:]}"
            for process in self.deployment.processes
        )


@pytest.fixture
def engine(deployment, mailbox):
    running = HarmedEngine(deployment, mailbox)
    yield running
    sys.stdout.write(running.last_words())  # pytest shows it when the test failed


@pytest.fixture
def runs(mailbox, record_property):
    """The runs of a fault by its name; the mail server is the sink unless another is given."""
    series = Series()

    def of(fault, sink=mailbox, make=Run):
        return series.runs(fault, sink, make)

    yield of
    for tally in series.tallies:
        record_property("fault", str(tally))


@pytest.fixture
def provider_of():
    """Starts a mail provider of a kind, all closed at the end."""
    started = []

    def start(kind):
        started.append(ProviderServer(kind))
        return started[-1]

    yield start
    for provider in started:
        provider.close()
