"""With what the patient will wait, and until when, for the form of a session as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from aftercare.clinics.dates import dated
from aftercare.outbox.forecasting import SessionFacts
from aftercare.outbox.merging import Treatment, completed, strictest, treatment_of
from aftercare.outbox.superseding import course_of
from aftercare.protocols.bounds import hours_of
from aftercare.protocols.models import Topic
from aftercare.timing import FromWhen
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import TreatedArea, TreatmentSession


@dataclass(frozen=True)
class Wait:
    """One restriction for the eye: from when on, and why it is not simply the protocol's."""

    label: str
    when: str
    note: str = ""
    changed: bool = False


class AreasForm(Protocol):
    instance: TreatmentSession

    def session_areas(self) -> list[TreatedArea]: ...


def waits_of_form(form: AreasForm, facts: SessionFacts) -> list[Wait]:
    """One line a restriction of the protocol; none while no area is known, as the hours follow the depth."""
    areas = form.session_areas()
    if not areas:
        return []
    light = band_of(area.depth_mm for area in areas) is DepthBand.LIGHT
    own = {rule.topic: hours_of(rule, light=light) for rule in facts.protocol.restrictions.all()}
    mine = Treatment(facts.ended_at, facts.patient.zone, {**own, **form.instance.waits})
    alone, merged = strictest([mine], Topic.values), strictest([mine, *others_of_day(facts)], Topic.values)
    found = [(topic, when) for topic, when in merged.items() if when is not None]
    return [_wait(topic, when, mine, own.get(topic), when == alone[topic]) for topic, when in found]


def others_of_day(facts: SessionFacts) -> Sequence[Treatment]:
    """The patient's other treatments on that day of theirs."""
    if facts.patient.pk is None:
        return []
    zone = facts.patient.zone
    day = facts.ended_at.astimezone(zone).date()
    course = course_of([facts.patient.pk], clinics=[facts.patient.clinic_id])[facts.patient.pk]
    same = [each.pk for each in course if each.ended_at.astimezone(zone).date() == day]
    others = [pk for pk in same if pk != facts.session_id]
    return [treatment_of(each) for each in completed(others, patient_id=facts.patient.pk)] if others else []


def _wait(topic: str, when: FromWhen, mine: Treatment, own: int | None, alone: bool) -> Wait:
    hours, note = mine.waits.get(topic), ""
    changed = alone and hours != own
    if not alone:
        note = _("the strictest of the day's treatments")
    elif changed and own is not None:
        note = _("%(hours)s h, set for this session; the protocol says %(own)s h") % {
            "hours": hours,
            "own": own,
        }
    elif changed:
        note = _("%(hours)s h, set for this session") % {"hours": hours}
    return Wait(str(Topic(topic).label), _said(when), note, changed or not alone)


def _said(when: FromWhen) -> str:
    day = dated(when.on, "D j M")
    return f"{day}, {when.at:%H:%M}" if when.at else day
