"""A member of one clinic against another clinic's rows, walked over every model the console registers."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import NoReverseMatch, reverse

from aftercare.checkins.approving import save_rules
from aftercare.checkins.models import CheckIn, RuleSet
from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic, Membership, Patient, Practitioner, Role, User
from aftercare.content.models import MessageTemplate, TemplateVersion
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.lots.models import LotMail
from aftercare.outbox.models import DeliveryEvent, ScheduledMessage, StaffNotice, Suppression
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import Favourite, TreatmentSession
from tests import factories

pytestmark = pytest.mark.django_db
MARK = "Zanzibar"  # in the name of everything that belongs to the other clinic
NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
walked_again = pytest.mark.any_database  # on PostgreSQL the owner's walk in test_isolation opens the same


def populate(clinic, mark=""):
    """One row of every registered model in the clinic, by model."""
    patient = factories.patient(clinic, last_name=f"{mark}Patient", email=f"{mark}p@example.com".lower())
    practitioner = factories.practitioner(clinic, name=f"{mark}Practitioner")
    protocol = factories.protocol(clinic, name=f"{mark}Protocol")
    session = factories.treatment_session(
        clinic, patient=patient, practitioner=practitioner, protocol=protocol
    )
    message = factories.message(session)
    template = factories.template(clinic, name=f"{mark}Template")
    lot_text = factories.template(clinic, name=f"{mark}Recall", purpose="lot", safety_critical=True)
    member = factories.user(
        clinic, Role.STAFF, first_name=f"{mark}Member", username=f"{mark}member-{clinic.pk}"
    )
    return {
        Clinic: clinic,
        Membership: member.memberships.get(),
        User: member,
        Invitation: factories.invitation(clinic, email=f"{mark}i@example.com".lower()),
        Practitioner: practitioner,
        Patient: patient,
        Protocol: protocol,
        MessageTemplate: template,
        TemplateVersion: factories.draft_version(template, subject=f"{mark}Subject"),
        TreatmentSession: session,
        Favourite: factories.favourite(practitioner, protocol, name=f"{mark}Favourite"),
        ScheduledMessage: message,
        DeliveryEvent: factories.delivery_event(message, message_id=message.pk, detail=mark),
        Suppression: Suppression.objects.create(
            clinic=clinic, email=f"{mark}s@example.com".lower(), reason=mark, created_at=NOW
        ),
        StaffNotice: factories.notice(clinic, recipient=f"{mark}n@example.com".lower(), text=mark),
        RuleSet: save_rules(clinic),
        CheckIn: factories.check_in(message),
        LotMail: LotMail.objects.create(clinic=clinic, lot=f"{mark}Lot", template=lot_text, confirmed_at=NOW),
        FollowUpTask: FollowUpTask.objects.create(
            clinic=clinic,
            patient=patient,
            cause=Cause.MISSED,
            source=f"message:{clinic.pk}:missed",
            detail=mark,
            opened_at=NOW,
            deadline_at=NOW,
        ),
    }


@pytest.fixture
def mine():
    return populate(factories.clinic(name="Harbour"))


@pytest.fixture
def theirs():
    return populate(factories.clinic(name=f"{MARK} Clinic", slug="zanzibar"), MARK)


@pytest.fixture
def owner(client, mine):
    """The most powerful member there is, of the first clinic only."""
    user = factories.user(mine[Clinic], Role.OWNER)
    client.force_login(user)
    return user


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def addresses_of(row):
    """Every address of the console that names the row."""
    found = []
    for pattern in admin.site._registry[type(row)].get_urls():
        if not pattern.name or not pattern.pattern.regex.groups:
            continue
        keys = pattern.pattern.regex.groupindex
        values = {"version_id": "1", "name": "cancel", "photo": 1}
        if keys and not {"object_id", "pk"} & set(keys):
            continue
        args = [values.get(key, quote(row.pk)) for key in keys] or [quote(row.pk), version_of(row)]
        found.append(address(pattern.name, args))
    return [one for one in found if one]


def version_of(row):
    return row.history.first().pk if hasattr(row, "history") else 1


def address(name, args):
    try:
        return reverse(f"admin:{name}", args=args)
    except NoReverseMatch:
        return reverse(f"admin:{name}", args=[str(args[0]).replace("_2D", "-"), *args[1:]])


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_registered_model_is_walked(model, mine):
    assert model in mine


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_page_of_another_clinics_row_is_refused(model, client, owner, theirs):
    addresses = addresses_of(theirs[model])

    answers = {(url, client.get(url).status_code, client.post(url).status_code) for url in addresses}

    assert len(addresses) >= 3
    assert [one for one in answers if not {one[1], one[2]} <= {403, 404, 405}] == []


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_lists_and_filters_never_name_another_clinic(model, client, owner, theirs):
    answer = client.get(page(model, "changelist"))

    assert answer.status_code in (200, 403)
    assert MARK not in answer.content.decode()


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_lists_of_a_superuser_name_every_clinic(model, client, mine, theirs):
    client.force_login(factories.user(None, username="root", is_superuser=True))

    answer = client.get(page(model, "changelist"))

    assert MARK.lower() in answer.content.decode().lower()


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_own_pages_offer_no_choice_of_another_clinic(model, client, owner, mine, theirs):
    pages = [page(model, "add"), page(model, "change", quote(mine[model].pk))]

    answers = [client.get(url) for url in pages]

    assert all(answer.status_code in (200, 403, 404) for answer in answers)
    assert all(MARK not in answer.content.decode() for answer in answers)


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_searching_a_list_finds_nothing_of_another_clinic(model, client, owner, theirs):
    answer = client.get(page(model, "changelist"), {"q": MARK})

    assert f"{MARK}P" not in answer.content.decode()
    assert not (answer.status_code == 200 and answer.context["cl"].queryset.exists())


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_superuser_opens_every_page(model, client, mine):
    client.force_login(factories.user(None, username="root", is_superuser=True))

    answers = [client.get(page(model, name, quote(mine[model].pk))) for name in ("change", "history")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert client.get(page(model, "add")).status_code in (200, 403)


def autocompleted_fields():
    """Every field of a page of the console that completes what is typed."""
    fields = []
    for model, model_admin in admin.site._registry.items():
        parts = [model_admin, *(inline(model, admin.site) for inline in model_admin.inlines)]
        for part in parts:
            fields += [(part.model, name) for name in part.autocomplete_fields]
    return fields


@pytest.mark.parametrize(("model", "name"), autocompleted_fields())
def test_autocomplete_offers_nothing_of_another_clinic(model, name, client, owner, mine, theirs):
    asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": name}

    found = client.get(reverse("admin:autocomplete"), {**asked, "term": ""}).json()["results"]
    searched = client.get(reverse("admin:autocomplete"), {**asked, "term": MARK}).json()["results"]

    assert found
    assert MARK not in str(found)
    assert searched == []


@walked_again
@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_bulk_actions_do_nothing_to_another_clinics_rows(model, client, owner, theirs):
    before = type(theirs[model]).objects.filter(pk=theirs[model].pk).values().get()
    names = [name for name, _label in actions_of(client, model, owner)]

    for name in names:
        answer = client.post(
            page(model, "changelist"), {"action": name, "_selected_action": [str(theirs[model].pk)]}
        )
        assert MARK not in answer.content.decode()

    assert "delete_selected" not in names
    assert type(theirs[model]).objects.filter(pk=theirs[model].pk).values().get() == before


def actions_of(client, model, user):
    request = client.get(page(model, "changelist")).wsgi_request
    request.user = user
    return [choice for choice in admin.site._registry[model].get_action_choices(request) if choice[0]]


def test_first_page_counts_and_names_nothing_of_another_clinic(client, owner, theirs):
    answer = client.get(reverse("admin:index"))

    assert MARK not in answer.content.decode()
    assert [number.value for number in answer.context["attention"]] == [1, 1]  # one task, overdue


def test_search_of_the_menu_finds_nothing_of_another_clinic(client, owner, theirs):
    answer = client.get(reverse("admin:search"), {"s": MARK, "extended": "1"})

    assert MARK not in answer.content.decode()


def test_somebody_without_a_clinic_is_not_let_in(client):
    client.force_login(factories.user(None, is_staff=True))

    answer = client.get(reverse("admin:index"))

    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


def test_a_deactivated_member_is_not_let_in(client, mine):
    user = factories.user(mine[Clinic], Role.OWNER)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(reverse("admin:index")).status_code == 302


def test_a_member_logs_in_without_a_flag_of_django(client, mine):
    user = factories.user(mine[Clinic], Role.VIEWER, is_staff=False)

    answer = client.post(
        reverse("admin:login"), {"login": user.username, "password": factories.PASSWORD}, follow=True
    )

    assert answer.redirect_chain[-1][0] == reverse("admin:index")
    assert answer.status_code == 200


def test_an_account_of_no_clinic_is_told_so_at_the_log_in(client):
    user = factories.user(None, is_staff=True)

    answer = client.post(reverse("admin:login"), {"login": user.username, "password": factories.PASSWORD})

    assert "belongs to no clinic" in answer.content.decode()
