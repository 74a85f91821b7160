"""Whether a clinic can hear its patients' answers at all, and promise them a call."""

from django.db.models import Exists, OuterRef, QuerySet

from aftercare.checkins.models import RuleSet
from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Clinic
from aftercare.content.models import TemplatePurpose, TemplateVersion


def unready(clinics: QuerySet[Clinic]) -> QuerySet[Clinic]:
    """Those of the clinics whose messages ask for a check-in while something is missing.

    ``has_rules``: without approved rules nobody can answer. ``has_hours``: without hours no call is promised.
    ``has_reminder``: without an approved text nobody is reminded.
    """
    mine = {"clinic": OuterRef("pk")}
    asking = TemplateVersion.objects.approved().filter(
        template__clinic=OuterRef("pk"), template__asks_check_in=True
    )
    reminding = asking.filter(template__purpose=TemplatePurpose.REMINDER)
    found = clinics.annotate(
        has_rules=Exists(RuleSet.objects.approved().filter(**mine)),
        has_hours=Exists(OpeningHours.objects.filter(**mine)),
        has_reminder=Exists(reminding),
    )
    asks = Exists(asking.filter(template__purpose=TemplatePurpose.STEP))
    return found.filter(asks).exclude(has_rules=True, has_hours=True, has_reminder=True)
