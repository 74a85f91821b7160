"""The messages of one claim, read together with all that judging and writing them needs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import dropwhile, islice
from typing import Any

from django.db.models import CharField, Model, UUIDField

from aftercare.clinics.addresses import comparable
from aftercare.clinics.instances import instance, refer
from aftercare.clinics.kept import Blanks, Kept
from aftercare.clinics.models import Clinic, Patient, Practitioner
from aftercare.content.models import CompiledVersion
from aftercare.content.publishing import Texts
from aftercare.outbox.composing import approved_texts
from aftercare.outbox.models import Purpose, ScheduledMessage, Status, Suppression
from aftercare.outbox.suppressing import purposes_against
from aftercare.protocols.models import Protocol, ProtocolStep, Restriction
from aftercare.treatments.models import ProductApplied, TreatedArea, TreatmentSession

FRESH = timedelta(seconds=1)
"""What was read is believed for so long. Stops that move the message's status need no reading at all: its
claim is checked in the statement that opens the try."""
AHEAD = 100
"""Messages read in one go: about as many as a sender sends before what it read has to be read again."""
FRESH_TEXT = timedelta(seconds=5)
"""A text that was approved a moment ago may be used a little later than a stop."""
UNREAD = {
    ScheduledMessage: (
        "moved_by", "planned_at", "why", "why_detail", "superseded_by", "sent_at",
        "provider_message_id", "delivery", "delivery_at",
    ),
    TreatmentSession: (
        "screening", "override_reason", "notes", "void_reason", "external_id", "created_at", "skipped_steps",
    ),
    Patient: ("phone", "birth_date", "external_id", "paused_reason"),
}  # fmt: skip
"""What neither judging nor writing a message looks at; asked for all the same, it is read then."""
WAYS = {"": ScheduledMessage, "session__": TreatmentSession, "patient__": Patient}
"""A message's own columns, and those that are read along."""


@cache
def _columns(model: type[Model]) -> tuple[str, ...]:
    unread = UNREAD.get(model, ())
    return tuple(each.attname for each in model._meta.concrete_fields if each.name not in unread)


CLAIMED = Kept(
    lambda: (
        ScheduledMessage.objects.filter(
            pk__in=Blanks("ids", UUIDField()),
            status=Status.CLAIMED,
            claim_token__in=Blanks("tokens", UUIDField()),
        )
        .order_by()
        .values_list(*(f"{way}{name}" for way, model in WAYS.items() for name in _columns(model)))
    )
)
SUPPRESSED = Kept(
    lambda: Suppression.objects.filter(
        clinic__in=Blanks("clinics"), email__in=Blanks("emails", CharField()), purpose__in=Purpose.values
    ).values_list("clinic_id", "email", "purpose")
)


def _by_session(model: type[Model]) -> Kept[Any]:
    return Kept(
        lambda: (
            model._default_manager.filter(session__in=Blanks("sessions"))
            .order_by("pk")
            .values_list(*_columns(model))
        )
    )


AREAS, PRODUCTS = _by_session(TreatedArea), _by_session(ProductApplied)
CLINICS = Kept(lambda: Clinic.objects.filter(pk__in=Blanks("ids")))
STEPS = Kept(lambda: ProtocolStep.every.filter(pk__in=Blanks("ids")).select_related("template"))
PRACTITIONERS = Kept(lambda: Practitioner.objects.filter(pk__in=Blanks("ids")))
PROTOCOLS = Kept(lambda: Protocol.objects.filter(pk__in=Blanks("ids")))
RESTRICTIONS = Kept(lambda: Restriction.objects.filter(protocol__in=Blanks("ids")).order_by("topic"))


