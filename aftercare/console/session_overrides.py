"""What the practitioner sets for this session otherwise than the protocol: fields of the session's form."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from aftercare.clinics.licences import licensed
from aftercare.clinics.models import Clinic, Practitioner
from aftercare.console.access import WRITERS, Access, access_of
from aftercare.protocols.bounds import bounds_of, hours_of
from aftercare.protocols.models import LATEST_HOURS, ProtocolStep, Restriction, Topic
from aftercare.treatments.models import TreatmentSession

WAIT = "wait_"
SKIP = "skip"


@dataclass(frozen=True)
class SkipRow:
    """A step that may be skipped, shown while its protocol is the one chosen."""

    value: str
    label: str
    protocol_id: int
    chosen: bool


@dataclass(frozen=True)
class WaitRow:
    """A wait to set, with what each protocol says of it: shown for the one chosen."""

    field: Any
    said: list[tuple[int, str]]


def overriders(request: HttpRequest) -> QuerySet[Practitioner]:
    """Who may override a stop in this log-in: the user, as a licensed practitioner, where a clinician."""
    access = access_of(request)
    rows = licensed(Practitioner.objects.filter(clinic__in=access.clinics(WRITERS)))
    return rows if access.superuser else rows.filter(user=request.user.pk)


class OverrideFields:
    """The part of the session's form for waits and skipped steps; read into the instance."""

    fields: dict[str, forms.Field]
    initial: Any
    data: Any
    instance: TreatmentSession
    clinic: Clinic | None
    access: Access | None = None

    @property
    def may_depart(self) -> bool:
        """Whether the user may set another wait or skip a step: it is for those who treat, and for owners."""
        return (
            self.access is not None and self.clinic is not None and self.access.holds(WRITERS, self.clinic.pk)
        )

    def add_override_fields(self) -> None:
        """What is set already stays, whatever is posted, for a user who may not depart from the protocol."""
        for topic in self._topics():
            name, label = f"{WAIT}{topic}", str(Topic(topic).label)
            self.fields[name] = forms.IntegerField(
                required=False, min_value=0, max_value=LATEST_HOURS, label=label
            )
            self.initial.setdefault(name, self.instance.waits.get(topic))
        skippable = list(self._skippable())
        choices = [(str(step.pk), str(step)) for step in skippable]
        self.fields[SKIP] = forms.MultipleChoiceField(choices=choices, required=False)
        self.initial.setdefault(SKIP, [str(step.pk) for step in skippable if self._is_skipped(step)])
        for name in (SKIP, *(field for field in self.fields if field.startswith(WAIT))):
            self.fields[name].disabled = not self.may_depart

    def read_overrides(self, cleaned: dict[str, Any]) -> None:
        """Into the instance: hours that were given, and the slugs of steps of the chosen protocol."""
        waits = {name.removeprefix(WAIT): cleaned.get(name) for name in self.fields if name.startswith(WAIT)}
        self.instance.waits = {topic: hours for topic, hours in waits.items() if hours is not None}
        protocol = cleaned.get("protocol")
        protocol_id = protocol.pk if protocol else self.instance.protocol_id
        asked = set(cleaned.get(SKIP) or ())
        steps = (step for step in self._skippable() if step.protocol_id == protocol_id)
        self.instance.skipped_steps = [step.slug for step in steps if str(step.pk) in asked]

    def wait_rows(self) -> Iterator[WaitRow]:
        rules: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for rule in self._of_clinic(Restriction.objects.order_by("protocol")):
            rules[rule.topic].append((rule.protocol_id, bounds_said(rule)))
        for field in self.wait_fields():
            yield WaitRow(field, rules[field.html_name.removeprefix(WAIT)])

    def wait_fields(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith(WAIT)]  # type: ignore[index]

    def skip_rows(self) -> Iterator[SkipRow]:
        asked = set(self.data.getlist(SKIP)) if self.data and self.may_depart else None
        for step in self._skippable():
            chosen = self._is_skipped(step) if asked is None else str(step.pk) in asked
            yield SkipRow(str(step.pk), str(step), step.protocol_id, chosen)

    def overrides_open(self) -> bool:
        """Whether the part is to be seen at once: something is set, or wrong."""
        asked = [self.data.get(field.html_name) for field in self.wait_fields()] if self.data else []
        stored = self.instance.waits or self.instance.skipped_steps
        return bool(stored or any(asked) or (self.data and self.data.getlist(SKIP)))

    def _is_skipped(self, step: ProtocolStep) -> bool:
        return step.protocol_id == self.instance.protocol_id and step.slug in self.instance.skipped_steps

    def _topics(self) -> list[str]:
        found = set(self._of_clinic(Restriction.objects.all()).values_list("topic", flat=True))
        return [topic for topic in Topic.values if topic in found]

    def _skippable(self) -> QuerySet[ProtocolStep]:
        steps = self._of_clinic(ProtocolStep.objects.select_related("protocol"))
        return steps.filter(may_be_skipped=True, safety_critical=False, enabled=True)

    def _of_clinic(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.clinic is None:
            return rows.none()
        offered = Q(protocol__active=True) | Q(protocol=self.instance.protocol_id)
        return rows.filter(offered, protocol__clinic=self.clinic)


def bounds_said(rule: Restriction) -> str:
    """The protocol's own hours, and what may be set for one session; by depth where that matters."""
    light, deeper = (_of_depth(rule, light=light) for light in (True, False))
    if light == deeper:
        return light
    return _("up to 0.5 mm: %(light)s · deeper: %(deeper)s") % {"light": light, "deeper": deeper}


def _of_depth(rule: Restriction, *, light: bool) -> str:
    own, bounds = hours_of(rule, light=light), bounds_of(rule, light=light)
    said = {"own": own, "least": bounds.least, "most": bounds.most}
    if own is None:
        return _("no rule; %(least)s to %(most)s h may be set") % said
    return _("%(own)s h; %(least)s to %(most)s h may be set") % said


def overrides_said(session: TreatmentSession) -> str:
    """What was set otherwise than the protocol, in a line each; empty for most sessions."""
    text, slugs = _("%(topic)s: %(hours)s h"), set(session.skipped_steps)
    waits = [text % {"topic": Topic(topic).label, "hours": hours} for topic, hours in session.waits.items()]
    steps: list[ProtocolStep] = list(session.protocol.steps.all()) if slugs else []
    skipped = [_("Skipped: %s") % step for step in steps if step.slug in slugs]
    return "\n".join([*waits, *skipped])
