"""``python -m tests.engine.seed COUNT``: due messages for a database that only other processes open.

Prints their ids, one a line.
"""

import sys

import django

django.setup()

from tests.engine.conftest import due_messages  # noqa: E402

for message in due_messages(int(sys.argv[1])):
    print(message.pk)  # noqa: T201
