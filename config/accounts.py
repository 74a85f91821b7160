"""Django's and allauth's settings for logging in: password, second factor, and how often one may try."""

from urllib.parse import urlsplit

THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}


def account_settings(*, site_url: str, embedded: bool, hosts: list[str], sender: str) -> dict[str, object]:
    """The settings by name. ``sender``: the address mails about accounts come from, if it is given."""
    site = urlsplit(site_url)
    secure = site.scheme == "https"
    return {
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "admin:index",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "DEFAULT_FROM_EMAIL": sender or f"aftercare@{site.hostname}",
        # Only a site that answers on this machine alone, with the embedded database, goes without: the demo.
        "SECOND_FACTOR_REQUIRED": not (embedded and {*hosts} <= THIS_MACHINE),
        # In the database, so that every process counts the same tries, with Redis or without.
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "shared_cache",
                # Beyond so many it forgets some that still count, and with them how often somebody has tried.
                "OPTIONS": {"MAX_ENTRIES": 100_000},
            }
        },
        # What ends TLS in front of us names the visitor.
        "ALLAUTH_TRUSTED_PROXY_COUNT": 1 if secure else 0,
        **ACCOUNT,
        **SECOND_FACTOR,
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": not secure,
    }


ACCOUNT: dict[str, object] = {
    "ACCOUNT_ADAPTER": "aftercare.console.accounts.adapters.AccountAdapter",
    "ACCOUNT_FORMS": {"login": "aftercare.console.accounts.forms.MemberLoginForm"},
    "ACCOUNT_LOGIN_METHODS": {"username", "email"},
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
    "ACCOUNT_EMAIL_NOTIFICATIONS": True,
    "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
    "ACCOUNT_SESSION_REMEMBER": False,
    "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
    # Seconds for which a second factor shown counts as shown just now: to change one, and to approve.
    "ACCOUNT_REAUTHENTICATION_TIMEOUT": 300,
    "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
}
SECOND_FACTOR: dict[str, object] = {
    "MFA_ADAPTER": "aftercare.console.accounts.adapters.SecondFactorAdapter",
    "MFA_FORMS": {
        "add_webauthn": "aftercare.console.accounts.passkeys.PasskeyForm",
        "authenticate_webauthn": "aftercare.console.accounts.passkeys.AuthenticateForm",
        "login_webauthn": "aftercare.console.accounts.passkeys.LogInForm",
        "reauthenticate_webauthn": "aftercare.console.accounts.passkeys.ReauthenticateForm",
    },
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    # A passkey is something one has and something one is or knows; a bare touch would be one factor.
    "MFA_WEBAUTHN_USER_VERIFICATION": "required",
    "MFA_ALLOW_UNVERIFIED_EMAIL": True,
    "MFA_TOTP_ISSUER": "Aftercare",
}
