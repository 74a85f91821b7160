"""What is foreseen of an edit is what replanning then does."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.outbox.foreseeing import Foreseen, foresee
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.planning import complete_session
from aftercare.outbox.replanning import replan_protocol
from aftercare.protocols.models import ProtocolStep
from tests import factories

ENDED_AT = datetime(2026, 3, 27, 15, tzinfo=UTC)
NOW = ENDED_AT + timedelta(hours=1)
DAY_1 = factories.WALL_TIME
DAY_3 = {**factories.WALL_TIME, "slug": "day-3", "name": "Third day", "day": 3, "latest_day": 3}

pytestmark = pytest.mark.django_db


@pytest.fixture
def protocol():
    return factories.protocol(factories.clinic(), steps=(DAY_1, DAY_3))


@pytest.fixture
def sessions(protocol):
    """Three sessions under it, completed an hour after they ended; and one of another protocol."""
    other = factories.protocol(protocol.clinic, steps=(DAY_1,))
    found = [
        factories.treatment_session(protocol.clinic, protocol=plan, ended_at=ENDED_AT)
        for plan in (protocol, protocol, protocol, other)
    ]
    for session in found:
        complete_session(session, by=None, now=NOW)
    return found[:3]


def promises():
    standing = ScheduledMessage.objects.filter(status__in=(Status.SCHEDULED, Status.HELD))
    return {
        pk: (send_at, latest) for pk, send_at, latest in standing.values_list("pk", "send_at", "latest_at")
    }


def counts(found):
    return {"moved": found.moved, "added": found.added, "gone": found.stopped + found.missed}


def edited(protocol, slug, **over):
    steps = list(protocol.steps.all())
    for step in steps:
        if step.slug == slug:
            for name, value in over.items():
                setattr(step, name, value)
    return steps


def new_step(protocol):
    template = protocol.steps.all()[0].template
    late = {**DAY_3, "slug": "day-5", "number": 9, "day": 5, "latest_day": 5}
    return ProtocolStep(protocol=protocol, template=template, **late)


EDITS = {
    "another time": lambda protocol: edited(protocol, "day-1", local_time=time(11)),
    "a longer window": lambda protocol: edited(protocol, "day-1", latest_local_time=time(20)),
    "another name": lambda protocol: edited(protocol, "day-1", name="Other"),
    "disabled": lambda protocol: edited(protocol, "day-3", enabled=False),
    "a time that has passed": lambda protocol: edited(
        protocol, "day-1", day=0, local_time=time(9), latest_day=0, latest_local_time=time(12)
    ),
    "a new step": lambda protocol: [*protocol.steps.all(), new_step(protocol)],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_is_foreseen_is_what_replanning_does(protocol, sessions, edit):
    steps = edit(protocol)
    before = promises()

    found = foresee(protocol, steps, now=NOW)
    unchanged = promises()
    for step in steps:
        step.save()
    replan_protocol(protocol, by=None, now=NOW)
    after = promises()

    assert unchanged == before
    assert counts(found) == {
        "moved": sum(before[pk] != after[pk] for pk in before.keys() & after.keys()),
        "added": len(after.keys() - before.keys()),
        "gone": len(before.keys() - after.keys()),
    }


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("another time", Foreseen(moved=3)),
        ("disabled", Foreseen(stopped=3)),
        ("a time that has passed", Foreseen(missed=3)),
        ("a new step", Foreseen(added=3)),
        ("another name", Foreseen()),
    ],
)
def test_each_kind_of_edit_is_counted_by_what_it_does(protocol, sessions, edit, expected):
    found = foresee(protocol, EDITS[edit](protocol), now=NOW)

    assert counts(found) == counts(expected)
    assert found.missed == expected.missed
    assert bool(found) is bool(expected)


def test_examples_name_the_time_now_and_the_time_after(protocol, sessions):
    found = foresee(protocol, EDITS["another time"](protocol), now=NOW)

    example = found.examples[0]
    assert (example.after - example.before, example.session in sessions) == (timedelta(hours=2), True)


def test_foreseeing_takes_a_few_queries_however_many_sessions_there_are(
    protocol, sessions, django_assert_max_num_queries
):
    steps = EDITS["another time"](protocol)

    with django_assert_max_num_queries(8):
        foresee(protocol, steps, now=NOW)
