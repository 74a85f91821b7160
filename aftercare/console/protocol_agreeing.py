"""Agreeing to what saving would do: the very edits that were shown must come again with their digests."""

import hashlib
from typing import cast

from django.forms import BaseInlineFormSet
from django.http import QueryDict

AGREED = "agreed"
"""The field that says to which edits the user agreed; once for each kind of rows."""


def is_agreed(formset: BaseInlineFormSet) -> bool:
    return edits_digest(formset) in cast(QueryDict, formset.data).getlist(AGREED)


def edits_digest(formset: BaseInlineFormSet) -> str:
    """Of all that was posted for these rows; another edit makes it another."""
    data, prefix = cast(QueryDict, formset.data), f"{formset.prefix}-"
    posted = sorted((name, data.getlist(name)) for name in data if name.startswith(prefix))
    return hashlib.sha256(repr(posted).encode()).hexdigest()
