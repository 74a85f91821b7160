"""The page on which a row's history is read."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import Http404, HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from aftercare.console.history_parts import changes_of_parts
from aftercare.console.history_words import ChangeInWords


class HistoryPages(SimpleHistoryAdmin):
    """Every version of a row and what became of its parts: those edited on its page, and ``history_parts``.

    The list of changes is all there is to see: an old version is never put back, because operations alone
    may change what was promised.
    """

    history_parts: tuple[type[Model], ...] = ()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        row = self.get_object(request, unquote(object_id))
        parts = changes_of_parts(row, (*(inline.model for inline in self.inlines), *self.history_parts))
        return super().history_view(request, object_id, {**(extra_context or {}), "parts": parts})

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, *args: Any) -> None:
        """Also of the last on a page, whose predecessor stands on the next."""
        super().set_history_delta_changes(request, historical_records, *args)
        last = next(reversed(list(historical_records)), None)
        if last is not None and (before := last.prev_record):
            helper = self.get_historical_record_context_helper(request, last)
            delta = last.diff_against(before, foreign_keys_are_objs=True)
            last.history_delta_changes = helper.context_for_delta_changes(delta)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> Any:
        return ChangeInWords(self.model, historical_record)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> Any:
        raise Http404
