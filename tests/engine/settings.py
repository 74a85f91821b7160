"""The site's settings with a lease of seconds, so that a test sees one end."""

from config.settings import *  # noqa: F403

LEASE_SECONDS = 1
PROVIDER_TIMEOUT_SECONDS = 1  # with it a lease is eight seconds
EMAIL_TIMEOUT = 20  # a server that hangs must hang for longer than it takes to kill its client
