"""What a variable may say. Each parser raises ValueError with what is wrong, without quoting the value."""

from typing import NoReturn
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

import dj_database_url

FASTEST, MOST = 100_000, 2_000_000_000


def wrong(what: str) -> NoReturn:
    raise ValueError(what)


def parse_flag(raw: str) -> bool:
    if raw.lower() not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        wrong("is neither true nor false")
    return raw.lower() in {"true", "1", "yes", "on"}


def parse_rate(raw: str) -> float:
    """A positive number of whatever a second, such as 14 or 0.5."""
    try:
        rate = float(raw)
    except ValueError:
        wrong("is not a number")
    return rate if 0 < rate <= FASTEST else wrong(f"is not above 0 and at most {FASTEST}")


def parse_count(raw: str) -> int:
    """A positive whole number."""
    if not (raw.isdecimal() and raw.isascii()):
        wrong("is not a whole number")
    return int(raw) if 0 < int(raw) <= MOST else wrong(f"is not between 1 and {MOST}")


def parse_key(raw: str) -> str:
    return raw if len(raw) >= 32 else wrong("is shorter than 32 characters")


def parse_token(raw: str) -> str:
    return raw if len(raw) >= 16 and raw.isascii() else wrong("is not 16 or more plain characters")


def parse_zone(raw: str) -> str:
    return raw if raw in available_timezones() else wrong("is not a time zone")


def parse_hosts(raw: str) -> list[str]:
    return [host.strip() for host in raw.split(",") if host.strip()]


def parse_logins(raw: str) -> list[str]:
    """Each NAME:PASSWORD of a list separated by commas; more than one while the old one is replaced."""
    logins = [login.strip() for login in raw.split(",") if login.strip()]
    if any(not login.partition(":")[0] or len(login.partition(":")[2]) < 16 for login in logins):
        wrong("holds a log-in without a name, or with a password shorter than 16 characters")
    return logins or wrong("holds no log-in")


def parse_address(raw: str) -> SplitResult:
    """The parts of an URL; the library's own complaints would quote it, password included."""
    try:
        parts = urlsplit(raw)
        if parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    return wrong("is not an address with a host and, at most, a port from 1 to 65535")


def parse_site(raw: str) -> str:
    parts = parse_address(raw)
    if parts.scheme not in {"http", "https"}:
        wrong("does not start with https:// or http://")
    if parts.path.strip("/") or parts.query or parts.fragment:
        wrong("has more than a scheme, a host and a port")
    return f"{parts.scheme}://{parts.netloc}"


def parse_redis(raw: str) -> str:
    """The broker's address; empty for ``none``."""
    if raw == "none":
        return ""
    scheme = raw.partition("://")[0]
    if scheme not in {"redis", "rediss", "unix"}:
        wrong("is not none and does not start with redis://, rediss:// or unix://")
    return raw if scheme == "unix" else parse_address(raw).geturl()


def parse_database(raw: str) -> dict[str, object]:
    """Django's settings of a PostgreSQL server or an SQLite file."""
    try:
        found = dj_database_url.parse(raw)
    except ValueError:
        wrong("is not a database address")
    if found["ENGINE"] not in {"django.db.backends.postgresql", "django.db.backends.sqlite3"}:
        wrong("names a database other than PostgreSQL and SQLite")
    if not found["NAME"]:
        wrong("names no database")
    if found["ENGINE"] == "django.db.backends.postgresql":
        # Whoever asks for a connection hears in seconds that there is none, and soon that it is gone.
        alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
        patience = {"connect_timeout": 5, "tcp_user_timeout": 30_000}
        found["OPTIONS"] = {**patience, **alive, **found.get("OPTIONS", {})}
    return dict(found)
