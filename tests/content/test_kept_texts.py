"""A version may leave messages that were promised before it the text that was approved until then."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.content.approval import approve, retire, unsafe_versions
from aftercare.content.publishing import texts_for
from tests import factories

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, THIRD = FIRST + timedelta(days=10), FIRST + timedelta(days=20)
BEFORE, BETWEEN, AFTER = FIRST - timedelta(days=1), FIRST + timedelta(days=5), FIRST + timedelta(days=30)

pytestmark = pytest.mark.django_db


@pytest.fixture
def template():
    return factories.template(factories.clinic())


def approved(template, now, body, *, keep=False):
    by = factories.practitioner(template.clinic)
    draft = factories.draft_version(template, body=body)
    return approve(draft, by=by, now=now, planned_keep_older=keep)


def said(template, promised_at, locale="en-GB"):
    texts = texts_for(template, locale=locale, clinic=template.clinic)
    return texts.for_promise(promised_at).version.body


def test_planned_messages_follow_the_newest_text_unless_told_otherwise(template):
    approved(template, FIRST, "one")
    approved(template, SECOND, "two")

    assert said(template, BETWEEN) == "two"


def test_messages_promised_before_keep_their_text_and_later_ones_get_the_new_one(template):
    approved(template, FIRST, "one")
    approved(template, SECOND, "two", keep=True)

    assert (said(template, BETWEEN), said(template, SECOND), said(template, AFTER)) == ("one", "two", "two")


def test_kept_texts_reach_back_over_several_versions(template):
    approved(template, FIRST, "one")
    approved(template, SECOND, "two", keep=True)
    approved(template, THIRD, "three", keep=True)

    times = (BETWEEN, SECOND + timedelta(days=1), AFTER)
    assert [said(template, at) for at in times] == ["one", "two", "three"]


def test_version_that_all_follow_ends_what_an_earlier_one_kept(template):
    approved(template, FIRST, "one")
    approved(template, SECOND, "two", keep=True)
    approved(template, THIRD, "three")

    assert said(template, BETWEEN) == "three"


def test_message_older_than_every_text_gets_the_oldest_kept(template):
    approved(template, FIRST, "one")
    approved(template, SECOND, "two", keep=True)

    assert said(template, BEFORE) == "one"


def test_first_text_of_a_language_has_nothing_to_keep(template):
    approved(template, FIRST, "one", keep=True)

    assert said(template, BEFORE) == "one"


def test_text_withdrawn_before_the_next_was_approved_is_not_used_again(template):
    retire(approved(template, FIRST, "one"), now=FIRST + timedelta(days=1))
    approved(template, SECOND, "two", keep=True)

    assert said(template, BETWEEN) == "two"


def test_kept_text_must_be_safe_before_its_template_may_be_safety_critical(template):
    approved(template, FIRST, "Call nobody.")
    approved(template, SECOND, factories.BODY["en"], keep=True)

    assert [version.body for version in unsafe_versions(template)] == ["Call nobody."]
