"""Registers every page of the console, one module a room."""

from aftercare.console import clinics, content, deliveries, followups, outbox, patients, protocols, treatments

__all__ = ["clinics", "content", "deliveries", "followups", "outbox", "patients", "protocols", "treatments"]
