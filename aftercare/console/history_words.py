"""How a history says what a field was and is: both in words, and of a long text the place that changed."""

from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from simple_history.models import ModelChange
from simple_history.template_utils import HistoricalRecordContextHelper

from aftercare.console.history_values import in_words

LONGEST = 200
"""Characters of a value that are shown."""
BEFORE = 40
"""Characters shown before the place of a change, to find it by."""
GAP = "…"


def changed_place(old: Any, new: Any) -> tuple[str, str]:
    """Both as texts; where one is longer than LONGEST, the place at which they begin and end to differ."""
    texts = str(old), str(new)
    if max(map(len, texts)) <= LONGEST:
        return texts
    same = _alike(*texts)
    shortest = min(map(len, texts)) - same
    tail = min(_alike(texts[0][::-1], texts[1][::-1]), shortest)
    return _around(texts[0], same, tail), _around(texts[1], same, tail)


def _alike(one: str, other: str) -> int:
    """With how many characters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (left, right) in pairs if left != right), min(len(one), len(other)))


def _around(text: str, same: int, tail: int) -> str:
    """The text but for most of its first ``same`` and last ``tail`` characters."""
    start, end = max(0, same - BEFORE), min(len(text), len(text) - tail + BEFORE)
    shown = _middle_out(text[start:end])
    return f"{GAP if start else ''}{shown}{GAP if end < len(text) else ''}"


def _middle_out(text: str) -> str:
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} {GAP} {text[-half:]}"


class ChangeInWords(HistoricalRecordContextHelper):
    """Words the changes that a row's history page lists."""

    def prepare_delta_change_value(self, change: ModelChange, value: Any) -> Any:
        field = self.model._meta.get_field(change.field)
        return in_words(field, super().prepare_delta_change_value(change, value))

    def stringify_delta_change_values(
        self, change: ModelChange, old: Any, new: Any
    ) -> tuple[SafeString, SafeString]:
        old_text, new_text = changed_place(old, new)
        return conditional_escape(old_text), conditional_escape(new_text)
