"""The fixed words around every message, per language. Liquid in them is filled like any other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    general_advice: str
    not_watched: str
    phone: str
    closed: str
    emergency: str
    button: str
    check_in: str
    browser: str
    why: str
    unsubscribe: str
    same_day: str


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
        check_in="Answer a few questions",
        button="See your dates and messages",
        browser="Read this message in your browser",
        why="You get this message because you agreed to it at {{ clinic.name }}.",
        unsubscribe="Unsubscribe from these messages",
        same_day=(
            "You had more than one treatment on {day}. "
            "The dates in this message are the latest that apply to all of them."
        ),
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
        check_in="Responda a unas preguntas",
        button="Ver sus fechas y mensajes",
        browser="Leer este mensaje en el navegador",
        why="Recibe este mensaje porque lo aceptó en {{ clinic.name }}.",
        unsubscribe="No recibir más mensajes",
        same_day=(
            "El {day} recibió más de un tratamiento. "
            "Las fechas de este mensaje son las más tardías de todos ellos."
        ),
    ),
    "ar": Wording(
        general_advice=("تتضمن هذه الرسالة نصائح عامة من {{ clinic.name }}، ولا تحل محل مختص يفحصك شخصيًا."),
        not_watched="لا يقرأ أحد الردود على هذه الرسالة في الوقت المناسب لمساعدتك. يُرجى الاتصال بنا.",
        phone="اتصل بنا",
        closed="عندما نكون مغلقين",
        emergency="الطوارئ",
        check_in="أجب عن بعض الأسئلة",
        button="مواعيدك ورسائلك",
        browser="اقرأ هذه الرسالة في المتصفح",
        why="تصلك هذه الرسالة لأنك وافقت على ذلك في {{ clinic.name }}.",
        unsubscribe="إيقاف هذه الرسائل",
        same_day=(
            "خضعت لأكثر من علاج في {day}. التواريخ في هذه الرسالة هي الأبعد من بين تواريخ جميع العلاجات."
        ),
    ),
}
LANGUAGES = tuple(_WORDINGS)
"""Those in which fixed words stand around a message."""
_RIGHT_TO_LEFT = frozenset({"ar"})


def language_of(locale: str) -> str:
    return locale.partition("-")[0].lower()


def direction(locale: str) -> str:
    """“ltr” or “rtl”, as HTML's ``dir`` has it."""
    return "rtl" if language_of(locale) in _RIGHT_TO_LEFT else "ltr"


def wording(locale: str) -> Wording:
    """The words for a locale's language. Raises KeyError for a language we have no words in."""
    return _WORDINGS[language_of(locale)]
