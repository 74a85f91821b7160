"""Who plans for a patient waits for whoever plans for the same one."""

from collections.abc import Iterable

from aftercare.clinics.kept import Blanks, Kept
from aftercare.clinics.models import Patient

LOCKED = Kept(
    lambda: (
        Patient.objects.filter(pk__in=Blanks("ids"))
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk")
    )
)


def lock_patients(ids: Iterable[int]) -> None:
    """Makes whoever else completes a session of these patients wait for this transaction's end.

    Locking sessions alone is not enough: two drafts would be completed side by side, each the newest.
    """
    LOCKED.all(ids=set(ids))
