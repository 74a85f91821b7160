"""The bases of every page of the console: each shows and takes the rows of the user's clinics only."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import DateField, DateTimeField, Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.db.models.fields import TimeField
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSingleTimeWidget

from aftercare.clinics.models import Clinic, Role
from aftercare.console.access import ALL_ROLES, Access, access_of, clinic_id_of, only_clinic
from aftercare.console.days import DayField
from aftercare.console.history_pages import HistoryPages
from aftercare.console.lists import PageOfRows, ScopedRelatedFilter
from aftercare.console.page_guard import PageGuard
from aftercare.console.reading_log import opened
from aftercare.console.times import DayInput
from aftercare.console.zones import offer_usual_zones

LONGEST_SEARCH = 500
"""Characters; a database stumbles over some ten thousand."""


class OneClinicForm(forms.ModelForm):
    """Refuses a form that would tie rows of different clinics together; offers usual time zones only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_usual_zones(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        clinic_id = self.clinic_id()
        for name, value in list(cleaned.items()):  # add_error takes names out
            if name in self.fields and name != "clinic" and self._belongs_elsewhere(value, clinic_id):
                self.add_error(name, _("This belongs to another clinic. Choose one of this clinic."))
        self._refuse_taken_external_id(clinic_id)
        return cleaned

    def _refuse_taken_external_id(self, clinic_id: int | None) -> None:
        taken = self.cleaned_data.get("external_id")
        if not taken or clinic_id is None:
            return
        rows = type(self.instance)._default_manager.filter(clinic=clinic_id, external_id=taken)
        if rows.exclude(pk=self.instance.pk).exists():
            self.add_error("external_id", _("This clinic uses this external id already. Check it."))

    def clinic_id(self) -> int | None:
        """The clinic the form's row belongs to: the chosen one, or that of the row as it is."""
        chosen = self.cleaned_data.get("clinic")
        if isinstance(chosen, Clinic):
            return chosen.pk
        return clinic_id_of(self.instance)

    def _get_validation_exclusions(self) -> set[str]:
        """Also checks what must be unique in a clinic when the clinic itself is not on the form."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"clinic"} if self.instance.pk else excluded

    def _belongs_elsewhere(self, value: Any, clinic_id: int | None) -> bool:
        if clinic_id is None or not isinstance(value, Model):
            return False
        return clinic_id_of(value) not in (None, clinic_id)


def one_clinic(form: type[forms.BaseModelForm]) -> type[forms.BaseModelForm]:
    """The form class with the check of :class:`OneClinicForm`, whether or not its author thought of it."""
    if issubclass(form, OneClinicForm):
        return form
    return type(form.__name__, (OneClinicForm, form), {})


def without_links(field: Any) -> Any:
    """The form field without the links to add, change or look at a choice."""
    if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    return field


class ScopedChoices(BaseModelAdmin):
    """Forms offer and accept rows of the clinics only in which the user has one of ``edit_roles``."""

    edit_roles: tuple[Role, ...] = (Role.OWNER,)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        rows = kwargs.get("queryset")
        if rows is None:
            rows = db_field.related_model._default_manager.all()
        kwargs["queryset"] = access_of(request).limit(rows, self.edit_roles)
        if db_field.related_model is Clinic:
            only_one = len(kwargs["queryset"][:2]) == 1
            kwargs["empty_label"] = None if only_one else _("Choose a clinic")
            if only_one:
                kwargs["widget"] = forms.HiddenInput()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the links to a clinic's own page beside every choice of a clinic; dates as they are written
        at the user's clinics; times of day without seconds."""
        if isinstance(db_field, TimeField):
            kwargs.setdefault("widget", UnfoldAdminSingleTimeWidget(format="%H:%M"))
        if isinstance(db_field, DateField) and not isinstance(db_field, DateTimeField):
            locales = access_of(request).clinics().order_by().values_list("locale", flat=True)
            kwargs |= {"form_class": partial(DayField, locales=locales.distinct), "widget": DayInput}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        return without_links(field) if db_field.related_model is Clinic else field

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:
        rows = db_field.related_model._default_manager.all()
        kwargs["queryset"] = access_of(request).limit(rows, self.edit_roles)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class ScopedAdmin(ScopedChoices, PageGuard, ModelAdmin):
    """A model's pages, limited to the user's clinics and roles.

    Members see; those with one of ``edit_roles`` in the row's clinic add and change. Deletion is refused
    unless ``delete_roles`` says who may; an empty tuple leaves it to superusers. ``empty_hint``: how an empty
    list says that it is filled.
    """

    empty_hint: ClassVar[str | Promise] = ""

    form = OneClinicForm
    view_roles: ClassVar[tuple[Role, ...]] = ALL_ROLES
    add_roles: ClassVar[tuple[Role, ...] | None] = None
    delete_roles: ClassVar[tuple[Role, ...] | None] = None
    compressed_fields = False
    view_on_site = False
    list_filter_submit = False
    object_history_template = "console/history.html"
    list_per_page = 25
    paginator = PageOfRows
    warn_unsaved_form = True
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return access_of(request).limit(super().get_queryset(request), self.view_roles)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, or "not found" for one that does not exist or is not of the user's clinics."""
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        opened(request, found)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As Django searches; what is longer than anything that is kept finds nothing, on any database."""
        if len(search_term) > LONGEST_SEARCH:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def row(self, request: HttpRequest, object_id: str, *, to_change: bool = False) -> Any:
        """The row for somebody who may see it, or ``to_change`` who may change it; refuses others."""
        row = self.get_object(request, object_id)
        allowed = self.has_change_permission if to_change else self.has_view_permission
        if not allowed(request, row):
            raise PermissionDenied
        return row

    def may(self, request: HttpRequest, roles: tuple[Role, ...], obj: Model | None = None) -> bool:
        """Whether the user has one of the roles in the row's clinic, or in any clinic without a row."""
        access = access_of(request)
        clinic_id = clinic_id_of(obj) if obj is not None else None
        if obj is not None and clinic_id is None:
            return access.superuser
        return access.holds(roles, clinic_id)

    def editable_clinics(self, request: HttpRequest) -> list[Clinic]:
        return list(access_of(request).clinics(self.edit_roles))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.view_roles, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.edit_roles if self.add_roles is None else self.add_roles)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.edit_roles, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.delete_roles is not None and self.may(request, self.delete_roles, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fills in the clinic of a user who has only one."""
        initial = {**super().get_changeform_initial_data(request)}
        clinics = self.editable_clinics(request)
        if len(clinics) == 1:
            initial.setdefault("clinic", clinics[0].pk)
        return initial

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A row never moves to another clinic."""
        fixed = super().get_readonly_fields(request, obj)
        moves = obj is not None and _has_clinic_field(self.model) and "clinic" not in fixed
        return (*fixed, "clinic") if moves else fixed

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without the clinic for a user of one clinic."""
        columns = super().get_list_display(request)
        if "clinic" in columns and only_clinic(request):
            return [column for column in columns if column != "clinic"]
        return columns

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Filters whose choices are the user's own; none by clinic for a user of one clinic."""
        filters = [self._scoped_filter(one) for one in super().get_list_filter(request)]
        if only_clinic(request):
            filters = [one for one in filters if one != ("clinic", ScopedRelatedFilter)]
        return filters

    def _scoped_filter(self, one: Any) -> Any:
        if isinstance(one, str) and "__" not in one and self.model._meta.get_field(one).is_relation:
            return (one, ScopedRelatedFilter)
        return one

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        self.get_object(request, unquote(object_id))
        return super().history_view(request, object_id, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", one_clinic(self.form))
        return super().get_form(request, obj, change=change, **kwargs)


class ScopedHistoryAdmin(ScopedAdmin, HistoryPages):
    """The same for a model that keeps every version of its rows."""

    object_history_template = "console/changes.html"


class OwnRows(BaseInlineFormSet):
    """Finds its rows among those of the page's own row, where Django looks among all there are."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        field = form.fields.get(form._meta.model._meta.pk.name)
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = self.queryset


class ScopedInline(ScopedChoices):
    """Rows edited on the page of the row they belong to, by those who may edit that row."""

    max_num = 60
    spare = 40
    """Rows read beyond those that may be kept, so that too many are refused and not cut off."""

    def __init__(self, parent_model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(parent_model, admin_site)  # type: ignore[call-arg]
        parent: Any = admin_site.get_model_admin(parent_model)
        self.edit_roles = parent.edit_roles

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs.setdefault("form", one_clinic(self.form))
        found: type[BaseInlineFormSet] = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        most = {"absolute_max": self.max_num + self.spare}
        return type(found.__name__, (OwnRows, found), most)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return access_of(request).limit(super().get_queryset(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(access_of(request), ALL_ROLES, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(access_of(request), self.edit_roles, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(access_of(request), self.edit_roles, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(access_of(request), self.edit_roles, obj)

    def _may(self, access: Access, roles: tuple[Role, ...], parent: Model | None) -> bool:
        return access.holds(roles, clinic_id_of(parent) if parent is not None and parent.pk else None)


def _has_clinic_field(model: type[Model]) -> bool:
    return any(isinstance(field, Field) and field.name == "clinic" for field in model._meta.get_fields())
