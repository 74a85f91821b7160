"""The fixed words around every message, per language. Liquid in them is filled like any other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    general_advice: str
    not_watched: str
    phone: str
    closed: str
    emergency: str
    why: str
    unsubscribe: str


_WORDINGS = {
    "en": Wording(
        general_advice=(
            "This message gives general advice from {{ clinic.name }}. "
            "It does not take the place of a clinician who sees you in person."
        ),
        not_watched="Nobody reads replies to this message in time to help. Please call.",
        phone="Call us",
        closed="When we are closed",
        emergency="Emergency",
        why="You get this message because you agreed to it at {{ clinic.name }}.",
        unsubscribe="Stop these messages",
    ),
    "es": Wording(
        general_advice=(
            "Este mensaje da consejos generales de {{ clinic.name }}. "
            "No sustituye a un profesional que le vea en persona."
        ),
        not_watched="Nadie lee las respuestas a este mensaje a tiempo para ayudarle. Por favor, llámenos.",
        phone="Llámenos",
        closed="Si estamos cerrados",
        emergency="Emergencias",
        why="Recibe este mensaje porque lo aceptó en {{ clinic.name }}.",
        unsubscribe="No recibir más mensajes",
    ),
}


def language_of(locale: str) -> str:
    return locale.partition("-")[0].lower()


def wording(locale: str) -> Wording:
    """The words for a locale's language. Raises KeyError for a language we have no words in."""
    return _WORDINGS[language_of(locale)]
