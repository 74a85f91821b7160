"""One way to save a page, instead of three buttons that differ in where they lead."""

from typing import Any

from django.http import HttpRequest

from aftercare.console.scoping import ScopedAdmin


class OneSaveButton(ScopedAdmin):
    """A page with "Save" alone."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)
