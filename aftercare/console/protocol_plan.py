"""What plan a protocol gives a session that ended at a chosen time, in a chosen zone. Nothing is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from aftercare.console.timeline import Placed, Timeline, draw
from aftercare.outbox.reasons import sentences
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.timing import Slot, localise, slot

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


class PlanForm(forms.Form):
    """When an imagined treatment ended, on the wall clock of a zone."""

    # No DateTimeField: that would read the time in the site's zone, and this one belongs to the zone below.
    ended_at = forms.CharField(
        label=_("Treatment ended at"),
        max_length=32,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    zone = forms.CharField(
        label=_("Patient's time zone"), max_length=64, widget=forms.TextInput({"list": "zones"})
    )

    def clean_ended_at(self) -> datetime:
        try:
            ended_at = datetime.fromisoformat(self.cleaned_data["ended_at"]).replace(tzinfo=None)
        except ValueError as error:
            raise forms.ValidationError(_("Write a date and a time, such as 2026-03-28 15:00.")) from error
        if not EARLIEST_YEAR <= ended_at.year <= LATEST_YEAR:
            raise forms.ValidationError(
                _("Choose a year from %(first)s to %(last)s."),
                params={"first": EARLIEST_YEAR, "last": LATEST_YEAR},
            )
        return ended_at

    def clean_zone(self) -> ZoneInfo:
        name = self.cleaned_data["zone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("Choose a zone of the list, such as Europe/London."))
        return ZoneInfo(name)


@dataclass(frozen=True)
class PlannedStep:
    """A step with its place in time and the reasons, in words, why it does not simply go at its own time."""

    step: ProtocolStep
    slot: Slot
    reasons: list[str]


@dataclass(frozen=True)
class Plan:
    """The plan of a protocol for one imagined session, and its picture."""

    ended_local: datetime
    zone: ZoneInfo
    steps: list[PlannedStep]
    timeline: Timeline


def plan_of(
    protocol: Protocol, *, ended_local: datetime, zone: ZoneInfo, steps: Iterable[ProtocolStep] | None = None
) -> Plan:
    """As if the session were recorded the moment it ended; ``steps`` are tried instead of the stored ones."""
    ended_at, _odd = localise(ended_local.date(), ended_local.time(), zone)
    found = planned(protocol, ended_at=ended_at, zone=zone, steps=steps)
    picture = draw(
        [_placed(each) for each in found], ended_at=ended_at, zone=zone, quiet=protocol.clinic.quiet_hours()
    )
    return Plan(ended_local, zone, found, picture)


def planned(
    protocol: Protocol, *, ended_at: datetime, zone: ZoneInfo, steps: Iterable[ProtocolStep] | None = None
) -> list[PlannedStep]:
    """The enabled steps in order of sending."""
    tried = protocol.steps.all() if steps is None else steps
    found = [_planned(step, protocol, ended_at, zone) for step in tried if step.enabled]
    return sorted(found, key=lambda each: each.slot.send_at)


def _placed(each: PlannedStep) -> Placed:
    step, place = each.step, each.slot
    return Placed(step.name, step.pk, place.send_at, place.latest, place.planned_at, step.safety_critical)


def _planned(step: ProtocolStep, protocol: Protocol, ended_at: datetime, zone: ZoneInfo) -> PlannedStep:
    quiet = None if step.quiet_exempt else protocol.clinic.quiet_hours()
    place = slot(step.when, ended_at=ended_at, zone=zone, quiet=quiet, now=ended_at)
    return PlannedStep(step, place, sentences(place.reasons))


def initial_plan(protocol: Protocol, *, now: datetime) -> dict[str, str]:
    """The form's data for a treatment that ends now, on the clinic's own clock."""
    zone = protocol.clinic.time_zone
    return {"ended_at": f"{now.astimezone(zone):%Y-%m-%dT%H:%M}", "zone": str(zone)}
