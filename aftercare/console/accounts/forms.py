"""The forms by which members log in and add a passkey."""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class MemberLoginForm(LoginForm):
    """Lets in active superusers and members of a clinic; says so to those who belong to none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        self.fields["login"].widget.attrs = {"autocomplete": "username webauthn", "autofocus": True}
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        user: Any = getattr(self, "user", None)
        if user is not None and not (user.is_superuser or user.memberships.exists()):
            raise forms.ValidationError(
                _("This account belongs to no clinic. Ask the owner of your clinic to add you."),
                code="no_clinic",
            )
        return cleaned


class PasskeyForm(AddWebAuthnForm):
    """Adds a passkey, unless its owner wants the device beside the password only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the device")
        self.fields["passwordless"].label = _("Log in with it alone, without a password")
        self.fields["passwordless"].help_text = ""
        self.fields["passwordless"].initial = True
