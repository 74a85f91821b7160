"""Writing a draft: its forms, what is wrong with it beside each field, and the menu of placeholders."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from aftercare.console.scoping import OneClinicForm
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.placeholders import PLACEHOLDERS, Kind, Placeholder
from aftercare.content.problems import Problem

FIELD_NAMES = {"subject": _("Subject"), "preheader": _("Preheader"), "body": _("Text")}
_ROOMS = {
    "patient": _("Patient"),
    "clinic": _("Clinic"),
    "practitioner": _("Practitioner"),
    "treatment": _("Treatment"),
    "from": _("From when on"),
}


@dataclass(frozen=True)
class MenuItem:
    """A placeholder with what is put into the text for it, and what it would say in the sample message."""

    placeholder: Placeholder
    snippet: str
    example: str | bool


@dataclass(frozen=True)
class MenuGroup:
    title: str | Promise
    items: list[MenuItem]


@dataclass(frozen=True)
class PlacedProblem:
    """A problem with the line of the text that it stands in."""

    problem: Problem
    field_name: str | Promise
    source_line: str


class DraftForm(OneClinicForm):
    """The words of a draft. Only what cannot be stored is an error; other problems are shown, not refused."""

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

    def clean_body(self) -> str:
        # Browsers send CRLF; lines and columns are counted, and texts compared, with LF.
        return self.cleaned_data["body"].replace("\r\n", "\n")


class NewDraftForm(DraftForm):
    """The first words of a new draft, for a template and a language that have none."""

    class Meta(DraftForm.Meta):
        fields: tuple[str, ...] = ("template", "language", *DraftForm.Meta.fields)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        template, language = cleaned.get("template"), cleaned.get("language")
        if template and language and draft_of(template, language):
            message = _("There is a draft in this language already. Open it, or delete it first.")
            self.add_error("language", message)
        return cleaned


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


def placeholder_menu(locale: str) -> list[MenuGroup]:
    """Every placeholder staff may use, by room, with its example in that locale."""
    return [
        MenuGroup(
            title,
            [
                MenuItem(placeholder, snippet_of(placeholder), placeholder.example(locale))
                for path, placeholder in PLACEHOLDERS.items()
                if path.startswith(f"{room}.")
            ],
        )
        for room, title in _ROOMS.items()
    ]


def snippet_of(placeholder: Placeholder) -> str:
    """What to write for it: a condition around what can be empty or is a choice, else plain."""
    path = placeholder.path
    if placeholder.kind is Kind.FLAG:
        return f"{{% if {path} %}}…{{% else %}}…{{% endif %}}"
    if placeholder.kind is Kind.CHOICE:
        cases = "".join(f'{{% when "{choice}" %}}…' for choice in placeholder.choices)
        return f"{{% case {path} %}}{cases}{{% endcase %}}"
    if path.startswith("from."):
        return f"{{% if {path} %}}{{{{ {path} }}}}{{% else %}}…{{% endif %}}"
    return f"{{{{ {path} }}}}"


def _line_of(words: str, problem: Problem) -> str:
    lines = words.split("\n")
    return lines[problem.line - 1] if problem.line <= len(lines) else ""
