"""Whether one part of a deployment does its work: ``python -m config.health web|worker|beat``.

For the health checks of containers: the exit code is 0 when it does and 1 when it does not.
"""

import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta

import django
from django.apps import apps
from django.conf import settings
from django.db.models.functions import Now

from config.celery import app

TICK_AGE_SECONDS = 60
ANSWER_SECONDS = 5


def web_answers(port: int = 8000) -> bool:
    """Whether the log-in page comes, asked as the proxy in front of the site would ask."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/admin/login/", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers() -> bool:
    """Whether this machine's worker answers through the broker."""
    return bool(app.control.inspect([f"celery@{socket.gethostname()}"], timeout=ANSWER_SECONDS).ping())


def tick_is_recent() -> bool:
    """Whether a tick of beat has gone through the broker and a worker to the database lately."""
    heartbeats = apps.get_model("outbox", "Heartbeat").objects
    return heartbeats.filter(name="tick", at__gt=Now() - timedelta(seconds=TICK_AGE_SECONDS)).exists()


CHECKS: Mapping[str, Callable[[], bool]] = {
    "web": web_answers,
    "worker": worker_answers,
    "beat": tick_is_recent,
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in CHECKS:
        sys.exit(f"Name one part: python -m config.health {'|'.join(CHECKS)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    return 0 if CHECKS[arguments[0]]() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
