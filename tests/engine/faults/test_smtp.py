"""An SMTP server that refuses for now, closes, hangs, and drops the line after it took the message."""

import pytest

pytestmark = pytest.mark.services


@pytest.fixture
def sending(engine):
    engine.worker(TESTS_CALL_SECONDS="1")
    engine.beat()


def meet(run, mailbox, stage, answer, **allowed):
    """Twenty messages, two of which meet the fault."""
    mailbox.misbehave(stage, answer, times=2)
    run.due(20)
    run.until_settled(hurried=True)
    run.judge(**allowed)


def test_line_dropped_after_the_text_leaves_the_message_in_doubt(sending, mailbox, runs):
    for run in runs("SMTP: line dropped after DATA, two times"):
        meet(run, mailbox, "data", "drop", unknown=2)


def test_server_that_hangs_after_the_text_leaves_the_message_in_doubt(sending, mailbox, runs):
    for run in runs("SMTP: no answer after DATA, two times"):
        meet(run, mailbox, "data", "hang", unknown=2)


def test_message_refused_for_now_is_tried_again(sending, mailbox, runs):
    for run in runs("SMTP: 451 after DATA, two times"):
        meet(run, mailbox, "data", "451 4.3.0 come back later")


def test_server_that_closes_is_tried_again(sending, mailbox, runs):
    for run in runs("SMTP: 421 after MAIL, two times"):
        meet(run, mailbox, "mail", "421 4.3.2 closing")
