"""Who is in the demo: two clinics in different zones and languages, and the people in them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Person:
    """A patient; ``own`` holds the fields in which they differ from what their clinic assumes."""

    first_name: str
    last_name: str
    own: dict[str, Any]

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@example.com".lower()


@dataclass(frozen=True)
class DemoClinic:
    """A clinic, its clinician with licence number, a colleague without, and its patients as in STORIES."""

    fields: dict[str, Any]
    clinician: tuple[str, str]
    colleague: str
    product: str
    recovery_note: str
    patients: tuple[Person, ...]
    why_paused: str
    why_voided: str
    names: dict[str, str] = field(default_factory=dict)
    """What its people call the plan, its steps and the templates that came in English."""


def _person(name: str, **own: Any) -> Person:
    first_name, last_name = name.split(" ", 1)
    return Person(first_name, last_name, own)


HARBOUR = DemoClinic(
    fields={
        "name": "Harbour Skin Clinic",
        "slug": "demo-harbour",
        "time_zone": "Europe/London",
        "locale": "en-GB",
        "phone": "020 7946 0100",
        "out_of_hours_contact": "020 7946 0199",
        "emergency_number": "999",
        "sender_name": "Harbour Skin Clinic",
        "sender_email": "care@harbour.example.com",
        "reply_to": "desk@harbour.example.com",
        "colour": "#0f766e",
    },
    clinician=("Dr Ellis Moreau", "DEMO-GB-0001"),
    colleague="Rowan Pike",
    product="Calm Gel",
    why_paused="Asked us to wait until she calls back.",
    why_voided="Entered for the wrong patient.",
    recovery_note="Your hands will look red and feel tight for about four days. Keep them cool and dry.",
    patients=(
        _person("Amara Okafor"),
        _person("Tom Whitlock"),
        _person("Lucia Ferrer", locale="es-ES", time_zone="Europe/Madrid"),
        _person("Grace Lindqvist"),
        _person("Noor Haddad"),
        _person("Priya Venkat"),
        _person("Samuel Boateng"),
        _person("Ewan Sutherland"),
        _person("Ingrid Solberg", phone=""),
    ),
)
ALAMEDA = DemoClinic(
    fields={
        "name": "Clínica Alameda",
        "slug": "demo-alameda",
        "time_zone": "America/Mexico_City",
        "locale": "es-MX",
        "phone": "55 5555 0142",
        "out_of_hours_contact": "55 5555 0199",
        "emergency_number": "911",
        "sender_name": "Clínica Alameda",
        "sender_email": "cuidados@alameda.example.com",
        "reply_to": "recepcion@alameda.example.com",
        "colour": "#9a3412",
    },
    clinician=("Dra. Inés Robledo", "DEMO-MX-0001"),
    colleague="Bruno Cárdenas",
    product="Gel Calma",
    recovery_note="Sus manos estarán rojas y tirantes unos cuatro días. Manténgalas frescas y secas.",
    patients=(
        _person("Ximena Arriaga"),
        _person("Diego Valverde"),
        _person("Hannah Brooks", locale="en-US", time_zone="America/New_York"),
        _person("Renata Olmedo"),
        _person("Mateo Quiroz"),
        _person("Paola Zamudio"),
        _person("Emilio Barragan"),
        _person("Sofia Landa"),
        _person("Andres Tovar"),
    ),
    why_paused="Pidió esperar hasta que vuelva a llamar.",
    why_voided="Registrada en la paciente equivocada.",
    names={
        "Microneedling aftercare": "Cuidados tras microneedling",
        "First night": "Primera noche",
        "24-hour check": "Control a las 24 horas",
        "Worse after better": "Peor después de mejorar",
        "Infection check": "Control de infección",
        "Closing check": "Control de cierre",
        "Late-problem check": "Control de problemas tardíos",
        "Progress": "Evolución",
        "Reminder of a check-in": "Recordatorio del control",
        "About a product of one lot": "Sobre un producto de un lote",
    },
)
CLINICS = (HARBOUR, ALAMEDA)


@dataclass(frozen=True)
class Visit:
    """A session: how long ago it ended and was completed; ``completed_ago`` is None for a draft."""

    ended_ago: timedelta
    completed_ago: timedelta | None
    areas: tuple[tuple[str, str], ...] = (("face", "0.80"),)
    historical: bool = False


@dataclass(frozen=True)
class Story:
    """What has happened to a patient before the first look at the demo."""

    visits: tuple[Visit, ...]
    consents: bool = True
    paused: bool = False
    voided: bool = False


def _minutes(ended: int, completed: int | None, **over: Any) -> Visit:
    completed_ago = None if completed is None else timedelta(minutes=completed)
    return Visit(timedelta(minutes=ended), completed_ago, **over)


FACE_AND_NECK = (("face", "0.80"), ("neck", "0.50"))
STORIES = (
    Story((_minutes(70, 65),)),  # the first night's message is due now
    Story((_minutes(120, 110, areas=(("hands", "2.00"),)),)),  # the same, deeper than the standard text
    Story((_minutes(35, 30, areas=FACE_AND_NECK),)),  # its first message comes in 25 minutes
    Story((Visit(timedelta(days=8), timedelta(minutes=10)),)),  # entered late: some missed, one due now
    Story((_minutes(50, 45),), paused=True),  # held
    Story(  # an imported visit, whose remaining message the new one takes over
        (
            Visit(timedelta(days=30), timedelta(days=2), historical=True),
            _minutes(100, 90, areas=(("cheeks", "0.50"),)),
        )
    ),
    Story((_minutes(80, 75),), consents=False),  # held until consent is recorded
    Story((_minutes(90, 85),), voided=True),  # cancelled
    Story((_minutes(15, None),)),  # still a draft: complete it yourself
)
