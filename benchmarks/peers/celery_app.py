"""One task with an ETA for each message, by Celery's own advice: ids as arguments, no results kept."""

import os

import django
from celery import Celery
from celery.signals import worker_ready
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine

from benchmarks.peers.letter import LETTER, address, values

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.settings")
django.setup()

app = Celery("peers", broker=os.environ["PEERS_REDIS_URL"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)

TEMPLATES = {part: Engine().from_string(LETTER[part]) for part in ("subject", "text", "html")}


@worker_ready.connect
def say_ready(**_kwargs: object) -> None:
    print("ready.", flush=True)


@app.task
def send(number: int) -> None:
    context = Context(values(number))
    subject, text, html = (TEMPLATES[part].render(context) for part in ("subject", "text", "html"))
    email = EmailMultiAlternatives(
        subject, text, LETTER["sender"], [address(number)], headers=LETTER["headers"]
    )
    email.attach_alternative(html, "text/html")
    email.send()
