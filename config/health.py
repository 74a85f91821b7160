"""Whether one part of a deployment does its work: ``python -m config.health web|worker|beat|scheduler``.

For the health checks of containers: the exit code is 0 when it does and 1 when it does not.
"""

import os
import sys

import django
from django.db import Error
from django.utils.module_loading import import_string

NAMES = ("web", "worker", "beat", "scheduler")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in NAMES:
        sys.exit(f"Name one part: python -m config.health {'|'.join(NAMES)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    checks = import_string("config.parts.CHECKS")  # its imports need what has just been set up
    try:
        return 0 if checks[arguments[0]]() else 1
    except Error as error:
        sys.exit(f"The database does not answer: {type(error).__name__}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
