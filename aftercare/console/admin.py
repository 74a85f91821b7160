"""Registers every page of the console, one module a room."""

from aftercare.console import (
    check_ins,
    clinics,
    content,
    content_templates,
    deliveries,
    favourites,
    followups,
    invitations,
    lots,
    members,
    notices,
    outbox,
    patients,
    protocols,
    treatments,
    triage_rules,
)

__all__ = [
    "check_ins",
    "clinics",
    "content",
    "content_templates",
    "deliveries",
    "favourites",
    "followups",
    "invitations",
    "lots",
    "members",
    "notices",
    "outbox",
    "patients",
    "protocols",
    "treatments",
    "triage_rules",
]
