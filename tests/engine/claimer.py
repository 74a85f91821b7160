"""``python -m tests.engine.claimer ROUNDS LIMIT``: claims so often, and prints what it got, an id a line."""

import sys
from datetime import timedelta

import django

django.setup()

from aftercare.outbox.claiming import claim  # noqa: E402

for _ in range(int(sys.argv[1])):
    for message in claim(limit=int(sys.argv[2]), lease=timedelta(minutes=5)):
        print(message.pk)
