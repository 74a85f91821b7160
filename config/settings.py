"""Every setting, read from the environment. README's configuration table explains each variable."""

import zoneinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.utils.translation import gettext_lazy as _

from aftercare.console import theme
from config.accounts import account_settings
from config.environment import Environment
from config.mail import mail_settings
from config.parsing import (
    parse_count,
    parse_database,
    parse_hosts,
    parse_rate,
    parse_redis,
    parse_site,
    parse_token,
    parse_zone,
)
from config.redacting import redact

# The locked tzdata package decides on every machine alike; a system's own zones may be years old.
zoneinfo.reset_tzpath(to=())

BASE_DIR = Path(__file__).resolve().parent.parent

environment = Environment()

AFTERCARE_VAR = environment.var_folder(BASE_DIR / "var")
EMBEDDED = environment.embedded
DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.secret_key(AFTERCARE_VAR / "secret_key")
ALLOWED_HOSTS = environment.required("ALLOWED_HOSTS", parse_hosts, ["localhost", "127.0.0.1", "[::1]"])
PORT = environment.between("PORT", 8000, 1, 65535)
SITE_URL = environment.required("SITE_URL", parse_site, f"http://localhost:{PORT}")
REDIS_URL = environment.required("REDIS_URL", parse_redis, "")
TIME_ZONE = environment.read("DEFAULT_TIME_ZONE", parse_zone, "UTC")
LANGUAGE_CODE = environment.choice("DEFAULT_LANGUAGE", "en", ["en", "es"])
METRICS_TOKEN = environment.read("METRICS_TOKEN", parse_token, "")
LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])

# --- the engine ---------------------------------------------------------------------------------------------
TASKS_EAGER = environment.flag("TASKS_EAGER")
TICK_SECONDS = environment.between("TICK_SECONDS", 5, 1, 60)
UNDO_MINUTES = environment.between("UNDO_MINUTES", 3, 0, 60)
PROVIDER_TIMEOUT_SECONDS = environment.between("PROVIDER_TIMEOUT_SECONDS", 30, 1, 60)
# No call is made under a lease that it could outlast, so a shorter lease would send nothing at all.
LEASE_SECONDS = environment.between("LEASE_SECONDS", 300, max(60, 2 * PROVIDER_TIMEOUT_SECONDS), 3600)
CLAIM_CHUNK = 100
# Short, so that a worker that is asked to stop has soon finished what it has in hand; the next drain goes on.
DRAIN_SECONDS = 5

# --- database -----------------------------------------------------------------------------------------------
sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": AFTERCARE_VAR / "aftercare.sqlite3"}
DATABASES: dict[str, dict[str, Any]] = {
    "default": environment.required("DATABASE_URL", parse_database, sqlite)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A process that is frozen in the middle of a transaction must not hold its rows for ever.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c idle_in_transaction_session_timeout=60000"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# An address that so many messages in so many days come back from is not mailed again.
SOFT_BOUNCES = environment.between("SOFT_BOUNCES", 3, 1, 20)
SOFT_BOUNCE_DAYS = environment.between("SOFT_BOUNCE_DAYS", 14, 1, 90)

# --- mail ---------------------------------------------------------------------------------------------------
WEBHOOK_PROVIDER = ""  # whose reports are taken; of an SMTP server there are none
globals().update(mail_settings(environment, AFTERCARE_VAR / "mail", seconds=PROVIDER_TIMEOUT_SECONDS))
EMAIL_TIMEOUT = PROVIDER_TIMEOUT_SECONDS
ANYMAIL_REQUESTS_TIMEOUT = (5, PROVIDER_TIMEOUT_SECONDS)
ANYMAIL_IGNORE_RECIPIENT_STATUS = False
# What the account allows; a clinic may set limits of its own below these.
MAIL_PER_SECOND: float | None = environment.read("MAIL_PER_SECOND", parse_rate, None)
MAIL_PER_DAY: int | None = environment.read("MAIL_PER_DAY", parse_count, None)
LIMITS_READ_SECONDS = 1  # how old a worker's knowledge of the clinics' limits may be

environment.finish()

# --- Celery: wake-ups only; what is due lives in the database -----------------------------------------------
CELERY_TASK_ALWAYS_EAGER = TASKS_EAGER
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TIMEZONE = "UTC"
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
# Never before a drain could end by itself: its time, and then a last connection and a last call.
CELERY_TASK_TIME_LIMIT = max(300, DRAIN_SECONDS + 2 * 4 * PROVIDER_TIMEOUT_SECONDS + 30)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 8
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "aftercare.outbox.tasks.tick",
        "schedule": float(TICK_SECONDS),
        # Only so that ticks nobody takes do not pile up: the worker's own clock, which may err, decides.
        "options": {"expires": 7200},
    },
}
# Intervals of seconds need no memory of the last run, so no schedule file can go stale.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# Signs of life and an orderly end; loaded when a worker starts, as its imports need Django ready.
CELERY_IMPORTS = ["config.worker"]
# Without Redis nothing is published, and the loop of run_scheduler looks for what is due by itself.
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "unacked_restore_throttle": 1,
    }

# --- applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "aftercare.console",
    "aftercare.console.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "anymail",
    "simple_history",
    "timezone_field",
    "aftercare.clinics",
    "aftercare.followups",
    "aftercare.content",
    "aftercare.protocols",
    "aftercare.treatments",
    "aftercare.outbox",
    "aftercare.checkins",
    "aftercare.lots",
    "aftercare.hooks",
    "aftercare.pages",
]
MIDDLEWARE = [
    "config.probes.Probes",
    "config.policy.ContentPolicy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "aftercare.console.accounts.speaking.ChosenLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "clinics.User"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- languages, times, files --------------------------------------------------------------------------------
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
FORMAT_MODULE_PATH = "config.formats"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = AFTERCARE_VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "media/"
MEDIA_ROOT = AFTERCARE_VAR / "media"
PHOTO_ROOT = AFTERCARE_VAR / "photos"  # of patients: no address leads here but the console's own
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TASKS_EAGER
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- safety -------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SECURE = urlsplit(SITE_URL).scheme == "https"
SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECOND_FACTOR_REQUIRED = True
globals().update(
    account_settings(
        site_url=SITE_URL, embedded=EMBEDDED, hosts=ALLOWED_HOSTS, sender=environment.text("SITE_EMAIL")
    )
)
UNFOLD = theme.UNFOLD

# --- logs: one JSON line an event, ids only -----------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": [
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # A tick every few seconds is no news.
    "loggers": {
        **{
            name: {"level": "WARNING"}
            for name in ("celery.app.trace", "celery.beat", "celery.worker.strategy")
        },
        # Its warnings quote addresses, which may hold a name or a patient's link.
        "django.request": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
