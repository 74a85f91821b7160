"""Signs of life: when a part of the engine was last seen."""

from datetime import datetime

from aftercare.outbox.models import Heartbeat


def beat(name: str, *, now: datetime) -> None:
    """Notes that the part called ``name`` was alive at ``now``."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )
