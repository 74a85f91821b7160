"""Asking before an edit moves messages that patients wait for, as an edit of a protocol's steps does."""

import hashlib
from collections.abc import Collection

from django import forms

AGREED = "agreed_change"
"""The field that says to which edit the user agreed."""


def change_digest(form: forms.ModelForm, names: Collection[str]) -> str:
    """Of what was posted in these fields for this row; another edit makes it another."""
    posted = [(name, form.data.get(form.add_prefix(name))) for name in sorted(names)]
    return hashlib.sha256(repr((form.instance.pk, posted)).encode()).hexdigest()


def must_ask(form: forms.ModelForm, names: Collection[str]) -> bool:
    """Whether a valid form changes one of these fields of a stored row, and nobody has agreed to it yet."""
    if form.instance.pk is None or not set(names) & set(form.changed_data):
        return False
    return form.data.get(AGREED) != change_digest(form, names)
