"""The Celery application: wake-ups only. What is due lives in the database (see README, "Architecture")."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_before_create_process, worker_process_init
from kombu.transport import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Celery would run Django's checks at each start of a worker or beat, and tell nobody what they found.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("aftercare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# When the broker is lost, Kombu hands back to it the wake-ups in hand, and an error in that ends the whole
# worker. A wake-up carries nothing, and the next tick brings another.
redis.QoS.restore_at_shutdown = False


@setup_logging.connect
def keep_logging_as_set(**_kwargs: Any) -> None:
    """With a receiver here, Celery leaves logging as the settings have it."""


@worker_before_create_process.connect
def freeze_what_is_loaded(**_kwargs: Any) -> None:
    """What a worker has loaded stays: its children need not search it for garbage, nor copy its pages."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def collect_less_often(**_kwargs: Any) -> None:
    """A sender makes thousands of objects for a message, hardly a cycle; searching at each 700 cost 3 %."""
    gc.set_threshold(20_000, 20, 100)
