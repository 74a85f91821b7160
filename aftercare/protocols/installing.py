"""A clinic's own copy of a shipped protocol: its steps and restrictions, and its texts as drafts."""

from typing import Any

from django.db import transaction

from aftercare.clinics.models import Clinic
from aftercare.content.approval import save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate
from aftercare.protocols.library import ShippedProtocol, ShippedStep, load
from aftercare.protocols.models import Protocol, ProtocolStep, Restriction, StepKind
from aftercare.timing import Elapsed, When


@transaction.atomic
def install(slug: str, *, clinic: Clinic) -> Protocol:
    """The clinic's copy of the shipped protocol; one it already has is left as the clinic made it.

    Texts come as drafts: nothing is sent before a clinician of the clinic approves them. Raises
    UnknownProtocol.
    """
    shipped = load(slug)
    clinic = Clinic.objects.select_for_update().get(pk=clinic.pk)
    existing = Protocol.objects.filter(clinic=clinic, slug=shipped.slug).first()
    return existing or _copy(shipped, clinic)


def _copy(shipped: ShippedProtocol, clinic: Clinic) -> Protocol:
    protocol = Protocol.objects.create(
        clinic=clinic, slug=shipped.slug, name=shipped.name, variants=list(shipped.variants)
    )
    for step in shipped.steps:
        _add_step(protocol, step)
    for rule in shipped.restrictions:
        Restriction.objects.create(
            protocol=protocol,
            topic=rule.topic,
            hours_light=rule.hours_light,
            hours_deeper=rule.hours_medium,
        )
    return protocol


def _add_step(protocol: Protocol, step: ShippedStep) -> None:
    ProtocolStep.objects.create(
        protocol=protocol,
        number=step.number,
        slug=step.slug,
        name=step.name,
        template=_template(protocol, step),
        quiet_exempt=step.quiet_exempt,
        safety_critical=step.safety_critical,
        may_be_skipped=step.may_be_skipped,
        late_action=step.late_action,
        unknown_policy=step.unknown_policy,
        **_when_fields(step.when),
    )


def _template(protocol: Protocol, step: ShippedStep) -> MessageTemplate:
    """A template left over from an earlier copy is taken up again, with the texts it has."""
    template, _made = MessageTemplate.objects.get_or_create(
        clinic=protocol.clinic,
        slug=f"{protocol.slug}-{step.slug}",
        defaults={
            "name": step.name,
            "safety_critical": step.safety_critical,
            "asks_check_in": step.asks_check_in,
        },
    )
    for language, text in step.texts.items():
        if not template.versions.filter(language=language).exists():
            source = Source(text.subject, text.preheader, text.body)
            save_draft(template=template, language=language, source=source, author=None)
    return template


def _when_fields(when: When) -> dict[str, Any]:
    if isinstance(when, Elapsed):
        return {
            "kind": StepKind.ELAPSED,
            "offset_minutes": when.minutes,
            "latest_minutes": when.latest_minutes,
        }
    return {
        "kind": StepKind.WALL_TIME,
        "day": when.day,
        "local_time": when.at,
        "latest_day": when.latest_day,
        "latest_local_time": when.latest_at,
    }
