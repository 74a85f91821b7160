"""The promise: one row for each message somebody is owed, and everything that was tried to keep it."""

from aftercare.outbox.models.attempts import Attempt, AttemptOutcome, StatusChange
from aftercare.outbox.models.channels import ChannelRest, SendBucket, SitePause
from aftercare.outbox.models.deliveries import DeliveryEvent, Purpose, Suppression
from aftercare.outbox.models.imports import ImportFile, ImportKind
from aftercare.outbox.models.messages import MessageScopedQuerySet, ScheduledMessage
from aftercare.outbox.models.notices import NoticeStatus, StaffNotice
from aftercare.outbox.models.signs import Heartbeat, Tally
from aftercare.outbox.models.statuses import Delivery, Status, Why

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "ChannelRest",
    "Delivery",
    "DeliveryEvent",
    "Heartbeat",
    "ImportFile",
    "ImportKind",
    "MessageScopedQuerySet",
    "NoticeStatus",
    "Purpose",
    "ScheduledMessage",
    "SendBucket",
    "SitePause",
    "StaffNotice",
    "Status",
    "StatusChange",
    "Suppression",
    "Tally",
    "Why",
]
