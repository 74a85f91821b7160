"""Writing a draft: its forms, what is wrong with it beside each field, and what others wrote meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from aftercare.clinics.models import User
from aftercare.console.scoping import OneClinicForm
from aftercare.content.approval import draft_there_is, lock_draft, words_digest
from aftercare.content.comparing import Row, compare, differ, excerpt
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.problems import Problem
from aftercare.content.segments import MAX_CHARACTERS

FIELD_NAMES = {"subject": _("Subject"), "preheader": _("Preheader"), "body": _("Text")}


@dataclass(frozen=True)
class PlacedProblem:
    """A problem with the line of the text that it stands in."""

    problem: Problem
    field_name: str | Promise
    source_line: str


@dataclass(frozen=True)
class Differences:
    """What one field of two texts differs in, line by line, with a few lines around each change."""

    field_name: str | Promise
    rows: list[Row]


class DraftForm(OneClinicForm):
    """The words of a draft. Only what cannot be stored is an error; other problems are shown, not refused.

    ``read`` is the digest of the words that the writer began from. If others are stored by now, the form is
    shown again with both texts; whoever then saves has seen what they replace.
    """

    read = forms.CharField(required=False, widget=forms.HiddenInput)
    theirs: TemplateVersion | None = None
    told = _(
        "%(who)s has saved other words since you opened this page. Nothing is lost: below you see where "
        "your words differ. Take over what you need, then save again; yours then take their place."
    )

    class Meta:
        model = TemplateVersion
        fields: tuple[str, ...] = ("subject", "preheader", "body")
        widgets = {
            "subject": UnfoldAdminTextInputWidget({"class": "max-w-full!"}),
            "preheader": UnfoldAdminTextInputWidget({"class": "max-w-full!"}),
            "body": UnfoldAdminTextareaWidget(
                {"class": "aftercare-text max-w-full!", "rows": 28, "spellcheck": "true"}
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["read"] = words_digest(self.instance)

    def clean_body(self) -> str:
        # Browsers send CRLF; lines and columns are counted, and texts compared, with LF.
        body = self.cleaned_data["body"].replace("\r\n", "\n")
        if len(body) > MAX_CHARACTERS:
            message = _("The text is too long: %(count)s characters. Keep it under %(limit)s.")
            said = {"count": len(body), "limit": MAX_CHARACTERS}
            raise forms.ValidationError(message, params=said)
        return body

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        read = cleaned.get("read")
        stored = lock_draft(self.instance) if self.instance.pk and read else None
        if stored is not None and words_digest(stored) not in (read, self._own_digest(cleaned)):
            self._show_both(stored)
        return cleaned

    def _own_digest(self, cleaned: dict[str, Any]) -> str:
        return words_digest(TemplateVersion(**{name: cleaned.get(name, "") for name in FIELD_NAMES}))

    def _show_both(self, stored: TemplateVersion) -> None:
        self.theirs = stored
        sent = cast(QueryDict, self.data).copy()  # what a browser sent is not changed in place
        sent["read"] = words_digest(stored)
        self.data = sent
        self.add_error(None, forms.ValidationError(self.told, params={"who": name_of(stored.author)}))

    def differences(self) -> list[Differences]:
        """From the words somebody else saved to the ones in this form."""
        if self.theirs is None:
            return []
        mine = {name: self.data.get(name, "").replace("\r\n", "\n") for name in FIELD_NAMES}
        return differences(self.theirs, TemplateVersion(**mine))


class NewDraftForm(DraftForm):
    """The first words of a new draft, for a template and a language that have none.

    Where somebody has begun one, or does so at the same moment, both texts are shown; theirs stay until the
    writer says, at ``theirs``, that the own words take their place.
    """

    told = _(
        "%(who)s has begun a draft in this language already. Nothing is lost: below you see where your words "
        "differ. Take over what you need in that draft, or let your words take the place of those in it."
    )

    class Meta(DraftForm.Meta):
        fields: tuple[str, ...] = ("template", "language", *DraftForm.Meta.fields)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        template, language = cleaned.get("template"), cleaned.get("language")
        stored = draft_there_is(template, language) if template and language else None
        if stored is not None:
            self._show_both(stored)
            self.add_error("language", _("There is a draft in this language already."))
        return cleaned


def name_of(author: User | None) -> str | Promise:
    """A user as colleagues know them."""
    return author.called if author else _("Somebody")


def differences(old: TemplateVersion, new: TemplateVersion) -> list[Differences]:
    """The fields in which two versions differ."""
    compared = [
        (title, compare(getattr(old, name), getattr(new, name))) for name, title in FIELD_NAMES.items()
    ]
    return [Differences(title, excerpt(rows)) for title, rows in compared if differ(rows)]


def draft_of(template: MessageTemplate, language: str) -> TemplateVersion | None:
    return template.versions.filter(status=VersionStatus.DRAFT, language=language).first()


def placed(version: TemplateVersion, problems: Iterable[Problem]) -> list[PlacedProblem]:
    """The problems, each with its line of the version's text."""
    return [
        PlacedProblem(problem, FIELD_NAMES[problem.field], _line_of(getattr(version, problem.field), problem))
        for problem in problems
    ]


def by_field(problems: Iterable[PlacedProblem]) -> dict[str, list[PlacedProblem]]:
    found: dict[str, list[PlacedProblem]] = {name: [] for name in FIELD_NAMES}
    for each in problems:
        found[each.problem.field].append(each)
    return found


def _line_of(words: str, problem: Problem) -> str:
    lines = words.split("\n")
    return lines[problem.line - 1] if problem.line <= len(lines) else ""
