"""The site's settings with ticks and leases of seconds, so that a test sees them pass."""

import os

from config.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE["tick"]["schedule"] = 0.5  # noqa: F405
LEASE_SECONDS = 1
PROVIDER_TIMEOUT_SECONDS = 0.5  # type: ignore[assignment]  # with it a lease is four seconds
# A server that hangs must hang for longer than it takes to kill its client; a test of hanging says less.
EMAIL_TIMEOUT = float(os.environ.get("TESTS_CALL_SECONDS", "20"))  # type: ignore[assignment]
ANYMAIL_REQUESTS_TIMEOUT = (5, EMAIL_TIMEOUT)
