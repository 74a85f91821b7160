"""``python -m benchmarks.peers.publish COUNT ETA``: a task for each message, due at ETA (seconds, UTC)."""

import sys
from datetime import UTC, datetime

from benchmarks.peers.celery_app import send

eta = datetime.fromtimestamp(float(sys.argv[2]), UTC)
for number in range(int(sys.argv[1])):
    send.apply_async((number,), eta=eta)
