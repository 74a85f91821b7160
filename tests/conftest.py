"""Where the tests of this run keep their rows: SQLite in memory, or a PostgreSQL server of their own."""

import os

import dj_database_url
import pytest
from django.db import connections

pytest_plugins = ["tests.services.plugin"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    """PostgreSQL where a selected test needs it; ``TEST_DATABASE_URL`` names a server that runs already."""
    needed = any(item.get_closest_marker("services") for item in request.session.items)
    if (needed or request.config.getoption("postgres")) and not os.environ.get("TEST_DATABASE_URL"):
        use_database(request.getfixturevalue("postgres").url())


def use_database(url: str) -> None:
    """Points the default database elsewhere, before the test database is made there."""
    configured = connections.configure_settings({"default": dj_database_url.parse(url)})
    connections.settings["default"] = configured["default"]
    connections["default"].close()
    del connections["default"]
