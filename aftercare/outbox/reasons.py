"""Why a message goes at another time than its step says, in short sentences for staff."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.timing import Reason

UNDO = "undo"
BY_STAFF = "by_staff"

SENTENCES: dict[str, Promise] = {
    Reason.gap: _("The clock skips that time on that day; it goes right after."),
    Reason.fold: _("The clock shows that time twice on that day; it goes the first time."),
    Reason.late_entry: _("Its own time had passed; it goes as soon as it may."),
    Reason.quiet_hours: _("Moved to the end of quiet hours."),
    Reason.quiet_hours_kept: _("Goes in quiet hours: their end comes after its window."),
    Reason.window_passed: _("Its window has passed."),
    UNDO: _("Waits until the time to undo is over."),
    BY_STAFF: _("Staff sent it before its time."),
}


IN_THE_PAST = frozenset({Reason.quiet_hours, Reason.window_passed, BY_STAFF})
"""What stays true of a message that has left; the others say what one waits for."""


def sentences(codes: Iterable[str]) -> list[str]:
    """The sentence for each code, in their order. A code this release does not know is left out."""
    return [str(SENTENCES[code]) for code in codes if code in SENTENCES]


def said_afterwards(codes: Iterable[str]) -> list[str]:
    """As :func:`sentences`, of a message that has left."""
    return sentences(code for code in codes if code in IN_THE_PAST)
