"""A message to everybody treated with one lot: confirmed once, sent behind every other message."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet
from aftercare.content.models import MessageTemplate
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.protocols.models import ProtocolStep

VOIDED = models.Q(status=Status.CANCELLED, why=Why.SESSION_VOIDED)


class LotMail(models.Model):
    """That a clinic writes one approved text to every patient treated with a lot.

    ``steps``: one for each protocol concerned, outside its plan; the messages are theirs. ``paused_at``:
    nothing more leaves for now. ``cancelled_at``: nothing more leaves at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="lot_mails"
    )
    lot = models.CharField(_("lot"), max_length=60)
    template = models.ForeignKey(
        MessageTemplate, verbose_name=_("text"), on_delete=models.PROTECT, related_name="lot_mails"
    )
    steps = models.ManyToManyField(ProtocolStep, related_name="lot_mails", editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("confirmed by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    finished = models.BooleanField(_("nothing waits any more"), default=False)

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("message to a lot")
        verbose_name_plural = _("messages to a lot")
        ordering = ("-confirmed_at",)
        constraints = [
            models.UniqueConstraint(
                "clinic", Upper("lot"), "template", name="lot_mail_once_per_lot_and_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot} · {self.template}"

    @property
    def written_to(self) -> set[int]:
        """The patients, by id, who have their message. One whose session was voided before it left has none:
        the treatment may have been recorded anew."""
        return set(self.messages.exclude(VOIDED).values_list("patient", flat=True))

    @property
    def messages(self) -> models.QuerySet[ScheduledMessage]:
        """Every message of it, whatever has become of each."""
        return ScheduledMessage.objects.filter(step__lot_mails=self)
