"""Protocols that were read several times over share their steps."""

import pytest

from aftercare.protocols.models import Protocol
from aftercare.protocols.sharing import share_steps
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored():
    return factories.protocol(factories.clinic())


def read(*protocols):
    return [Protocol.objects.get(pk=protocol.pk) for protocol in protocols]


def test_each_protocol_gets_its_own_steps_in_order_by_one_statement(stored, django_assert_num_queries):
    protocols = read(stored, factories.protocol(factories.clinic()), stored)
    expected = [list(protocol.steps.all()) for protocol in protocols]

    with django_assert_num_queries(1):
        share_steps(protocols)
    with django_assert_num_queries(0):
        found = [list(protocol.steps.all()) for protocol in protocols]
        owners = [step.protocol for step in found[0]]
    assert found == expected
    assert owners == [stored, stored]
    assert protocols[0].steps.filter(slug="day-1").get() == expected[0][1]


def test_steps_that_one_of_them_has_are_not_read_again(stored, django_assert_num_queries):
    known, other = read(stored, stored)
    share_steps([known])

    with django_assert_num_queries(0):
        share_steps([other, known])
        assert list(other.steps.all()) == list(known.steps.all())


def test_protocol_that_is_to_have_no_steps_is_not_read_again(stored, django_assert_num_queries):
    [protocol] = read(stored)
    protocol._prefetched_objects_cache = {"steps": []}

    with django_assert_num_queries(0):
        share_steps([protocol])
    assert protocol.steps.all() == []
