"""The menu of placeholders beside a draft: each explained, with what it says and what is inserted."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.content.placeholders import PLACEHOLDERS, Kind, Placeholder

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
