"""Saying no to a person, beside the field it concerns."""

from aftercare.treatments.completing import Problems

EVERYWHERE = "__all__"
"""The key of a problem that concerns no field in particular, as Django's forms have it."""


class Refused(Exception):
    """Nothing was changed. ``problems`` says why and what to do: field name → sentences for staff."""

    def __init__(self, problems: Problems | str) -> None:
        self.problems: Problems = {EVERYWHERE: [problems]} if isinstance(problems, str) else problems
        super().__init__(" ".join(text for texts in self.problems.values() for text in texts))


class Stale(Refused):
    """What was to be changed is not any more as it was read."""
