"""The mail service, replaced at its boundary: it records what it takes, and misbehaves when told to."""

from collections.abc import Callable

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

Trick = Callable[[EmailMessage], None]


class Provider(BaseEmailBackend):
    """Takes every message, unless a trick is waiting: each call uses up one of ``tricks``."""

    taken: list[EmailMessage] = []
    tricks: list[Trick | None] = []
    opening_errors: list[Exception] = []
    connections = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.connected = False

    @classmethod
    def reset(cls) -> type["Provider"]:
        cls.taken, cls.tricks, cls.opening_errors, cls.connections = [], [], [], 0
        return cls

    def open(self):
        if self.connected:
            return False
        if Provider.opening_errors:
            raise Provider.opening_errors.pop(0)
        self.connected = True
        Provider.connections += 1
        return True

    def close(self):
        self.connected = False

    def send_messages(self, email_messages):
        assert self.connected
        for email in email_messages:
            trick = Provider.tricks.pop(0) if Provider.tricks else None
            if trick:
                trick(email)
            Provider.taken.append(email)
        return len(email_messages)


def refusing(error: Exception) -> Trick:
    """Raises before the message is taken."""

    def trick(email):
        raise error

    return trick


def losing_the_answer(error: Exception) -> Trick:
    """Takes the message and raises nevertheless."""

    def trick(email):
        Provider.taken.append(email)
        raise error

    return trick
