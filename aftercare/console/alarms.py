"""What holds mail back, for the top of the first page: pauses, a mail service that refuses, spent limits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.checkins.readiness import unready
from aftercare.clinics.dates import dated
from aftercare.clinics.models import Clinic
from aftercare.console.access import OWNERS, Access, access_of, zone_of
from aftercare.console.times import said_shortly
from aftercare.content.reviewing import to_review
from aftercare.outbox.limiting import account_limit, clinics_at_their_days_end, days_end_of_the_account
from aftercare.outbox.models import ChannelRest
from aftercare.outbox.site_pause import in_force

MOST_CLINICS = 5
"""More paused clinics than these are counted, not listed."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One banner. ``url`` leads to what may be done, on a page or, with ``posts``, at once."""

    title: str
    text: str
    tone: str = "error"
    said: str = ""
    url: str = ""
    button: str = ""
    posts: bool = False


@dataclass(frozen=True)
class _Reader:
    """Who reads the page, and on which clock."""

    access: Access
    zone: ZoneInfo
    now: datetime

    def when(self, instant: datetime) -> str:
        return said_shortly(instant, self.zone)


def alarms_for(request: HttpRequest) -> list[Alarm]:
    """Everything that holds back mail of the user's clinics, the worst first, and texts to be read again."""
    reader = _Reader(access_of(request), zone_of(request), timezone.now())
    found = [*_site(reader), *_rests(reader), *_limits(reader), *_clinics(reader), *_reviews(reader)]
    found += _check_ins(reader)
    return sorted(found, key=lambda alarm: alarm.tone != "error")


def _site(reader: _Reader) -> Iterator[Alarm]:
    pause = in_force()
    if pause is None:
        return
    may = reader.access.superuser
    since = {"since": reader.when(pause.paused_at), "reason": pause.reason}
    yield Alarm(
        title=_("Everything is paused."),
        text=_("Since %(since)s: “%(reason)s” Nothing is sent; a message whose window passes is missed.")
        % since,
        url=reverse("admin:site_resume") if may else "",
        button=_("Review and resume…"),
    )


def _clinics(reader: _Reader) -> Iterator[Alarm]:
    paused = list(reader.access.clinics().filter(paused_at__isnull=False).order_by("paused_at"))
    for clinic in paused[:MOST_CLINICS]:
        yield _paused(clinic, reader)
    if (more := len(paused) - MOST_CLINICS) > 0:
        title = ngettext("%(count)d more clinic is paused.", "%(count)d more clinics are paused.", more)
        url = reverse("admin:clinics_clinic_changelist")
        yield Alarm(title=title % {"count": more}, text="", tone="warn", url=url, button=_("Clinics"))


def _check_ins(reader: _Reader) -> Iterator[Alarm]:
    """Clinics that ask their patients and could not hear the answer, or could not promise a call."""
    for clinic in unready(reader.access.clinics())[:MOST_CLINICS]:
        if not clinic.has_rules:  # type: ignore[attr-defined]
            yield Alarm(
                title=_("%s asks for check-ins that nobody can answer.") % clinic,
                text=_("No triage rules are approved: the page behind the link only says to call."),
                url=reverse("admin:checkins_ruleset_changelist"),
                button=_("Triage rules"),
            )
        elif not clinic.has_hours:  # type: ignore[attr-defined]
            yield Alarm(
                title=_("%s has no opening hours.") % clinic,
                text=_("After a check-in no patient is promised a call."),
                tone="warn",
                url=reverse("admin:clinics_clinic_change", args=[clinic.pk]),
                button=_("Opening hours"),
            )
        else:
            yield Alarm(
                title=_("%s reminds nobody of a check-in.") % clinic,
                text=_("No text for the reminder is approved: who does not answer is not asked again."),
                tone="warn",
                url=reverse("admin:content_messagetemplate_changelist"),
                button=_("Message templates"),
            )


def _paused(clinic: Clinic, reader: _Reader) -> Alarm:
    may = reader.access.holds(OWNERS, clinic.pk)
    since = reader.when(clinic.paused_at) if clinic.paused_at else ""
    return Alarm(
        title=_("%s is paused.") % clinic,
        text=_("Since %(since)s: “%(reason)s” Its messages are held.")
        % {"since": since, "reason": clinic.paused_reason},
        tone="warn",
        url=reverse("admin:clinics_clinic_resume", args=[clinic.pk]) if may else "",
        button=_("Review and resume…"),
    )


