"""What holds mail back for the whole site, an account or a clinic."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SitePause(models.Model):
    """A time in which nothing leaves for any clinic; the one without ``resumed_at`` is in force."""

    paused_at = models.DateTimeField(_("paused at"))
    reason = models.CharField(_("reason"), max_length=200)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("paused by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    resumed_at = models.DateTimeField(_("resumed at"), null=True, blank=True)
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("resumed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("pause of the whole site")
        verbose_name_plural = _("pauses of the whole site")
        ordering = ("-paused_at",)
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(resumed_at__isnull=True), name="site_pause_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return self.reason


class ChannelRest(models.Model):
    """That a mail service, or one sender's mail through it, is left alone until a time.

    ``sender_domain`` is empty when it concerns the whole account. ``refused``: the service refuses our log-in
    or the sender, so that a human must act; else it only asked for a pause. One row for each, kept until a
    message gets through.
    """

    channel = models.CharField(_("mail service"), max_length=120)
    sender_domain = models.CharField(_("sender's domain"), max_length=255, blank=True)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    refused = models.BooleanField(_("refused"), default=False)
    tries = models.PositiveIntegerField(_("tries"), default=1)
    said = models.TextField(_("what the service said"), blank=True)

    class Meta:
        verbose_name = _("rest of a mail service")
        verbose_name_plural = _("rests of mail services")
        ordering = ("channel", "sender_domain")
        constraints = [models.UniqueConstraint(fields=["channel", "sender_domain"], name="channel_rest_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.sender_domain}".strip()


class SendBucket(models.Model):
    """A token bucket: how many messages may leave now, for an account or a clinic (``scope``).

    ``tokens`` were there at ``filled_at``; ``taken_today`` counts the UTC day ``day``.
    """

    scope = models.CharField(_("scope"), max_length=140, primary_key=True)
    tokens = models.FloatField(_("tokens"))
    filled_at = models.DateTimeField(_("filled at"))
    day = models.DateField(_("day"))
    taken_today = models.PositiveIntegerField(_("taken today"), default=0)

    class Meta:
        verbose_name = _("token bucket")
        verbose_name_plural = _("token buckets")

    def __str__(self) -> str:
        return self.scope
