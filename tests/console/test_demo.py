from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction

from aftercare.clinics.models import Clinic, Membership, Patient, Role, User
from aftercare.console.demo.making import make_demo
from aftercare.content.models import TemplateVersion
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.sending import drain
from aftercare.protocols.models import ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="class")
def demo(django_db_setup, django_db_blocker):
    """The demo as it is just after it was made, for every test of a class; returns the moment."""
    with django_db_blocker.unblock(), transaction.atomic():
        now = database_now()
        make_demo(password="aftercare-demo", now=now)
        yield now
        transaction.set_rollback(True)


def messages_of(name):
    first_name, last_name = name.split()
    return ScheduledMessage.objects.filter(patient__first_name=first_name, patient__last_name=last_name)


def counts():
    models = (Clinic, User, Membership, Patient, TreatmentSession, ScheduledMessage, TemplateVersion)
    return [model.objects.count() for model in (*models, FollowUpTask)]


def names_in(slug):
    """What a clinic calls its protocols, their steps and its texts."""
    clinic = Clinic.objects.get(slug=slug)
    steps = ProtocolStep.objects.filter(protocol__clinic=clinic)
    rows = (*clinic.protocols.all(), *steps, *clinic.message_templates.all())
    return {row.name for row in rows}


class TestDemo:
    def test_demo_has_two_clinics_in_different_zones_with_a_user_in_each_role(self, demo):
        clinics = Clinic.objects.order_by("pk")
        assert [str(clinic.time_zone) for clinic in clinics] == ["Europe/London", "America/Mexico_City"]
        for clinic in clinics:
            assert set(clinic.memberships.values_list("role", flat=True)) == set(Role.values)

    def test_demo_people_and_clinics_pass_their_own_validation(self, demo):
        for row in (*Clinic.objects.all(), *Patient.objects.all(), *TreatmentSession.objects.all()):
            row.full_clean()

    def test_demo_writes_to_nobody_who_exists(self, demo):
        addresses = [patient.email for patient in Patient.objects.all()]
        addresses += [clinic.sender_email for clinic in Clinic.objects.all()]
        assert all(address.endswith(("@example.com", ".example.com")) for address in addresses)
        assert len(set(addresses)) == len(addresses)

    def test_demo_texts_are_approved_in_both_languages_by_a_fictional_clinician(self, demo):
        for clinic in Clinic.objects.all():
            approved = TemplateVersion.objects.approved().filter(template__clinic=clinic)
            assert approved.count() == 18
            assert {version.approver_licence[:5] for version in approved} == {"DEMO-"}

    def test_demo_clinic_that_speaks_spanish_names_steps_and_texts_in_spanish(self, demo):
        spanish, english = (names_in(slug) for slug in ("demo-alameda", "demo-harbour"))

        assert "Primera noche" in spanish
        assert not spanish & english

    def test_demo_has_messages_due_later_missed_held_superseded_and_cancelled_in_each_clinic(self, demo):
        for clinic in Clinic.objects.all():
            messages = clinic.scheduled_messages
            assert messages.filter(status=Status.SCHEDULED, due_at__lte=demo, latest_at__gt=demo).count() >= 3
            assert messages.filter(status=Status.SCHEDULED, due_at__gt=demo).count() >= 10
            expected = {Status.MISSED, Status.HELD, Status.SUPERSEDED, Status.CANCELLED, Status.SCHEDULED}
            assert set(messages.values_list("status", flat=True)) == expected

    def test_demo_holds_the_messages_of_the_paused_and_of_the_one_without_consent(self, demo):
        reasons = {Why.PATIENT_PAUSED: "Noor Haddad", Why.NO_CONSENT: "Samuel Boateng"}
        for why, name in reasons.items():
            assert set(messages_of(name).values_list("status", "why")) == {(Status.HELD, why)}

    def test_demo_session_entered_late_opens_one_task_for_a_human(self, demo):
        assert set(FollowUpTask.objects.values_list("patient__last_name", "cause")) == {
            ("Lindqvist", Cause.LATE_ENTRY),
            ("Olmedo", Cause.LATE_ENTRY),
        }

    def test_demo_has_a_draft_to_complete(self, demo):
        drafts = TreatmentSession.objects.filter(state=SessionState.DRAFT)
        assert sorted(draft.patient.last_name for draft in drafts) == ["Solberg", "Tovar"]

    def test_demo_made_twice_stays_the_same(self, demo):
        before = counts()
        make_demo(password="another-password", now=demo + timedelta(days=3))
        assert counts() == before
        assert authenticate(username="harbour-staff", password="aftercare-demo") is not None

    def test_demo_made_twice_keeps_what_people_changed(self, demo):
        Patient.objects.filter(last_name="Okafor").update(email="amara@example.com")
        Clinic.objects.filter(slug="demo-harbour").update(phone="020 7946 0111")
        make_demo(password="aftercare-demo", now=demo)
        assert Patient.objects.get(last_name="Okafor").email == "amara@example.com"
        assert Clinic.objects.get(slug="demo-harbour").phone == "020 7946 0111"

    def test_drain_after_the_demo_sends_what_is_due_in_each_patients_language(self, demo):
        due = set(ScheduledMessage.objects.filter(status=Status.SCHEDULED, due_at__lte=demo))
        drain(deadline=demo + timedelta(minutes=1))
        assert {message.pk for message in due} == set(
            ScheduledMessage.objects.filter(status=Status.SENT).values_list("pk", flat=True)
        )
        assert len(mail.outbox) == len(due)
        greetings = {message.to[0]: message.body.split(",")[0] for message in mail.outbox}
        assert greetings["amara.okafor@example.com"] == "Hello Amara"
        assert greetings["ximena.arriaga@example.com"] == "Hola"


@pytest.mark.any_database
@pytest.mark.parametrize("hour", [1, 7, 13, 22])
def test_demo_made_at_any_hour_has_three_due_in_each_clinic(hour):
    now = datetime(2026, 3, 29, hour, 30, tzinfo=UTC)
    make_demo(password="aftercare-demo", now=now)
    for clinic in Clinic.objects.all():
        due = clinic.scheduled_messages.filter(status=Status.SCHEDULED, due_at__lte=now, latest_at__gt=now)
        assert due.count() >= 3


@pytest.mark.any_database
def test_command_prints_every_log_in_with_the_password_that_works():
    printed = StringIO()
    call_command("demo", stdout=printed)
    lines = printed.getvalue().splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == list(
        User.objects.order_by("pk").values_list("username", flat=True)
    )
    assert lines[-1] == "Password: aftercare-demo"
    assert authenticate(username="admin", password="aftercare-demo").is_superuser


def test_command_on_a_clinics_own_database_makes_nothing(monkeypatch):
    monkeypatch.setattr(settings, "EMBEDDED", False)
    with pytest.raises(CommandError, match="--force"):
        call_command("demo")
    assert not Clinic.objects.exists()


@pytest.mark.any_database
def test_command_forced_makes_up_a_password_nobody_knows(monkeypatch):
    monkeypatch.setattr(settings, "EMBEDDED", False)
    printed = StringIO()
    call_command("demo", "--force", stdout=printed)
    password = printed.getvalue().splitlines()[-1].split()[1]
    assert password != "aftercare-demo"
    assert authenticate(username="admin", password=password) is not None
