"""``python -m tests.engine.seed COUNT``: due messages for a database that only other processes open.

Prints their ids, one a line.
"""

import sys
from itertools import count

import django

django.setup()

from aftercare.clinics.models import Clinic  # noqa: E402
from tests import factories  # noqa: E402
from tests.engine.conftest import due_messages  # noqa: E402

factories._numbers = count(10_000 * (Clinic.objects.count() + 1))  # names that no earlier call has used
for message in due_messages(int(sys.argv[1])):
    print(message.pk)
