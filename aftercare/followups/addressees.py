"""Whose mailbox hears of a task, rung by rung."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from aftercare.clinics.addresses import comparable
from aftercare.clinics.duty import Duty
from aftercare.clinics.hours import duty_of
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import Clinic, Membership, Role, User
from aftercare.followups.levels import Level
from aftercare.followups.models import FollowUpTask, Rung

UNHURRIED = (Level.B, Level.C)
"""Answers that need somebody within a day or later."""
HANDLERS = (Role.OWNER, Role.CLINICIAN, Role.STAFF)

MEMBERS = Kept(
    lambda: (
        Membership.objects.filter(clinic=Blank("clinic"), role__in=HANDLERS, user__is_active=True)
        .exclude(user__email="")
        .order_by("pk")
        .values_list("user_id", "user__email", "role", "told_of_tasks")
    )
)


class Member(NamedTuple):
    """Somebody who may take tasks on, and has an address."""

    user_id: int
    email: str
    role: str
    told_of_tasks: bool


class Reader(NamedTuple):
    """Who a mailbox belongs to: whether to somebody who can log in, and whether it is told as on call.

    ``ask``: the names of the owners, whom a reader without a log-in can ask.
    """

    logs_in: bool = True
    is_on_call: bool = False
    ask: str = ""


MEMBER = Reader()


class Addressees:
    """The addresses of one clinic's people, read once. ``duty``: the clinic's, if its caller has read it."""

    def __init__(self, clinic: Clinic, *, now: datetime, duty: Duty | None = None) -> None:
        self._clinic, self._now, self._known = clinic, now, duty
        self._members = [Member(*row) for row in MEMBERS.all(clinic=clinic.pk)]

    def of(self, task: FollowUpTask, rung: Rung) -> list[str]:
        """The addresses for that rung, each once; the owners' where the clinic has named nobody.

        Empty only when the clinic has no member with an address and has set none; and AT_ONCE, which is told
        beside DUTY, where no owner has one.
        """
        if rung is Rung.AT_ONCE:
            return _once(self._owners())
        found = {
            Rung.DUTY: self._on_duty,
            Rung.SECOND: lambda: self._second(task),
            Rung.OWNER: self._owners,
            Rung.OVERDUE: lambda: [*self._claimer(task), *self._second(task), *self._owners()],
            Rung.OPENING: self._on_duty,
            Rung.NOT_REACHED: lambda: [*self._on_duty(), *self._second(task)],
        }[rung]()
        return _once(found or self._anybody())

    def others(self, addresses: list[str], *, than: str) -> list[str]:
        """Those without one person's own; if none is left, any other of the clinic's; else as they are."""
        own = comparable(than)
        for known in (addresses, self._anybody()):
            if rest := [address for address in _once(known) if comparable(address) != own]:
                return rest
        return addresses

    def reader(self, address: str) -> Reader:
        """Whose that address is, now."""
        logs_in = comparable(address) in {comparable(member.email) for member in self._members}
        on_call = comparable(address) == comparable(self._clinic.on_call_email or "")
        shut = on_call and not self._duty.covers(self._now)
        return Reader(logs_in=logs_in, is_on_call=shut, ask="" if logs_in else self._names_of_owners())

    def _names_of_owners(self) -> str:
        ids = [member.user_id for member in self._members if member.role == Role.OWNER]
        users = User.objects.filter(pk__in=ids).order_by("pk")
        return ", ".join(user.called for user in users)

    def next_on_duty_at(self) -> datetime | None:
        """When somebody comes on duty; None if somebody is, or the clinic has given no hours."""
        return None if self._duty.covers(self._now) else self._duty.next_start(self._now)

    def when_awake(self, at: datetime | None, task: FollowUpTask) -> datetime | None:
        """When a mail that is due then is sent: what is not urgent wakes nobody while the clinic is shut,
        unless its time would pass. ``at``: None if no mail is due."""
        if at is None or task.level not in UNHURRIED or self._duty.covers(at):
            return at
        opening = self._duty.next_opening(at)
        return opening if opening is not None and opening <= task.deadline_at else at

    @cached_property
    def _duty(self) -> Duty:
        return self._known or duty_of(self._clinic)

    def _on_duty(self) -> list[str]:
        """Outside the clinic's hours the on-call address, where there is one."""
        on_call = _named(self._clinic.on_call_email)
        if on_call and not self._duty.covers(self._now):
            return on_call
        told = [member.email for member in self._members if member.told_of_tasks]
        return told or on_call or self._owners()

    def _second(self, task: FollowUpTask) -> list[str]:
        """Where the clinic has named nobody the owners; of A and E those on duty too, as that may be one."""
        on_duty = self._on_duty() if Level(task.level).is_urgent else []
        return _named(self._clinic.escalation_email) or [*on_duty, *self._owners()]

    def _owners(self) -> list[str]:
        return [member.email for member in self._members if member.role == Role.OWNER]

    def _claimer(self, task: FollowUpTask) -> list[str]:
        """Whoever has taken it on, while they work there."""
        return [member.email for member in self._members if member.user_id == task.claimed_by_id]

    def _anybody(self) -> list[str]:
        members = [member.email for member in self._members]
        return members + _named(self._clinic.escalation_email) + _named(self._clinic.on_call_email)


def strangers(clinic: Clinic) -> list[str]:
    """Which of the addresses that a clinic names for its tasks are of nobody who can take one on."""
    members = Membership.objects.filter(clinic=clinic, role__in=HANDLERS, user__is_active=True)
    known = {comparable(email) for email in members.values_list("user__email", flat=True)}
    named = _once(_named(clinic.escalation_email) + _named(clinic.on_call_email))
    return [address for address in named if comparable(address) not in known]


def _named(address: str) -> list[str]:
    return [address] if address else []


def _once(addresses: Iterable[str]) -> list[str]:
    return list({comparable(address): address for address in addresses}.values())
