"""The page of one task: why, whom to call, what the patient was sent, who knows, and what came of it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.checkins.concerns import ConcernError, is_called, newer_task
from aftercare.checkins.handling import (
    Closing,
    NotSaid,
    UnreadAnswer,
    asks_how_reached,
    call_made,
    concern_of,
    finish,
    level_at_stake,
    said_in,
    stays_open,
    take_on,
)
from aftercare.checkins.levels import Level
from aftercare.console.access import is_id, user_of
from aftercare.console.answers import flagged_lines
from aftercare.console.session_plan import Line, line_of
from aftercare.followups.closing import TaskError, add_note
from aftercare.followups.models import FollowUpTask, Reached, Rung
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.treatments.models import TreatmentSession

if TYPE_CHECKING:
    from aftercare.console.followups import FollowUpTaskAdmin

MAX_WORDS = 2000
MOST_SAID = 20
MOST_WEIGHED = 5
"""Of so many check-ins the page says what made their level; the others are a click away."""


class CloseForm(forms.Form):
    """``level``: how urgent what it ends is; what is not urgent asks for no more than the outcome."""

    reached = forms.ChoiceField(
        label=_("How did you reach the patient?"),
        choices=[("", _("Choose")), *Reached.choices],
        error_messages={"required": _("Say whether and how you reached the patient.")},
    )
    outcome = forms.CharField(
        label=_("What came of it"),
        max_length=MAX_WORDS,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Whom you reached, what you saw or agreed, and what happens next."),
        error_messages={
            "required": _("Write what came of it, for example whom you reached and what was agreed.")
        },
    )

    def __init__(self, *given: Any, level: Level, **more: Any) -> None:
        super().__init__(*given, **more)
        self.level = level
        if not asks_how_reached(level):
            del self.fields["reached"]
        elif level is Level.E:
            self.fields["reached"].help_text = _(
                "An emergency whose patient nobody has reached stays open, and others are told at once."
            )

    def closing(self, *, read: str) -> Closing:
        return Closing(**self.cleaned_data, read=read)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=MAX_WORDS,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("For example: no answer at 14:10, tries again at 16:00."),
        error_messages={"required": _("Write what you tried or agreed, in a few words.")},
    )


def task_page(
    model_admin: "FollowUpTaskAdmin",
    request: HttpRequest,
    task: FollowUpTask,
    *,
    close_form: CloseForm | None = None,
    note_form: NoteForm | None = None,
) -> TemplateResponse:
    shown = _shown(model_admin, request, task)
    shown |= {"close_form": close_form or _close_form(task, shown), "note_form": note_form or NoteForm()}
    context = {**model_admin.admin_site.each_context(request), **shown}
    return TemplateResponse(request, "console/followups/task.html", context)


def claim_view(model_admin: "FollowUpTaskAdmin", request: HttpRequest, pk: int) -> HttpResponseBase:
    """Takes the task on, from somebody else if ``take_over`` says so."""
    task, over = _task(model_admin, request, pk), "take_over" in request.POST
    return _act(
        request,
        task,
        lambda: take_on(task=task, by=user_of(request), now=timezone.now(), take_over=over),
        done=_("The task is yours now."),
    )


def note_view(model_admin: "FollowUpTaskAdmin", request: HttpRequest, pk: int) -> HttpResponseBase:
    """Adds a note; without words, the page comes back."""
    task, form = _task(model_admin, request, pk), NoteForm(request.POST)
    if not form.is_valid():
        return task_page(model_admin, request, task, note_form=form)
    text = form.cleaned_data["text"]
    return _act(
        request,
        task,
        lambda: add_note(task=task, text=text, by=user_of(request), now=timezone.now()),
        done=_("Noted."),
    )


def called_view(model_admin: "FollowUpTaskAdmin", request: HttpRequest, pk: int) -> HttpResponseBase:
    """Notes that the patient of a concern was called."""
    task = _task(model_admin, request, pk)
    return _act(
        request,
        task,
        lambda: call_made(task=task, by=user_of(request), now=timezone.now()),
        done=_("The call is noted."),
    )


def close_view(model_admin: "FollowUpTaskAdmin", request: HttpRequest, pk: int) -> HttpResponseBase:
    """Closes the task with its outcome; the page comes back with what was written if that is missing, if the
    patient has sent something since the page was shown, or if somebody else closed the task meanwhile."""
    task = _task(model_admin, request, pk)
    form = CloseForm(request.POST, level=level_at_stake(task))
    if not form.is_valid():
        return task_page(model_admin, request, task, close_form=form)
    closing = form.closing(read=request.POST.get("read", ""))
    try:
        finish(task=task, closing=closing, by=user_of(request), now=timezone.now())
    except (TaskError, ConcernError) as refused:
        return _not_closed(model_admin, request, task, closing.outcome, refused)
    except (UnreadAnswer, NotSaid) as refused:
        form.add_error("outcome", str(refused))
        messages.error(request, str(refused))
        return task_page(model_admin, request, task, close_form=form)
    if stays_open(form.level, closing):
        _say_who_tries_next(request, task)
        return HttpResponseRedirect(_page_of(task))
    messages.success(request, _("Closed."))
    return HttpResponseRedirect(reverse("admin:followups_followuptask_changelist"))


def _say_who_tries_next(request: HttpRequest, task: FollowUpTask) -> None:
    """Whose mailboxes the last mail of a patient not reached goes to; a warning if no other's."""
    told = task.notices.filter(rung=Rung.NOT_REACHED)
    others = told.exclude(recipient__iexact=user_of(request).email)
    last = others.filter(created_at=told.aggregate(last=Max("created_at"))["last"])
    if names := ", ".join(last.values_list("recipient", flat=True)):
        text = _("Noted. The emergency stays open, and these people are told now: %s.")
        messages.success(request, text % names)
    else:
        text = _(
            "Noted. The emergency stays open. The clinic knows no other address to tell: ask somebody to try."
        )
        messages.warning(request, text)


