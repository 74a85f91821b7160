"""What a patient answered first is kept beside what a second tab, or the way back, made of it."""

from datetime import timedelta

import pytest

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.checkins.parts import answers_to, notes_of
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.ENDED_AT + timedelta(days=1)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def message():
    clinic = factories.clinic()
    factories.approved_rules(clinic)
    message = factories.message(factories.treatment_session(clinic), status="sent")
    message.step.template.asks_check_in = True
    message.step.template.save()
    return message


def say(message, *, at=NOW, note=None, **answers):
    answer(message, Given(answers=answers, note=note), now=at)
    return CheckIn.objects.get()


def test_milder_answer_after_an_alert_takes_neither_level_nor_reason_away(message):
    first = say(message, redness="more")

    check_in = say(message, at=LATER, redness="less")

    assert (Level(check_in.level), check_in.reasons) == (Level(first.level), first.reasons)
    assert "redness_rising" in check_in.reasons
    assert Concern.objects.get().level == first.level


def test_both_answers_are_kept_with_their_times(message):
    say(message, redness="more")

    check_in = say(message, at=LATER, redness="less")

    assert answers_to("redness", check_in) == [(NOW, "more"), (LATER, "less")]
    assert check_in.answers["redness"] == "less"


def test_words_that_a_second_tab_takes_away_are_kept(message):
    say(message, note="It burns.")

    check_in = say(message, at=LATER, note="")

    assert notes_of(check_in) == [(NOW, "It burns."), (LATER, "")]
    assert check_in.level != Level.NONE


def test_same_part_sent_twice_is_kept_once(message):
    say(message, redness="more")

    assert len(say(message, at=LATER, redness="more").parts) == 1


def test_emergency_after_a_milder_alert_leads_the_reasons(message):
    say(message, redness="more")

    check_in = say(message, at=LATER, redness="less", breathing="yes")

    assert check_in.level == Level.E
    assert check_in.reasons[0] != "redness_rising"
    assert "redness_rising" in check_in.reasons
