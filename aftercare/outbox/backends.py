"""Mail as files: what the embedded default sends to."""

import os
import re
import tempfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from aftercare.outbox.overtime import TookTooLong
from aftercare.outbox.wire import wire_of

_MESSAGE_UUID = re.compile(r"<([0-9a-f-]{36})@")


class NotTaken(Exception):
    """The backend is certain that the message has not left."""


class EmlBackend(BaseEmailBackend):
    """Writes each message to a file of its own in ``EMAIL_FILE_PATH``, whole or not at all.

    The names sort by time (UTC) and end in the message's own id. Raises NotTaken when a file cannot be
    written.
    """

    def __init__(self, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path or str(getattr(settings, "EMAIL_FILE_PATH", None)))

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for email in email_messages:
            try:
                self._write(_name(email.extra_headers.get("Message-ID", "")), wire_of(email))
            except TookTooLong:
                raise  # the file may be there
            except OSError as error:
                raise NotTaken(f"{self.folder}: {error.strerror or error}") from error
        return len(email_messages)

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.folder / name)
        finally:
            Path(draft).unlink(missing_ok=True)


def _name(message_id: str) -> str:
    found = _MESSAGE_UUID.match(message_id)
    # The clock of this machine: only the order of the files depends on it.
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{found[1] if found else uuid.uuid4()}.eml"
