"""``python -m tests.engine.seed COUNT``: due messages for a database that only other processes open."""

import sys

import django

django.setup()

from tests.engine.conftest import due_messages  # noqa: E402

due_messages(int(sys.argv[1]))
