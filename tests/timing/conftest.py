"""Hypothesis without a deadline, as the first look at a zone reads a file, and the same in every CI run."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "timing",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    # A busy machine draws slowly, and the narrow cases filter much; neither says anything of the code.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("timing")
