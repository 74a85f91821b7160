"""The text for a lot that comes with the project."""

import pytest

from aftercare.content.checking import check
from aftercare.content.models import TemplatePurpose
from aftercare.content.shipping import text_in
from aftercare.lots.shipped_text import SHIPPED, install_lot_text
from tests import factories


@pytest.mark.django_db
def test_shipped_text_comes_once_as_drafts():
    clinic = factories.clinic()

    assert install_lot_text(clinic) == install_lot_text(clinic)

    template = clinic.message_templates.get(purpose=TemplatePurpose.LOT)
    assert sorted(template.versions.values_list("language", "status")) == [("en", "draft"), ("es", "draft")]


@pytest.mark.django_db
def test_clinics_own_text_stays_the_one():
    clinic = factories.clinic()
    own = factories.template(clinic, purpose="lot", safety_critical=True)

    assert install_lot_text(clinic) == own


@pytest.mark.parametrize(("language", "locale"), [("en", "en-GB"), ("es", "es-ES")])
def test_shipped_text_can_be_approved_and_its_subject_tells_nothing(language, locale):
    text = text_in(SHIPPED, language)

    assert check(text, locale=locale, safety_critical=True) == []
    assert not any(word in text.subject + text.preheader for word in ("treat", "lot", "tratam", "lote"))
