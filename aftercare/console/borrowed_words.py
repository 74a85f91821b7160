"""Words on our pages out of libraries that have no Spanish: named here, to be translated with ours."""

from django.utils.translation import gettext_noop

WORDS = (
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
    gettext_noop("Filters"),
    gettext_noop("Select value"),
    gettext_noop("Select record"),
    gettext_noop("Select all rows"),
    gettext_noop("Type to search"),
    gettext_noop("Created"),
    gettext_noop("Changed"),
    gettext_noop("Deleted"),
)