def _rests(reader: _Reader) -> Iterator[Alarm]:
    for rest in ChannelRest.objects.all():
        if rest.sender_domain and not reader.access.superuser and not _of_domain(rest, reader).exists():
            continue
        if rest.refused:
            yield _refused(rest, reader)
        elif rest.until > reader.now:
            yield _asked_for(rest, reader)


def _of_domain(rest: ChannelRest, reader: _Reader) -> Any:
    return reader.access.clinics().filter(sender_email__iendswith=f"@{rest.sender_domain}")


def _refused(rest: ChannelRest, reader: _Reader) -> Alarm:
    facts = {"since": reader.when(rest.since), "service": rest.channel, "domain": rest.sender_domain}
    if rest.sender_domain:
        clinics = ", ".join(str(clinic) for clinic in _of_domain(rest, reader)[:MOST_CLINICS])
        title = _("The mail service refuses mail from @%(domain)s.") % facts
        text = _(
            "Since %(since)s nothing of these clinics leaves: %(clinics)s. Check that %(service)s knows the "
            "domain as one you may send from, and that its DNS entries are still there."
        ) % {**facts, "clinics": clinics or "–"}
    else:
        title = _("The mail service refuses our log-in.")
        text = (
            _("Since %(since)s nothing leaves for any clinic.") % facts + " " + _what_to_check(facts, reader)
        )
    return _with_button(Alarm(title=title, text=f"{text} {_next_try(rest, reader)}"), rest, reader)


def _what_to_check(facts: dict[str, str], reader: _Reader) -> str:
    if not reader.access.superuser:
        return _("Tell whoever runs this site.")
    return (
        _("Check the user name and the password or key for %(service)s, and that the account is in order.")
        % facts
    )


def _next_try(rest: ChannelRest, reader: _Reader) -> str:
    if rest.until <= reader.now:
        return _("The next message tries again.")
    return _("It is tried again by itself: %s.") % reader.when(rest.until)


def _asked_for(rest: ChannelRest, reader: _Reader) -> Alarm:
    text = _("Messages wait until %s, and then go by themselves.") % reader.when(rest.until)
    asked = Alarm(title=_("The mail service asked for a pause."), text=text, tone="warn")
    return _with_button(asked, rest, reader)


def _with_button(alarm: Alarm, rest: ChannelRest, reader: _Reader) -> Alarm:
    """Superusers read the service's own words, which may name an address, and may try again at once."""
    if not reader.access.superuser:
        return alarm
    url = reverse("admin:rest_end", args=[rest.pk]) if rest.until > reader.now else ""
    return replace(alarm, said=rest.said, url=url, button=_("Try again now"), posts=True)


def _limits(reader: _Reader) -> Iterator[Alarm]:
    if days_end_of_the_account(now=reader.now):
        yield Alarm(
            title=_("The mails that the mail service takes a day are used up."),
            text=_(
                "%(count)s left today. The rest goes from midnight UTC on, unless its window passes first."
            )
            % {"count": account_limit().a_day},
            tone="warn",
        )
    spent = clinics_at_their_days_end(now=reader.now)
    for clinic in reader.access.clinics().filter(pk__in=spent)[:MOST_CLINICS] if spent else ():
        yield Alarm(
            title=_("%s has used up its mails of the day.") % clinic,
            text=_(
                "%(count)s left today. The rest goes from midnight UTC on, unless its window passes first."
            )
            % {"count": clinic.mails_per_day},
            tone="warn",
        )


def _reviews(reader: _Reader) -> Iterator[Alarm]:
    """One alarm for every text whose day of review is near or past; it goes on being sent."""
    today = reader.now.astimezone(reader.zone).date()
    found = to_review(reader.access.clinics(), today=today)
    if not found:
        return
    first = found[0]
    title = ngettext(
        "%(count)d message is to be read again by a clinician.",
        "%(count)d messages are to be read again by a clinician.",
        len(found),
    )
    said = _("“%(template)s” by %(day)s. It goes on being sent.")
    day = dated(first.review_on, "j F Y") if first.review_on else ""
    yield Alarm(
        title=title % {"count": len(found)},
        text=said % {"template": first, "day": day},
        tone="warn",
        url=reverse("admin:content_messagetemplate_changelist"),
        button=_("Message templates"),
    )
