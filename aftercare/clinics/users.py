"""Accounts: who may log in."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.history import History

OF_EVERY_LOG_IN = ["last_login"]


class User(AbstractUser):
    """A person who may log in. What they see follows from their memberships.

    ``sessions_ended`` counts how often all their sessions were ended at once; ``language`` is the one in
    which they read the console.
    """

    sessions_ended = models.PositiveIntegerField(default=0, editable=False)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=settings.LANGUAGES,
        blank=True,
        editable=False,
        help_text=_("Empty: the browser's."),
    )

    history = History(excluded_fields=["password", "last_login", "sessions_ended"])

    def save(self, **options: Any) -> None:
        """A log-in is no change of the account, and leaves none in its history."""
        if options.get("update_fields") == OF_EVERY_LOG_IN:
            self.skip_history_when_saving = True
        super().save(**options)
        self.__dict__.pop("skip_history_when_saving", None)

    @property
    def called(self) -> str:
        """As colleagues know them: the name, else the log-in."""
        return self.get_full_name() or self.get_username()

    def get_session_auth_hash(self) -> str:
        """What a session must know to go on: today's password, and that sessions were not ended since."""
        return self._of_today(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._of_today, super().get_session_auth_fallback_hash())

    def _of_today(self, known: str) -> str:
        return f"{known}{self.sessions_ended or ''}"
