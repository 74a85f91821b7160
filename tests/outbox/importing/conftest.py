"""A clinic that files may name: one practitioner, one protocol."""

import pytest

from tests import factories


@pytest.fixture
def clinic():
    clinic = factories.clinic()
    factories.practitioner(clinic, name="Dr Moreau", licence_number="GMC-1")
    factories.protocol(clinic, slug="microneedling")
    return clinic
