"""The pages of a lot: who was treated with it, a preview, a confirmation, and how far it has come."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.lots.models import LotMail
from aftercare.lots.treated import treated_with
from aftercare.lots.writing import shown_digest
from tests import factories

pytestmark = pytest.mark.django_db
LOT = "SP-1207"
ADD = reverse("admin:lots_lotmail_add")


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def template(clinic):
    template = factories.template(clinic, name="Recall", purpose="lot", safety_critical=True)
    factories.approved_version(template)
    return template


@pytest.fixture
def owner(client, clinic):
    owner = factories.user(clinic, Role.OWNER)
    client.force_login(owner)
    return owner


def treated(clinic, **over):
    completed = {"state": "completed", "completed_at": factories.ENDED_AT, "cartridge_lot": LOT}
    return factories.treatment_session(clinic, **{**completed, **over})


def posted(clinic, template):
    """What the page shows by now, confirmed."""
    shown = shown_digest(template.versions.approved(), treated_with(clinic, LOT))
    given = {"clinic": clinic.pk, "lot": LOT, "text": template.pk}
    return {**given, "key": str(uuid.uuid4()), "shown": shown}


def test_search_lists_the_treated_with_phone_and_obstacle(client, clinic, owner):
    treated(clinic, patient=factories.patient(clinic, last_name="Reached", phone="020 7946 0001"))
    treated(clinic, patient=factories.patient(clinic, last_name="Blocked", email_consent_at=None))

    page = client.get(ADD, {"lot": LOT}).content.decode()

    assert "2 patients were treated with lot SP-1207" in page
    assert "020 7946 0001" in page
    assert "No consent to aftercare e-mail" in page


def test_treated_with_neither_mail_nor_phone_are_to_be_written_to_by_post(client, clinic, owner):
    treated(clinic, patient=factories.patient(clinic, phone="", email_consent_at=None))

    assert "No phone: write by post" in client.get(ADD, {"lot": LOT}).content.decode()


def test_chosen_text_is_previewed_with_a_patient_who_gets_it(client, clinic, owner, template):
    session = treated(clinic)

    page = client.get(ADD, {"lot": LOT, "text": template.pk}).content.decode()

    assert f"filled for {session.patient}" in page
    assert f"?session={session.pk}" in page
    assert "Write to 1 patient" in page


def test_confirmation_leads_to_the_progress_and_twice_is_once(client, clinic, owner, template):
    treated(clinic)
    form = posted(clinic, template)

    first = client.post(ADD, form)
    client.post(ADD, form)

    mail = LotMail.objects.get()
    assert first.url == reverse("admin:lots_lotmail_change", args=[mail.pk])
    assert "0 of 1 sent" in client.get(first.url).content.decode()


def test_page_is_confirmed_only_with_the_words_and_the_people_it_showed(client, clinic, owner, template):
    treated(clinic)
    form = posted(clinic, template)
    treated(clinic, patient=factories.patient(clinic, last_name="Later"))

    answer = client.post(ADD, form, follow=True)
    assert "has changed since you looked" in answer.content.decode()
    assert not LotMail.objects.exists()

    form = posted(clinic, template)
    template.versions.approved().get().delete()
    factories.approved_version(template)
    client.post(ADD, form)
    assert not LotMail.objects.exists()


def test_page_shows_what_its_form_confirms(client, clinic, owner, template):
    treated(clinic)

    page = client.get(ADD, {"lot": LOT, "text": template.pk})

    assert page.context["shown"] == posted(clinic, template)["shown"]
    assert f'name="shown" value="{page.context["shown"]}"' in page.content.decode()


def test_form_of_another_clinics_message_is_refused(client, clinic, owner, template):
    treated(clinic)
    form = posted(clinic, template)
    client.post(ADD, form)
    other = factories.clinic()
    treated(other)
    text = factories.template(other, purpose="lot", safety_critical=True)
    factories.approved_version(text)
    client.force_login(factories.user(other, Role.OWNER))

    answer = client.post(ADD, {**posted(other, text), "key": form["key"]})

    assert answer.status_code == 302
    assert not LotMail.objects.filter(clinic=other).exists()


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_act_asks_before_it_is_done(client, clinic, owner, template, act):
    treated(clinic)
    client.post(ADD, posted(clinic, template))
    mail = LotMail.objects.get()
    url = reverse(f"admin:lots_lotmail_{act}", args=[mail.pk])

    client.get(url)
    mail.refresh_from_db()
    assert (mail.paused_at, mail.cancelled_at) == (None, None)

    client.post(url)
    mail.refresh_from_db()
    assert (mail.paused_at or mail.cancelled_at) is not None


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_only_owners_and_clinicians_see_it(client, clinic, role):
    client.force_login(factories.user(clinic, role))

    assert client.get(ADD, {"lot": LOT}).status_code == 403
    assert client.get(reverse("admin:lots_lotmail_changelist")).status_code == 403


def test_text_of_another_clinic_is_not_found(client, clinic, owner):
    treated(clinic)
    other = factories.template(factories.clinic(), purpose="lot", safety_critical=True)
    factories.approved_version(other)

    assert client.post(ADD, posted(clinic, other)).status_code == 404
    assert not LotMail.objects.exists()


def test_other_clinics_patients_stay_out(client, clinic, owner):
    elsewhere = treated(factories.clinic())

    page = client.get(ADD, {"lot": LOT, "clinic": elsewhere.clinic_id}).content.decode()

    assert elsewhere.patient.last_name not in page


def test_page_of_fifty_patients_asks_few_queries(
    client, clinic, owner, template, django_assert_max_num_queries
):
    protocol, practitioner = factories.protocol(clinic), factories.practitioner(clinic)
    for _each in range(50):
        treated(clinic, protocol=protocol, practitioner=practitioner)
    client.post(ADD, posted(clinic, template))

    with django_assert_max_num_queries(15):
        client.get(ADD, {"lot": LOT, "text": template.pk})
    with django_assert_max_num_queries(15):
        client.get(reverse("admin:lots_lotmail_change", args=[LotMail.objects.get().pk]))


def test_session_and_learning_lead_to_the_lot(client, clinic, owner):
    session = treated(clinic)
    message = factories.message(session, status="sent", sent_at=timezone.now() - timedelta(days=1))
    type(message.step.template).objects.update(asks_check_in=True)
    link = f"{ADD}?clinic={clinic.pk}&amp;lot={LOT}"

    page = client.get(reverse("admin:treatments_treatmentsession_change", args=[session.pk]))

    assert link in page.content.decode()
    assert link in client.get(reverse("admin:checkins_checkin_learning"), {"by": "lot"}).content.decode()


def test_template_for_a_lot_must_be_safety_critical(client, clinic, owner):
    form = {"clinic": clinic.pk, "name": "Recall", "slug": "recall", "purpose": "lot"}

    client.post(reverse("admin:content_messagetemplate_add"), form)
    assert not clinic.message_templates.filter(purpose="lot").exists()

    client.post(reverse("admin:content_messagetemplate_add"), {**form, "safety_critical": "on"})
    assert clinic.message_templates.filter(purpose="lot").exists()


def test_clinic_without_an_approved_text_is_led_to_the_shipped_draft(client, clinic, owner):
    treated(clinic)
    assert 'name="draft"' in client.get(ADD, {"lot": LOT}).content.decode()

    answer = client.post(ADD, {"clinic": clinic.pk, "draft": "1"}, follow=True)

    draft = clinic.message_templates.get(purpose="lot")
    assert answer.redirect_chain[-1][0] == reverse("admin:content_messagetemplate_change", args=[draft.pk])
    assert answer.status_code == 200
