"""Invitations: rows that wait until their link is used, runs out or is taken back."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import validate_address
from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, Role
from aftercare.clinics.scoping import ClinicScopedQuerySet


class InvitationQuerySet(ClinicScopedQuerySet):
    def waiting(self) -> Self:
        """Neither accepted nor taken back; they may have run out."""
        return self.filter(accepted_at__isnull=True, taken_back_at__isnull=True)


class Invitation(models.Model):
    """That somebody is asked to work at a clinic, in a role.

    Its link is signed and holds ``nonce``: another nonce, and every link sent before opens nothing.
    ``tried_at``: the last try to send it (UTC); ``not_sent``: why that failed.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(_("e-mail"), validators=[validate_address])
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.STAFF)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("invited by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    invited_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("valid until"))
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    tried_at = models.DateTimeField(_("tried to send at"), null=True, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, editable=False)
    not_sent = models.CharField(_("not sent because"), max_length=200, blank=True, editable=False)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("accepted by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    taken_back_at = models.DateTimeField(_("taken back at"), null=True, editable=False)

    objects = InvitationQuerySet.as_manager()
    history = History(excluded_fields=["nonce"])

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-invited_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "email"],
                condition=Q(accepted_at__isnull=True, taken_back_at__isnull=True),
                name="invitation_one_waiting",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(taken_back_at__isnull=True),
                name="invitation_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"

    @property
    def waits(self) -> bool:
        return self.accepted_at is None and self.taken_back_at is None

    def is_valid(self, *, now: datetime) -> bool:
        """Whether its link still opens."""
        return self.waits and now < self.expires_at
