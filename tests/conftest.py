"""Where the tests keep their rows: SQLite in memory or in a file, or PostgreSQL."""

import gc
import os
import sys
from collections import Counter
from itertools import zip_longest

import dj_database_url
import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connections
from hypothesis import settings as hypothesis_settings

from tests import schema
from tests.services.processes import ROOT

pytest_plugins = ["tests.services.plugin"]

# A busy machine is no defect: what must be fast is measured by the benchmarks.
hypothesis_settings.register_profile("aftercare", deadline=None)
hypothesis_settings.load_profile("aftercare")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    """PostgreSQL where a selected test needs it; ``TEST_DATABASE_URL`` names a server that runs already.

    Beside a browser SQLite uses a file, as threads that share one connection in memory share its transaction.
    """
    if os.environ.get("TEST_DATABASE_URL"):
        return
    if request.config.getoption("postgres") or selected(request.session, "services"):
        use_database(request.getfixturevalue("postgres").url())
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = schema.NAME
        return
    schema.fill_on_creation(connections["default"])
    schema.flush_history_too()
    if selected(request.session, "browser"):
        connections["default"].settings_dict["TEST"]["NAME"] = str(settings.AFTERCARE_VAR / "tests.sqlite3")


def pytest_configure():
    """Walks over the console begin at what is registered, before any address has been asked for.

    What is loaded stays, and is not searched for garbage again and again: some 5 % of the time.
    """
    gc.set_threshold(50_000, 20, 100)
    admin.autodiscover()


def pytest_collection_modifyitems(config, items):
    """On PostgreSQL only what may say something about a database runs once more."""
    items[:] = longest_first(items)
    if config.getoption("postgres"):
        once_is_enough = [item for item in items if not depends_on_database(item)]
        config.hook.pytest_deselected(items=once_is_enough)
        items[:] = [item for item in items if depends_on_database(item)]


def pytest_collection_finish():
    gc.collect()
    gc.freeze()


def longest_first(items):
    """Tests on servers last up to a minute: a long one that began last would leave the other cores idle.

    Those of the engine mostly wait, so each begins beside one that works: a benchmark, or a whole site.
    """
    on_servers = [item for item in items if item.get_closest_marker("services")]
    waiting = [item for item in on_servers if item.path.is_relative_to(ROOT / "tests/engine")]
    working = [item for item in on_servers if item.path.name in {"test_runs.py", "test_run.py"}]
    mixed = [item for pair in zip_longest(waiting, working) for item in pair if item]
    begun = set(mixed)
    return [*mixed, *(item for item in items if item not in begun)]


def depends_on_database(item):
    return touches_database(item) and item.get_closest_marker("any_database") is None


def touches_database(item):
    wanted = {"db", "transactional_db", "django_db_setup"}.intersection(getattr(item, "fixturenames", ()))
    return bool(wanted) or item.get_closest_marker("django_db") is not None


def selected(session, marker):
    return any(item.get_closest_marker(marker) for item in session.items)


def use_database(url: str) -> None:
    """Points the default database elsewhere, before the test database is made there."""
    configured = connections.configure_settings({"default": dj_database_url.parse(url)})
    connections.settings["default"] = configured["default"]
    connections["default"].close()
    del connections["default"]


@pytest.fixture(autouse=True)
def no_answers_lost_before():
    """What a process remembers of mail services, and of rows, is forgotten between tests."""
    yield
    if "aftercare.checkins.approving" in sys.modules:
        sys.modules["aftercare.checkins.approving"].frozen_book.cache_clear()
    if "aftercare.outbox.batch" in sys.modules:
        sys.modules["aftercare.outbox.batch"].lost_in_a_row.clear()


def pytest_terminal_summary(terminalreporter):
    """Says how much was tried where a count says more than a green line."""
    passed = terminalreporter.stats.get("passed", [])
    counts = Counter()
    for name, count in (each for report in passed for each in report.user_properties):
        counts[name] += count if isinstance(count, int) else 0
    if counts["triples"]:
        terminalreporter.write_line(
            f"Another clinic's rows: {counts['triples']:,} (address, role, object) triples tried, no leak"
        )
    if counts["parameters"]:
        terminalreporter.write_line(
            f"Another clinic's ids in parameters: {counts['parameters']:,} requests tried, no leak"
        )
    if counts["rules"] and counts["combinations"] and not terminalreporter.stats.get("failed"):
        terminalreporter.write_line(
            f"Triage: {counts['rules']} rules, {counts['combinations']:,} answer combinations tried, "
            "zero violations"
        )
