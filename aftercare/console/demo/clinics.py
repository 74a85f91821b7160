"""The demo's clinics: their log-ins, their practitioners, and their approved copy of the shipped protocol."""

from datetime import datetime, time, timedelta

from aftercare.checkins.approving import approve_rules, rules_in_force, save_rules
from aftercare.checkins.reminder_texts import install_reminder
from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Clinic, Membership, Practitioner, Role, User
from aftercare.console.demo.cast import DemoClinic
from aftercare.content.approval import approve
from aftercare.content.models import TemplateVersion
from aftercare.lots.shipped_text import install_lot_text
from aftercare.protocols.installing import install
from aftercare.protocols.models import Protocol, ProtocolStep

PROTOCOL = "microneedling"
APPROVED_AGO = timedelta(days=60)
WORKDAYS = range(5)


def make_superuser(password: str) -> User:
    existing = User.objects.filter(username="admin").first()
    return existing or User.objects.create_superuser("admin", "admin@example.com", password)


def make_clinic(cast: DemoClinic, *, password: str, now: datetime) -> Clinic:
    """The clinic with a member in each role and texts that its clinician approved two months ago."""
    clinic, _made = Clinic.objects.get_or_create(slug=cast.fields["slug"], defaults=cast.fields)
    for role in Role.values:
        _member(clinic, role, password)
    clinician = _practitioners(clinic, cast, now)
    if not Protocol.objects.filter(clinic=clinic, slug=PROTOCOL).exists():
        install(PROTOCOL, clinic=clinic)
        install_reminder(clinic)
        install_lot_text(clinic)
        _name_in_own_words(clinic, cast)
        for draft in TemplateVersion.objects.drafts().filter(template__clinic=clinic):
            approve(draft, by=clinician, now=now - APPROVED_AGO)
    if rules_in_force(clinic.pk) is None:
        approve_rules(save_rules(clinic), by=clinician, now=now - APPROVED_AGO)
    for weekday in WORKDAYS:
        OpeningHours.objects.get_or_create(
            clinic=clinic, weekday=weekday, opens_local_time=time(9), closes_local_time=time(18)
        )
    return clinic


def user_of(clinic: Clinic, role: str) -> User:
    return User.objects.get(username=username_of(clinic, role))


def username_of(clinic: Clinic, role: str) -> str:
    return f"{clinic.slug.removeprefix('demo-')}-{role}"


def _name_in_own_words(clinic: Clinic, cast: DemoClinic) -> None:
    """The protocol, its steps and the templates, as the clinic's people call them."""
    steps = ProtocolStep.objects.filter(protocol__clinic=clinic)
    for row in (*Protocol.objects.filter(clinic=clinic), *steps, *clinic.message_templates.all()):
        row.name = cast.names.get(row.name, row.name)
        row.save()


def _member(clinic: Clinic, role: str, password: str) -> None:
    username = username_of(clinic, role)
    if User.objects.filter(username=username).exists():
        return
    user = User.objects.create_user(username, f"{username}@example.com", password, is_staff=True)
    Membership.objects.create(user=user, clinic=clinic, role=role)


def _practitioners(clinic: Clinic, cast: DemoClinic, now: datetime) -> Practitioner:
    name, licence_number = cast.clinician
    Practitioner.objects.get_or_create(clinic=clinic, name=cast.colleague)
    clinician, _made = Practitioner.objects.get_or_create(
        clinic=clinic,
        user=user_of(clinic, Role.CLINICIAN),
        defaults={"name": name, "licence_number": licence_number, "licence_confirmed_at": now},
    )
    return clinician
