"""The Celery application: wake-ups only. What is due lives in the database (see README, "Architecture")."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("aftercare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging_as_set(**_kwargs: Any) -> None:
    """With a receiver here, Celery leaves logging as the settings have it."""
