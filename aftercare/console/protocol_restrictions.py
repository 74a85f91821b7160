"""The restrictions of a protocol as a form, which asks before messages name other dates."""

from functools import partial

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet

from aftercare.console.protocol_agreeing import is_agreed
from aftercare.outbox.foreseeing_dates import ForeseenDates, foresee_dates
from aftercare.protocols.models import Restriction


class RestrictionFormSet(PaginationInlineFormSet):
    """The restrictions of one protocol, each with its hours in its heading."""

    asks = "foreseen_dates"
    foreseen: ForeseenDates | None = None
    """What saving would do to what messages say, while nobody has agreed to it."""

    def is_valid(self) -> bool:
        """Not valid until the very same hours come again as agreed to."""
        if not super().is_valid() or not self.instance.pk or not self.has_changed() or is_agreed(self):
            return bool(super().is_valid())
        if self.foreseen is None:
            self.foreseen = foresee_dates(self.instance, self.restrictions(), now=timezone.now())
        return not self.foreseen

    def restrictions(self) -> list[Restriction]:
        """As a valid form has them."""
        kept = (form for form in self.forms if not form.cleaned_data.get(DELETION_FIELD_NAME))
        return [form.instance for form in kept if form.instance.topic]

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.instance.get_inline_title = partial(title_of_restriction, form.instance)


def title_of_restriction(restriction: Restriction) -> str:
    light, deeper = restriction.hours_light, restriction.hours_deeper
    hours = {"light": "–" if light is None else light, "deeper": "–" if deeper is None else deeper}
    said = _("%(light)s hours, deeper %(deeper)s hours") % hours
    nothing = light is None and deeper is None
    return f"{restriction} · {_('no rule') if nothing else said}"
