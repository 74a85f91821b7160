"""An application that breaks the writing of messages to certain patients, as a defect of ours would."""

from typing import Any

from django.apps import AppConfig

POISON = "Poison"
"""The first name of a patient to whom nothing can be written."""


class PoisonConfig(AppConfig):
    name = "tests.engine.faults.poison"
    label = "poison"

    def ready(self) -> None:
        from aftercare.clinics.models import Patient  # models are loaded only now

        patients: Any = Patient
        healthy = patients.written_locale.fget

        def written_locale(patient: Patient) -> str:
            if patient.first_name == POISON:
                raise ZeroDivisionError(POISON)
            return healthy(patient)

        patients.written_locale = property(written_locale)
