"""A clinic's own copy of a shipped protocol: its steps and restrictions, and its texts as drafts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from django.db import transaction

from aftercare.clinics.models import Clinic, User
from aftercare.content.approval import save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate
from aftercare.protocols.library import ShippedProtocol, ShippedStep, load
from aftercare.protocols.models import Protocol, ProtocolStep, Restriction, StepKind
from aftercare.timing import Elapsed, When

LONGEST_SLUG = 50
"""Of any slug, as the database keeps them."""

Writers = Callable[[str, str], Sequence[User]]
"""Who wrote the words of a step, by its slug, in a language."""


def nobody(_step: str, _language: str) -> Sequence[User]:
    """The words are the library's."""
    return ()


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


@transaction.atomic
def install_copy(
    plan: ShippedProtocol, *, clinic: Clinic, name: str = "", writers: Writers = nobody
) -> Protocol:
    """One more protocol of the clinic with this plan, under a slug of its own; never changes one there is.

    Its texts come as drafts of the ``writers``. ``name`` takes the place of the plan's own.
    """
    clinic = Clinic.objects.select_for_update().get(pk=clinic.pk)
    taken = set(Protocol.objects.filter(clinic=clinic).values_list("slug", flat=True))
    taken |= _left_over(clinic, plan)
    slugs = (f"{plan.slug[: LONGEST_SLUG - 4]}-{number}" if number > 1 else plan.slug for number in count(1))
    slug = next(slug for slug in slugs if slug not in taken)
    return _copy(replace(plan, slug=slug, name=name or plan.name), clinic, writers)


def _left_over(clinic: Clinic, plan: ShippedProtocol) -> set[str]:
    """Slugs of plans whose templates are there without them: a copy must not take those texts up."""
    slugs = MessageTemplate.objects.filter(clinic=clinic).values_list("slug", flat=True)
    endings = tuple(f"-{step.slug}" for step in plan.steps)
    return {slug.removesuffix(ending) for slug in slugs for ending in endings if slug.endswith(ending)}


def _copy(shipped: ShippedProtocol, clinic: Clinic, writers: Writers = nobody) -> Protocol:
    protocol = Protocol.objects.create(
        clinic=clinic, slug=shipped.slug, name=shipped.name, variants=list(shipped.variants)
    )
    for step in shipped.steps:
        _add_step(protocol, step, writers)
    for rule in shipped.restrictions:
        Restriction.objects.create(
            protocol=protocol,
            topic=rule.topic,
            hours_light=rule.hours_light,
            hours_deeper=rule.hours_medium,
            least_hours=rule.least_hours,
            most_hours=rule.most_hours,
        )
    return protocol


def _add_step(protocol: Protocol, step: ShippedStep, writers: Writers) -> None:
    ProtocolStep.objects.create(
        protocol=protocol,
        number=step.number,
        slug=step.slug,
        name=step.name,
        template=_template(protocol, step, writers),
        quiet_exempt=step.quiet_exempt,
        safety_critical=step.safety_critical,
        may_be_skipped=step.may_be_skipped,
        late_action=step.late_action,
        unknown_policy=step.unknown_policy,
        newer_session=step.newer_session,
        enabled=step.enabled,
        **_when_fields(step.when),
    )


def _template_slug(protocol: str, step: str) -> str:
    """Both slugs in one; where they are too long together, shortened, with a digest that keeps them apart."""
    whole = f"{protocol}-{step}"
    if len(whole) <= LONGEST_SLUG:
        return whole
    return f"{protocol[:24]}-{step[:16]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _template(protocol: Protocol, step: ShippedStep, writers: Writers) -> MessageTemplate:
    """A template left over from an earlier copy is taken up again, with the texts it has."""
    template, _made = MessageTemplate.objects.get_or_create(
        clinic=protocol.clinic,
        slug=_template_slug(protocol.slug, step.slug),
        defaults={
            "name": step.name,
            "safety_critical": step.safety_critical,
            "asks_check_in": step.asks_check_in,
        },
    )
    for language, text in step.texts.items():
        if not template.versions.filter(language=language).exists():
            source = Source(text.subject, text.preheader, text.body)
            for author in writers(step.slug, language) or (None,):  # each, so that none may approve them
                save_draft(template=template, language=language, source=source, author=author)
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
