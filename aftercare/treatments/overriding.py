"""What a practitioner set for one session otherwise than the protocol, and whether it may. Pure."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from aftercare.protocols.bounds import bounds_of, may_skip
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import TreatedArea, TreatmentSession

Found = list[tuple[str, str]]


def override_problems(session: TreatmentSession, areas: Sequence[TreatedArea]) -> Found:
    """Pairs of ``waits`` or ``skipped_steps`` and what is wrong; reads the protocol's rows."""
    waits = _waits(session, areas) if session.waits and areas else []
    return waits + (_skipped(session) if session.skipped_steps else [])


def _waits(session: TreatmentSession, areas: Sequence[TreatedArea]) -> Found:
    light = band_of(area.depth_mm for area in areas) is DepthBand.LIGHT
    rules = {rule.topic: rule for rule in session.protocol.restrictions.all()}
    found: Found = []
    for topic, hours in session.waits.items():
        rule = rules.get(topic)
        if rule is None:
            found.append(("waits", _("The protocol has no restriction “%s” to change.") % topic))
        elif hours not in (bounds := bounds_of(rule, light=light)):
            text = _("%(topic)s: the protocol allows %(least)s to %(most)s hours for one session.")
            said = {"topic": rule.get_topic_display(), "least": bounds.least, "most": bounds.most}
            found.append(("waits", text % said))
    return found


def _skipped(session: TreatmentSession) -> Found:
    steps = {step.slug: step for step in session.protocol.steps.all()}
    refused = [slug for slug in session.skipped_steps if slug not in steps or not may_skip(steps[slug])]
    text = _("The protocol does not let a practitioner skip this step: %s.")
    return [("skipped_steps", text % steps.get(slug, slug)) for slug in refused]
