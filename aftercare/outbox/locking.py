"""Who plans for a patient waits for whoever plans for the same one."""

from collections.abc import Iterable

from aftercare.clinics.models import Patient


def lock_patients(ids: Iterable[int]) -> None:
    """Makes whoever else completes a session of these patients wait for this transaction's end.

    Locking sessions alone is not enough: two drafts would be completed side by side, each the newest.
    """
    wanted = Patient.objects.filter(pk__in=set(ids)).order_by("pk")
    list(wanted.select_for_update(no_key=True).values_list("pk", flat=True))
