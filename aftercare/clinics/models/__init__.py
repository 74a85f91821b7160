"""Who: clinics, the people who work there, and the patients they care for."""

from aftercare.clinics.models.clinics import AfterComplaint, Clinic, Locale
from aftercare.clinics.models.members import Membership, Practitioner, Role
from aftercare.clinics.models.patients import Patient
from aftercare.clinics.scoping import ClinicScopedQuerySet
from aftercare.clinics.users import User

__all__ = [
    "AfterComplaint",
    "Clinic",
    "ClinicScopedQuerySet",
    "Locale",
    "Membership",
    "Patient",
    "Practitioner",
    "Role",
    "User",
]
