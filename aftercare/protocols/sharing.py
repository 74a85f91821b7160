"""The steps of protocols that were read several times over, each with another row."""

from collections.abc import Iterable
from typing import Any

from aftercare.clinics.instances import refer
from aftercare.clinics.kept import Blanks, Kept
from aftercare.protocols.models import Protocol, ProtocolStep

STEPS = Kept(lambda: ProtocolStep.objects.filter(protocol__in=Blanks("protocols")).order_by("number"))


def share_steps(protocols: Iterable[Protocol]) -> None:
    """Gives each protocol its steps as ``prefetch_related`` does: what one of them has, the others share.

    One statement at most, and none where all have theirs.
    """
    known: dict[int, Any] = {}
    without: dict[int, list[Any]] = {}
    for protocol in protocols:
        if (found := _prefetched(protocol).get("steps")) is not None:
            known[protocol.pk] = found
        else:
            without.setdefault(protocol.pk, []).append(protocol)
    known |= _read([same[0] for pk, same in without.items() if pk not in known])
    for pk, same in without.items():
        for protocol in same:
            _prefetched(protocol)["steps"] = known[pk]


def _read(protocols: list[Any]) -> dict[int, Any]:
    ids = {protocol.pk: protocol for protocol in protocols}
    rows = STEPS.all(protocols=list(ids)) if ids else []
    found = {}
    for pk, protocol in ids.items():
        steps = protocol.steps.get_queryset()
        steps._result_cache = [row for row in rows if row.protocol_id == pk]
        for step in steps._result_cache:
            refer(step, protocol=protocol)
        found[pk] = steps
    return found


def _prefetched(protocol: Any) -> dict[str, Any]:
    return vars(protocol).setdefault("_prefetched_objects_cache", {})
