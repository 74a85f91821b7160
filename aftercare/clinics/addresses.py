"""E-mail addresses: checked when they are entered, without asking the network."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email


def validate_address(value: str) -> None:
    """Raises ValidationError, saying why, unless ``value`` can be written to (RFC 5321, RFC 6531)."""
    try:
        validate_email(value, check_deliverability=False, test_environment=False)
    except EmailNotValidError as error:
        raise ValidationError(
            _("%(value)s is not an address mail can be sent to: %(why)s"),
            code="address",
            params={"value": value, "why": error},
        ) from error
