"""Rows that belong to a clinic, and what a user may see of them."""

from typing import Any, Self, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models

Viewer = AbstractBaseUser | AnonymousUser


class ClinicScopedQuerySet(models.QuerySet):
    """Rows that belong to a clinic, limited to what a user may see."""

    clinic_path = "clinic"

    def for_user(self, user: Viewer) -> Self:
        """The rows of the clinics the user is a member of; all rows for an active superuser."""
        if getattr(user, "is_superuser", False) and user.is_active:
            return self
        if not user.is_authenticated or not user.is_active:
            return self.none()
        clinics = cast(Any, user).memberships.values("clinic_id")
        return self.filter(**{f"{self.clinic_path}__in": clinics})

    def of_every_clinic(self) -> Self:
        """The same rows, on purpose not limited to a user's clinics: the engine's, or one that a key names.

        The tests refuse any other query of a console page that nothing ties to the user's clinics.
        """
        rows = self.all()
        rows.query.of_every_clinic = True  # type: ignore[attr-defined]
        return rows
