"""Synthetic rows for the tests: one plain function a model, with defaults that any test may override.

Every person and address is made up, at example.com. Times are fixed: a test that needs another says so.
"""

import uuid
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.checkins.models import CheckIn, Concern, RuleSet
from aftercare.checkins.reminder_texts import install_reminder
from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic, Membership, Patient, Practitioner, Role, User
from aftercare.content.approval import approve
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.outbox.composing import compose
from aftercare.outbox.models import Attempt, DeliveryEvent, ScheduledMessage, StaffNotice, Status
from aftercare.protocols.models import LateAction, Protocol, ProtocolStep, StepKind, Variant
from aftercare.treatments.models import Favourite, Site, TreatedArea, TreatmentSession
from aftercare.treatments.screening import all_clear

#: A Saturday afternoon in London, the day before British clocks go forward.
ENDED_AT = datetime(2026, 3, 28, 15, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"  # only ever used in tests
BODY = {
    "en": (
        "Hello {{ patient.first_name }},\n\n"
        "**Keep the skin we treated clean and cool.**\n\n"
        "Worried? Call {{ clinic.phone }}. When we are closed: {{ clinic.out_of_hours }}.\n"
        "If it is hard to breathe, call {{ clinic.emergency_number }} now.\n"
    ),
    "es": (
        "Hola, {{ patient.first_name }}:\n\n"
        "**Mantenga limpia y fresca la piel tratada.**\n\n"
        "¿Alguna duda? Llame al {{ clinic.phone }}. Si estamos cerrados: {{ clinic.out_of_hours }}.\n"
        "Si le cuesta respirar, llame ya al {{ clinic.emergency_number }}.\n"
    ),
}
ELAPSED: dict[str, Any] = {
    "slug": "first-night",
    "name": "First night",
    "kind": StepKind.ELAPSED,
    "offset_minutes": 60,
    "latest_minutes": 240,
    "quiet_exempt": True,
    "safety_critical": True,
    "late_action": LateAction.SKIP_AND_TASK,
}
WALL_TIME: dict[str, Any] = {
    "slug": "day-1",
    "name": "The day after",
    "kind": StepKind.WALL_TIME,
    "day": 1,
    "local_time": time(9),
    "latest_day": 1,
    "latest_local_time": time(18),
}

_numbers = count(1)


def clinic(**over: Any) -> Clinic:
    """A clinic in London that writes British English; quiet from 21:00 until 08:00."""
    number = next(_numbers)
    return Clinic.objects.create(
        **{
            "name": f"Harbour Skin Clinic {number}",
            "slug": f"harbour-{number}",
            "time_zone": "Europe/London",
            "locale": "en-GB",
            "phone": "020 7946 0100",
            "out_of_hours_contact": "020 7946 0199",
            "emergency_number": "999",
            "sender_name": "Harbour Skin Clinic",
            "sender_email": "care@clinic.example.com",
            **over,
        }
    )


def user(clinic: Clinic | None = None, role: str = Role.STAFF, **over: Any) -> User:
    """A user who may log in with PASSWORD; a member of ``clinic`` in ``role`` unless it is None."""
    fields = {"username": f"{role}-{next(_numbers)}", "password": PASSWORD, "is_staff": True, **over}
    account = User.objects.create_user(**fields)
    if clinic is not None:
        Membership.objects.create(user=account, clinic=clinic, role=role)
    return account


def invitation(clinic: Clinic, **over: Any) -> Invitation:
    """One that an owner of the clinic has sent, as a member of its staff, and that runs out in a week."""
    fields: dict[str, Any] = {"email": f"invited-{next(_numbers)}@example.com", "role": Role.STAFF}
    fields |= {"invited_at": ENDED_AT, "sent_at": ENDED_AT, "expires_at": ENDED_AT + timedelta(days=7)}
    return Invitation.objects.create(clinic=clinic, **{**fields, **over})


def practitioner(clinic: Clinic, **over: Any) -> Practitioner:
    """An active practitioner with a confirmed licence number, who may therefore approve texts."""
    number = next(_numbers)
    fields = {"name": f"Dr Ellis Moreau {number}", "licence_number": f"GMC-{number:07}", **over}
    fields = {"licence_confirmed_at": ENDED_AT if fields["licence_number"] else None, **fields}
    return Practitioner.objects.create(clinic=clinic, **fields)


def patient(clinic: Clinic, **over: Any) -> Patient:
    """A patient who has agreed to aftercare e-mail, in the clinic's language and zone."""
    number = next(_numbers)
    fields = {
        "first_name": "Amara",
        "last_name": f"Lindqvist {number}",
        "email": f"amara.{number}@example.com",
        "phone": "020 7946 0321",
        "email_consent_version": "2026-01",
        "email_consent_at": datetime(2026, 1, 5, 10, tzinfo=UTC),
        **over,
    }
    return Patient.objects.create(clinic=clinic, **fields)


def template(clinic: Clinic, **over: Any) -> MessageTemplate:
    number = next(_numbers)
    return MessageTemplate.objects.create(
        clinic=clinic, **{"slug": f"message-{number}", "name": f"Message {number}", **over}
    )


def draft_version(template: MessageTemplate, language: str = "en", **over: Any) -> TemplateVersion:
    """A draft that names the clinic's three contacts, numbered after the versions there are."""
    newest = template.versions.filter(language=language).order_by("number").last()
    fields = {
        "number": newest.number + 1 if newest else 1,
        "subject": {"en": "A note from {{ clinic.name }}", "es": "Una nota de {{ clinic.name }}"}[language],
        "preheader": "",
        "body": BODY[language],
        **over,
    }
    return TemplateVersion.objects.create(template=template, language=language, **fields)


def approved_version(
    template: MessageTemplate, language: str = "en", *, by: Practitioner | None = None, **over: Any
) -> TemplateVersion:
    """A version approved on New Year's Day by ``by``, else by a new practitioner of the clinic."""
    by = by or practitioner(template.clinic)
    approval = {
        "status": VersionStatus.APPROVED,
        "approved_by": by,
        "approver_name": by.name,
        "approver_licence": by.licence_number,
        "approved_at": datetime(2026, 1, 1, 9, tzinfo=UTC),
    }
    return draft_version(template, language, **{**approval, **over})


def protocol(
    clinic: Clinic, steps: tuple[dict[str, Any], ...] = (ELAPSED, WALL_TIME), **over: Any
) -> Protocol:
    """A protocol whose steps (fields of ProtocolStep, numbered in order) have approved English texts."""
    fields = {
        "slug": f"microneedling-{next(_numbers)}",
        "name": "Microneedling",
        "variants": ["standard"],
        **over,
    }
    plan = Protocol.objects.create(clinic=clinic, **fields)
    for number, step_fields in enumerate(steps, start=1):
        step(plan, **{"number": number, **step_fields})
    return plan


def step(protocol: Protocol, **over: Any) -> ProtocolStep:
    """A step an hour after the end, with an approved English text, unless overridden."""
    number = next(_numbers)
    defaults = {**ELAPSED, "slug": f"step-{number}", "number": number} if "kind" not in over else {}
    fields = {**defaults, **over}
    if "template" not in fields:
        fields["template"] = template(
            protocol.clinic, name=fields["name"], safety_critical=fields.get("safety_critical", False)
        )
        approved_version(fields["template"])
    return ProtocolStep.objects.create(protocol=protocol, **fields)


def treatment_session(clinic: Clinic, **over: Any) -> TreatmentSession:
    """A draft that may be completed: ended at ENDED_AT, the face at 0.80 mm, nothing against it."""
    for name, make in (("patient", patient), ("practitioner", practitioner), ("protocol", protocol)):
        if name not in over:
            over[name] = make(clinic)
    screening = all_clear(over.get("variant", Variant.STANDARD))
    defaults = {"clinic": clinic, "ended_at": ENDED_AT, "treatment_consent": True, "screening": screening}
    fields = {**defaults, **over}
    session = TreatmentSession.objects.create(**fields)
    TreatedArea.objects.create(session=session, site=Site.FACE, depth_mm=Decimal("0.80"), passes=3)
    return session


def favourite(practitioner: Practitioner, protocol: Protocol, **over: Any) -> Favourite:
    """The face at 1 mm in three passes, with a gel for home."""
    fields = {
        "name": f"Favourite {next(_numbers)}",
        "variant": Variant.STANDARD,
        "device": "Pen 3",
        "areas": [{"site": "face", "depth_mm": "1.00", "passes": 3}],
        "products": [{"name": "Calm Gel", "for_home": True}],
        "created_at": ENDED_AT,
        **over,
    }
    return Favourite.objects.create(practitioner=practitioner, protocol=protocol, **fields)


def message(session: TreatmentSession, step: ProtocolStep | None = None, **over: Any) -> ScheduledMessage:
    """The promise of ``step`` (else the protocol's first), an hour after the end, with three hours to spare.

    ``planned_at`` and ``due_at`` follow ``send_at``; a lease or a time of sending is added where the status
    needs one.
    """
    step = step or session.protocol.steps.all()[0]
    send_at = over.get("send_at", session.ended_at + timedelta(hours=1))
    fields = {
        "clinic": session.clinic,
        "patient": session.patient,
        "safety_critical": step.safety_critical,
        "planned_at": send_at,
        "send_at": send_at,
        "latest_at": send_at + timedelta(hours=3),
        "due_at": send_at,
        **_of_status(over.get("status", Status.SCHEDULED), send_at),
        **over,
    }
    return ScheduledMessage.objects.create(session=session, step=step, **fields)


def attempt(message: ScheduledMessage, **over: Any) -> Attempt:
    """A try that the mail service took, to the patient's address, when the message was promised for."""
    composed = compose(message, now=message.send_at)
    fields = {
        "number": message.attempts.count() + 1,
        "outcome": "sent",
        "opened_at": message.send_at,
        "closed_at": None if over.get("outcome") == "open" else message.send_at,
        "provider": "Postmark",
        "compiled": composed.compiled,
        "values": composed.values,
        "headers": dict(composed.copy.headers),
        "digest": composed.copy.digest,
        **over,
    }
    return Attempt.objects.create(message=message, **fields)


def delivery_event(message: ScheduledMessage | None = None, **over: Any) -> DeliveryEvent:
    """A report, not judged yet, that a message was delivered a minute after it was promised for."""
    number = next(_numbers)
    at = ENDED_AT + timedelta(hours=1, minutes=1)
    fields = {
        "provider": "Postmark",
        "event_type": "delivered",
        "message_key": str(message.pk) if message else "",
        "recipient": message.patient.email if message else "amara@example.com",
        "happened_at": at,
        "received_at": at,
        "fingerprint": f"{number:064}",
        **over,
    }
    return DeliveryEvent.objects.create(**fields)


def notice(clinic: Clinic, **over: Any) -> StaffNotice:
    """A mail to a member of staff, of no task unless some are added, that is due an hour after ENDED_AT."""
    at = over.get("created_at", ENDED_AT + timedelta(hours=1))
    fields = {
        "rung": "duty",
        "recipient": "nurse@clinic.example.com",
        "subject": "A task needs somebody",
        "text": "A task needs somebody.",
        "language": "en-GB",
        "created_at": at,
        "due_at": at,
        "latest_at": at + timedelta(days=1),
        **({"sent_at": at} if over.get("status") == "sent" else {}),
        **over,
    }
    return StaffNotice.objects.create(clinic=clinic, **fields)


def approved_rules(clinic: Clinic) -> RuleSet:
    """The shipped triage rules, approved on New Year's Day unless the clinic has approved some."""
    known = RuleSet.objects.filter(clinic=clinic).approved().first()
    at = datetime(2026, 1, 1, 9, tzinfo=UTC)
    return known or approve_rules(save_rules(clinic), by=practitioner(clinic), now=at)


def approve_reminder(clinic: Clinic) -> None:
    """The shipped reminder of an unanswered check-in, in every language."""
    by = practitioner(clinic)
    for draft in TemplateVersion.objects.drafts().filter(template=install_reminder(clinic)):
        approve(draft, by=by, now=ENDED_AT)


def check_in_sent(clinic: Clinic, *, at: datetime) -> ScheduledMessage:
    """A message of ``at`` that asks how it goes; the clinic gets its rules and its reminder approved."""
    approved_rules(clinic)
    approve_reminder(clinic)
    session = treatment_session(clinic, state="completed", completed_at=ENDED_AT)
    asking = message(session, status="sent", send_at=at, sent_at=at)
    asking.step.template.asks_check_in = True
    asking.step.template.save()
    return asking


def check_in(message: ScheduledMessage, **over: Any) -> CheckIn:
    """A finished check-in without a sign, two days after the treatment."""
    at = over.get("started_at", message.session.ended_at + timedelta(days=2))
    fields = {
        "clinic": message.clinic,
        "patient": message.patient,
        "session": message.session,
        "rules": over["rules"] if "rules" in over else approved_rules(message.clinic),
        "day": 2,
        "started_at": at,
        "answered_at": at,
        **over,
    }
    return CheckIn.objects.create(message=message, **fields)


def asked(clinic: Clinic, count: int, *, answered: int = 0, worried: int = 0, lot: str = "L-1") -> None:
    """So many patients of one lot that were asked; some have answered, some of these needed a human."""
    plan = protocol(clinic, name=f"Plan {lot}")
    asking = plan.steps.all()[0]
    MessageTemplate.objects.filter(pk=asking.template_id).update(asks_check_in=True)
    by = practitioner(clinic, name=f"Dr {lot}")
    for number in range(count):
        session = treatment_session(clinic, protocol=plan, practitioner=by, cartridge_lot=lot)
        sent = message(session, asking, status="sent")
        if number < answered:
            opened = concern(session) if number < worried else None
            check_in(sent, concern=opened, level="a" if opened else "none")


def concern(session: TreatmentSession, **over: Any) -> Concern:
    """At level A, acknowledged after half an hour and closed after one, of two."""
    at = session.ended_at
    fields = {
        "level": "a",
        "opened_at": at,
        "raised_at": at,
        "due_at": at + timedelta(hours=2),
        "acknowledged_at": at + timedelta(minutes=30),
        "closed_at": at + timedelta(hours=1),
        "outcome": "Called.",
        **over,
    }
    return Concern.objects.create(clinic=session.clinic, patient=session.patient, session=session, **fields)


def _of_status(status: str, send_at: datetime) -> dict[str, Any]:
    if status in (Status.CLAIMED, Status.SENDING):
        return {"claim_token": uuid.uuid4(), "lease_until": send_at + timedelta(minutes=5)}
    if status == Status.SENT:
        return {"sent_at": send_at}
    return {}
