"""The rows on a session's form: its treated areas and the products applied."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import TabularInline

from aftercare.console.scoping import ScopedInline
from aftercare.console.session_form import AreaForm, RowForm
from aftercare.treatments.models import ProductApplied, TreatedArea, TreatmentSession


class AreaInline(ScopedInline, TabularInline):
    model = TreatedArea
    hide_title = True
    form = AreaForm
    fields = ("site", "depth_mm", "passes")

    def get_extra(self, request: HttpRequest, obj: TreatmentSession | None = None, **kwargs: Any) -> int:
        return 0 if obj and obj.areas.exists() else 1


class ProductInline(ScopedInline, TabularInline):
    model = ProductApplied
    form = RowForm
    hide_title = True
    fields = ("name", "lot", "for_home")
    extra = 0
