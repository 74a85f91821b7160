"""Settings of the peers' project, from the variables that the benchmark sets."""

import os
from importlib.util import find_spec

import dj_database_url

SECRET_KEY = "only-for-benchmarks"
USE_TZ, TIME_ZONE = True, "UTC"
INSTALLED_APPS = ["django.contrib.contenttypes"]
if find_spec("post_office"):  # of requirements/bench.txt only
    INSTALLED_APPS.append("post_office")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": dj_database_url.parse(os.environ["PEERS_DATABASE_URL"])}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["SINK_PORT"])
POST_OFFICE = {
    "BACKENDS": {"default": EMAIL_BACKEND},
    "BATCH_SIZE": int(os.environ.get("BATCH_SIZE", "1000")),
    "THREADS_PER_PROCESS": int(os.environ.get("THREADS", "5")),
    "LOG_LEVEL": int(os.environ.get("POST_OFFICE_LOG_LEVEL", "2")),
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {"post_office": {"handlers": ["none"], "level": "ERROR", "propagate": False}},
}
