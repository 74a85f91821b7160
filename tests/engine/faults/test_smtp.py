"""An SMTP server that refuses for now, closes, hangs, and drops the line after it took the message."""

import pytest

pytestmark = pytest.mark.services

FAULTS = {
    "line dropped after DATA, two times": ("data", "drop", 2),
    "no answer after DATA, two times": ("data", "hang", 2),
    "an answer without end after DATA, two times": ("data", "drip", 2),
    "451 after DATA, two times": ("data", "451 4.3.0 come back later", 0),
    "421 after MAIL, two times": ("mail", "421 4.3.2 closing", 0),
}
"""What the server does where, and how many messages may then be in doubt."""


def test_server_in_trouble_delays_what_it_did_not_take(engine, mailbox, runs, subtests):
    engine.worker(TESTS_CALL_SECONDS="1")
    engine.beat()
    for name, (stage, answer, unknown) in FAULTS.items():
        with subtests.test(name):
            for run in runs(f"SMTP: {name}"):
                mailbox.misbehave(stage, answer, times=2)
                run.due(20)
                run.until_settled(hurried=True)
                run.judge(unknown=unknown)