def _not_closed(
    model_admin: "FollowUpTaskAdmin", request: HttpRequest, task: FollowUpTask, words: str, why: Exception
) -> HttpResponseBase:
    """The page again; where somebody else closed the task meanwhile, with the words as a note to add."""
    messages.error(request, str(why))
    task.refresh_from_db()
    if task.closed_at is None:
        return HttpResponseRedirect(_page_of(task))
    messages.warning(request, _("What you wrote is not kept yet. It stands below: add it as a note."))
    return task_page(model_admin, request, task, note_form=NoteForm(initial={"text": words}))


VIEWS: Mapping[str, Callable[..., HttpResponseBase]] = {
    "claim": claim_view,
    "note": note_view,
    "called": called_view,
    "close": close_view,
}


def is_overdue(task: FollowUpTask) -> bool:
    return task.closed_at is None and task.deadline_at < timezone.now()


def concerned(task: FollowUpTask) -> dict[str, Any]:
    """The message or the session that the task's source names, of the task's own clinic."""
    kind, _colon, rest = task.source.partition(":")
    wanted = rest.partition(":")[0]
    if kind == "message" and _is_uuid(wanted):
        found = ScheduledMessage.objects.filter(pk=wanted, clinic=task.clinic_id)
        message = found.select_related("step__protocol", "session__patient", "session__protocol").first()
        return {"message": message, "session": message and message.session}
    if kind == "session" and is_id(wanted):
        return {"session": TreatmentSession.objects.filter(pk=wanted, clinic=task.clinic_id).first()}
    concern = concern_of(task)
    return {"session": concern.session} if concern is not None else {}


def _is_uuid(words: str) -> bool:
    try:
        uuid.UUID(words)
    except ValueError:
        return False
    return True


def _act(
    request: HttpRequest, task: FollowUpTask, act: Callable[[], Any], *, done: Promise
) -> HttpResponseBase:
    try:
        act()
    except (TaskError, ConcernError) as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(_page_of(task))
    messages.success(request, str(done))
    return HttpResponseRedirect(_page_of(task))


def _shown(model_admin: "FollowUpTaskAdmin", request: HttpRequest, task: FollowUpTask) -> dict[str, Any]:
    may_note = model_admin.may_handle(request, task)
    return {
        "opts": model_admin.opts,
        "original": task,
        "task": task,
        "clinic": task.clinic,
        "title": task.get_cause_display(),
        "overdue": is_overdue(task),
        "may_note": may_note,
        "may_handle": task.closed_at is None and may_note,
        "concerned": concerned(task),
        **_of_concern(task),
        "said": _said(task),
        "notes": task.notes.select_related("by"),
        "notices": task.notices.order_by("created_at"),
    }


def _close_form(task: FollowUpTask, shown: dict[str, Any]) -> CloseForm:
    """Where the call was noted on the page already, it is not asked for anew."""
    initial = {"reached": Reached.CALLED} if shown.get("called") else {}
    return CloseForm(level=level_at_stake(task), initial=initial)


def _of_concern(task: FollowUpTask) -> dict[str, Any]:
    """The concern behind the task, what of it is on the page, and whether a later answer has a task."""
    concern = concern_of(task)
    if concern is None:
        return {}
    check_ins = list(concern.check_ins.select_related("session", "rules", "clinic").order_by("-started_at"))
    return {
        "concern": concern,
        "read": said_in(concern),
        "check_ins": check_ins,
        "reasons": [line for one in check_ins[:MOST_WEIGHED] for line in flagged_lines(one)],
        "newer": newer_task(concern, than=task),
        "called": is_called(concern, about=task),
    }


def _said(task: FollowUpTask) -> list[Line]:
    """What the patient was sent, the newest first; each leads to the exact copy."""
    sent = ScheduledMessage.objects.filter(
        patient=task.patient_id, clinic=task.clinic_id, status__in=(Status.SENT, Status.UNCONFIRMED)
    )
    related = sent.select_related("step", "patient__clinic", "session")
    return [replace(line_of(row), until="") for row in related.order_by("-send_at")[:MOST_SAID]]


def _task(model_admin: "FollowUpTaskAdmin", request: HttpRequest, pk: int) -> FollowUpTask:
    task = get_object_or_404(model_admin.get_queryset(request).select_related("clinic"), pk=pk)
    if not model_admin.may_handle(request, task):
        raise PermissionDenied
    return task


def _page_of(task: FollowUpTask) -> str:
    return reverse("admin:followups_followuptask_change", args=[task.pk])
