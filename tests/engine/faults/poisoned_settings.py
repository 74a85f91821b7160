"""The engine's settings with code in it that cannot write to certain patients."""

from tests.engine.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.engine.faults.poison.PoisonConfig"]  # noqa: F405
