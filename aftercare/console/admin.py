"""Registers every page of the console, one module a room."""

from aftercare.console import (
    clinics,
    content,
    content_templates,
    deliveries,
    followups,
    notices,
    outbox,
    patients,
    protocols,
    treatments,
)

__all__ = [
    "clinics",
    "content",
    "content_templates",
    "deliveries",
    "followups",
    "notices",
    "outbox",
    "patients",
    "protocols",
    "treatments",
]
