"""The forms by which members come in: the invited, those who log in, and those who change their details."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import validate_address, validate_line
from aftercare.clinics.inviting import is_invited

LONGEST = 254
"""Characters of an e-mail address or a password."""


class MemberLoginForm(LoginForm):
    """Lets in superusers, members of a clinic and the invited; says so to those who belong to none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        self.fields["login"].widget.attrs = {"autocomplete": "username webauthn", "autofocus": True}
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)
        for field in (self.fields["login"], self.fields["password"]):
            field.validators.append(MaxLengthValidator(LONGEST))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        user: Any = getattr(self, "user", None)
        if user is not None and not _has_business_here(user):
            raise forms.ValidationError(
                _("This account belongs to no clinic. Ask the owner of your clinic to add you."),
                code="no_clinic",
            )
        return cleaned


class JoinForm(SetPasswordForm):
    """A name and a password for a new account; ``user`` is that account, not stored yet."""

    first_name = forms.CharField(label=_("First name"), max_length=150, validators=[validate_line])
    last_name = forms.CharField(label=_("Last name"), max_length=150, validators=[validate_line])
    field_order = ("first_name", "last_name", "new_password1", "new_password2")


class DetailsForm(forms.Form):
    """One's own name and address; who has an address keeps one."""

    first_name = forms.CharField(label=_("First name"), max_length=150, validators=[validate_line])
    last_name = forms.CharField(label=_("Last name"), max_length=150, validators=[validate_line])
    email = forms.EmailField(label=_("E-mail"), max_length=254, validators=[validate_address])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = bool(self.initial.get("email"))
        self.fields["email"].help_text = _(
            "Messages about tasks and alarms go there. A new address counts once you open the link in a mail "
            "to it."
        )


def _has_business_here(user: Any) -> bool:
    return user.is_superuser or user.memberships.exists() or is_invited(user, now=timezone.now())
