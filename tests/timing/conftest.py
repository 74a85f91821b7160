"""Hypothesis without a deadline, as the first look at a zone reads a file, and the same in every CI run."""

import os

from hypothesis import settings

settings.register_profile("timing", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("timing")
