"""A device's answer to a passkey's challenge. Whatever a stranger sends in its place is refused in words."""

from typing import Any

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import BadRequest
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from aftercare.console.refusals import Unreadable

UNREADABLE = _("The answer of your device cannot be read. Nothing was changed. Go back and try again.")


class AnswerField(forms.JSONField):
    """A JSON object; anything else is no answer that any browser gives."""

    def to_python(self, value: Any) -> Any:
        try:
            answer = super().to_python(value)
        except (forms.ValidationError, RecursionError) as error:
            raise Unreadable(UNREADABLE) from error
        if answer is not None and not isinstance(answer, dict):
            raise Unreadable(UNREADABLE)
        return answer


class Answered(forms.Form):
    """Comes before one of allauth's forms, which know some of the errors that bytes made up may raise."""

    credential = AnswerField(widget=forms.HiddenInput)

    def full_clean(self) -> None:
        try:
            super().full_clean()
        except (BadRequest, DatabaseError):
            raise
        except Exception as error:  # whatever a stranger's bytes do to a parser, it is their fault
            raise Unreadable(UNREADABLE) from error


class AuthenticateForm(Answered, AuthenticateWebAuthnForm):
    """Shows a passkey after the password."""


class LogInForm(Answered, LoginWebAuthnForm):
    """Logs in with a passkey alone."""


class ReauthenticateForm(Answered, ReauthenticateWebAuthnForm):
    """Shows a passkey again."""


class PasskeyForm(Answered, AddWebAuthnForm):
    """Adds a passkey, unless its owner wants the device beside the password only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the device")
        self.fields["passwordless"].label = _("This passkey may log in by itself, without a password")
        self.fields["passwordless"].help_text = ""
        self.fields["passwordless"].initial = True