class Shared:
    """What many messages have in common, read once for all of them and believed for FRESH."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[Model], Any], Any] = {}
        self._texts: dict[Any, Texts | None] = {}
        self._rows_at = self._texts_at = datetime.min.replace(tzinfo=UTC)

    def attach(self, messages: Sequence[ScheduledMessage], *, now: datetime) -> None:
        """Gives each message its clinic, step, practitioner and protocol, without a query of its own."""
        if now - self._rows_at >= FRESH:
            self._rows, self._rows_at = {}, now
        if now - self._texts_at >= FRESH_TEXT:
            self._texts, self._texts_at = {}, now
        sessions = [message.session for message in messages]
        self._read(Clinic, CLINICS, (message.clinic_id for message in messages))
        self._read(ProtocolStep, STEPS, (message.step_id for message in messages))
        self._read(Practitioner, PRACTITIONERS, (session.practitioner_id for session in sessions))
        read = self._read(Protocol, PROTOCOLS, (session.protocol_id for session in sessions))
        _attach_restrictions(read)
        for message in messages:
            self._attach(message)

    def text_for(self, message: ScheduledMessage) -> CompiledVersion | None:
        """As :func:`aftercare.outbox.composing.approved_text`, looked up once for all that share it."""
        key = (message.step.template_id, message.patient.written_locale, message.clinic_id)
        if key not in self._texts:
            self._texts[key] = approved_texts(message)
        texts = self._texts[key]
        return texts.for_promise(message.created_at) if texts else None

    def _read(self, model: type[Model], rows: Kept[Any], ids: Iterable[Any]) -> list[Any]:
        """Reads those that are missing, and returns them."""
        missing = {pk for pk in ids if (model, pk) not in self._rows}
        found = rows.all(ids=missing) if missing else []
        self._rows |= {(model, row.pk): row for row in found}
        return found

    def _attach(self, message: ScheduledMessage) -> None:
        patient, session = message.patient, message.session
        clinic = self._rows[Clinic, message.clinic_id]
        refer(message, clinic=clinic, step=self._rows[ProtocolStep, message.step_id])
        refer(session, practitioner=self._rows[Practitioner, session.practitioner_id])
        refer(session, protocol=self._rows[Protocol, session.protocol_id])
        if session.clinic_id == message.clinic_id:
            refer(session, clinic=clinic)
        if patient.clinic_id == message.clinic_id:
            refer(patient, clinic=clinic)
        if session.patient_id == patient.pk:
            refer(session, patient=patient)


class InHand:
    """Reads the next AHEAD messages of a claim in one go, and again when that is older than FRESH."""

    def __init__(self, claimed: Sequence[ScheduledMessage], shared: Shared | None = None) -> None:
        self._left = dict.fromkeys(message.pk for message in claimed)  # in the order of their turns
        self._tokens = {message.claim_token for message in claimed}
        self._shared = shared or Shared()
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._asked: set[Any] = set()
        self._messages: dict[Any, ScheduledMessage] = {}
        self._suppressed: set[tuple[int, str, str]] = set()

    def must_read(self, message_id: Any, *, now: datetime) -> bool:
        """Whether the message has to be read from the database first."""
        return message_id not in self._asked or now - self._read_at >= FRESH

    def take(self, message_id: Any, *, now: datetime) -> ScheduledMessage | None:
        """The message as it is now; None if this claim no longer holds it."""
        if self.must_read(message_id, now=now):
            next_ones = dropwhile(lambda pk: pk != message_id, self._left)
            self._asked = set(islice(next_ones, AHEAD))
            self._messages = {message.pk: message for message in self._read()}
            self._shared.attach(list(self._messages.values()), now=now)
            _attach_treatments([message.session for message in self._messages.values()])
            self._suppressed = self._read_suppressed()
            self._read_at = now
        return self._messages.get(message_id)

    def let_go(self, message_id: Any) -> None:
        """It is dealt with, and need not be read again."""
        self._left.pop(message_id, None)

    def is_suppressed(self, message: ScheduledMessage) -> bool:
        """Whether the patient's address may not be mailed by the clinic for this purpose."""
        address = comparable(message.patient.email)
        purposes = purposes_against(safety_critical=message.safety_critical)
        return any((message.clinic_id, address, purpose) in self._suppressed for purpose in purposes)

    def text_for(self, message: ScheduledMessage) -> CompiledVersion | None:
        """The approved text that speaks to the message's patient."""
        return self._shared.text_for(message)

    def _read(self) -> Iterator[ScheduledMessage]:
        """Each of those asked for that this claim still holds, with its session and its patient."""
        for found in CLAIMED.all(ids=self._asked, tokens=self._tokens):
            values = iter(found)
            message = instance(ScheduledMessage, _columns(ScheduledMessage), values)
            session = instance(TreatmentSession, _columns(TreatmentSession), values)
            refer(message, session=session, patient=instance(Patient, _columns(Patient), values))
            yield message

    def _read_suppressed(self) -> set[tuple[int, str, str]]:
        """The clinics and addresses, of those in hand, that do not go together, and for which purpose."""
        messages = self._messages.values()
        clinics = {message.clinic_id for message in messages}
        return set(
            SUPPRESSED.all(clinics=clinics, emails={comparable(each.patient.email) for each in messages})
        )


def _attach_restrictions(protocols: Sequence[Protocol]) -> None:
    found: dict[int, list[Restriction]] = {each.pk: [] for each in protocols}
    for row in RESTRICTIONS.all(ids=found) if found else ():
        found[row.protocol_id].append(row)
    for protocol in protocols:
        vars(protocol)["_prefetched_objects_cache"] = {"restrictions": found[protocol.pk]}


def _attach_treatments(sessions: Sequence[TreatmentSession]) -> None:
    """Gives each session its areas and products, as Django's ``prefetch_related`` does.

    That makes a query set for each session and kind: a third of all that reading a message costs.
    """
    found: dict[int, dict[str, list[Any]]] = {each.pk: {"areas": [], "products": []} for each in sessions}
    kinds: Sequence[tuple[str, type[Model], Kept[Any]]] = (
        ("areas", TreatedArea, AREAS),
        ("products", ProductApplied, PRODUCTS),
    )
    for name, model, kept in kinds:
        for values in kept.all(sessions=found):
            row: Any = instance(model, _columns(model), values)
            found[row.session_id][name].append(row)
    for session in sessions:
        vars(session)["_prefetched_objects_cache"] = found[session.pk]
