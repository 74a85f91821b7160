"""What an approval is told besides the text: until when it is read again, and what planned messages say."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.console.days import DayField
from aftercare.content.models import TemplateVersion
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.revising import UNSENT

FOLLOW, KEEP = "follow", "keep"
A_YEAR = timedelta(days=365)


class ApprovalForm(forms.Form):
    """Nothing chosen: planned messages follow, and the template keeps the day of review it has."""

    review_on = DayField(
        label=_("Read again by"),
        required=False,
        help_text=_("The list and Today warn a month before. The text goes on being sent."),
    )
    planned = forms.ChoiceField(
        label=_("Messages that are planned already"),
        required=False,
        choices=(
            (FOLLOW, _("say this text")),
            (KEEP, _("keep the text that was approved when they were planned")),
        ),
        widget=forms.RadioSelect,
    )

    def clean_review_on(self) -> date | None:
        review_on = self.cleaned_data["review_on"]
        if review_on is not None and review_on <= timezone.localdate():
            raise forms.ValidationError(_("Choose a day to come."))
        return review_on

    def choices_made(self) -> dict[str, Any]:
        """As the operation takes them; call it on a valid form."""
        keep = self.cleaned_data["planned"] == KEEP
        return {"review_on": self.cleaned_data["review_on"], "planned_keep_older": keep}


def approval_form(data: Any) -> ApprovalForm:
    """Bound to what was posted, else with a year from today and the newest text for everybody."""
    return ApprovalForm(data, initial={"review_on": timezone.localdate() + A_YEAR, "planned": FOLLOW})


def planned_count(version: TemplateVersion) -> int:
    """How many messages of the version's template and language are planned and have not left."""
    reads = Q(patient__locale__startswith=version.language)
    if version.template.clinic.locale.startswith(version.language):
        reads |= Q(patient__locale="")
    planned = ScheduledMessage.objects.filter(step__template=version.template_id, status__in=UNSENT)
    return planned.filter(reads).count()
