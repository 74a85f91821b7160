"""An application that breaks the writing of messages to certain patients, as a defect of ours would."""

from django.apps import AppConfig

POISON = "Poison"
"""The first name of a patient to whom nothing can be written."""


class PoisonConfig(AppConfig):
    name = "tests.engine.faults.poison"
    label = "poison"

    def ready(self) -> None:
        from aftercare.clinics.models import Patient  # models are loaded only now

        healthy = vars(Patient)["written_locale"]

        def written_locale(patient: Patient) -> str:
            if patient.first_name == POISON:
                raise ZeroDivisionError(POISON)
            return healthy.fget(patient)

        setattr(Patient, "written_locale", property(written_locale))  # noqa: B010 - mypy knows it as read-only
