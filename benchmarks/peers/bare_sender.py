"""``python -m benchmarks.peers.bare_sender``: our promises alone, as a floor under what keeping them costs.

Claims, commits each message before and after the call, and hands the same ready-made mail to SMTP; nothing is
read, checked, filled in or encoded. Waits until something is due, and ends when nothing is.
"""

import gc
import json
import os
import smtplib
import time
import uuid
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 (models need the settings)

from aftercare.outbox.claiming import claim_within  # noqa: E402
from aftercare.outbox.clock import Watch  # noqa: E402
from aftercare.outbox.deciding import Sent  # noqa: E402
from aftercare.outbox.models import Attempt, ScheduledMessage  # noqa: E402
from aftercare.outbox.relaying import Done, relay  # noqa: E402
from aftercare.outbox.settling import Result  # noqa: E402
from benchmarks.peers.letter import FOLDER, LETTER, address, whole  # noqa: E402

LEASE = timedelta(minutes=5)
LOOK_SECONDS = 0.02
TAKEN = Result(Sent(""))

mail, frozen = whole(), json.loads((FOLDER / "frozen.json").read_text())
watch = Watch()


def claimed() -> list[ScheduledMessage]:
    return claim_within(limit=settings.CLAIM_CHUNK, lease=LEASE, channel="bare").messages


def attempt(message: ScheduledMessage) -> Attempt:
    own = {"opened_at": watch.now(), "idempotency_key": uuid.uuid4(), "number": 1}
    return Attempt(message=message, provider="bare", digest="0" * 64, **own, **frozen)


gc.freeze()
gc.set_threshold(20_000, 20, 100)  # as in our workers
while not (chunk := claimed()):
    time.sleep(LOOK_SECONDS)
with smtplib.SMTP("127.0.0.1", int(os.environ["SINK_PORT"])) as server:
    while chunk:
        done = None
        for number, message in enumerate(chunk):
            following = attempt(message)
            relay(done, following, now=following.opened_at)
            server.sendmail(LETTER["sender"], [address(number)], mail)
            done = Done(following, TAKEN)
        relay(done, None, now=watch.now())
        chunk = claimed()
