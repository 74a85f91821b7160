"""Writing to everybody treated with a lot: once, to those who can be reached, and stoppable."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.lots.models import LotMail
from aftercare.lots.progress import progress_of
from aftercare.lots.releasing import release_in_line
from aftercare.lots.treated import Obstacle, treated_with
from aftercare.lots.writing import (
    cancel_mail,
    pause_mail,
    resume_mail,
    write_to_lot,
    write_to_those_added,
)
from aftercare.outbox import clock
from aftercare.outbox.models import ScheduledMessage, SendBucket, Status, Why
from aftercare.outbox.pausing import pause_clinic, resume_clinic
from aftercare.outbox.planning import void_session
from aftercare.outbox.promising import promise
from aftercare.outbox.refusing import Refused
from aftercare.outbox.sending import drain
from aftercare.outbox.superseding import overtaken
from aftercare.treatments.models import ProductApplied
from tests import factories
from tests.provider import Provider

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 7, 9, tzinfo=UTC)  # a Tuesday, 10:00 in London
EVENING = datetime(2026, 4, 7, 21, tzinfo=UTC)  # 22:00 in London: quiet hours
LOT = "SP-1207"


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def template(clinic):
    template = factories.template(clinic, name="Recall", purpose="lot", safety_critical=True)
    factories.approved_version(template)
    factories.approved_version(template, "es")
    return template


@pytest.fixture
def owner(clinic):
    return factories.user(clinic, "owner")


@pytest.fixture
def send_due(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.provider.Provider"

    def send(now):
        monkeypatch.setattr(clock, "database_now", lambda: now)
        drain(deadline=now + timedelta(minutes=1))
        return Provider.taken

    yield send
    Provider.reset()


def treated(clinic, lot=LOT, **over):
    completed = {"state": "completed", "completed_at": factories.ENDED_AT}
    return factories.treatment_session(clinic, cartridge_lot=lot, **{**completed, **over})


def write(clinic, template, owner, now=NOW, **over):
    given = {"key": uuid.uuid4(), "clinic": clinic, "lot": LOT, "template": template, "by": owner}
    return write_to_lot(**{**given, **over}, now=now)


def test_treated_are_found_by_cartridge_and_product_whatever_the_capitals(clinic):
    by_cartridge = treated(clinic, "sp-1207")
    by_product = treated(clinic, "")
    ProductApplied.objects.create(session=by_product, name="Gel", lot="SP-1207")
    treated(clinic, "SP-1208")
    treated(clinic, state="draft", completed_at=None)
    treated(factories.clinic())

    found = treated_with(clinic, " SP-1207 ")

    assert {one.session for one in found} == {by_cartridge, by_product}


def test_patient_treated_twice_is_listed_once_with_the_later_session(clinic):
    first = treated(clinic)
    second = treated(
        clinic, patient=first.patient, ended_at=first.ended_at + timedelta(days=30), protocol=first.protocol
    )

    (one,) = treated_with(clinic, LOT)

    assert one.session == second


@pytest.mark.parametrize(
    ("fields", "obstacle"),
    [
        ({"email": ""}, Obstacle.NO_ADDRESS),
        ({"email_consent_at": None}, Obstacle.NO_CONSENT),
        ({"paused_at": NOW}, Obstacle.PAUSED),
        ({}, None),
    ],
)
def test_obstacle_names_why_a_patient_must_be_phoned(clinic, fields, obstacle):
    treated(clinic, patient=factories.patient(clinic, **fields))

    (one,) = treated_with(clinic, LOT)

    assert one.obstacle is obstacle


@pytest.mark.parametrize(("purpose", "blocked"), [("all", True), ("care", True), ("routine", False)])
def test_suppressed_address_is_out_of_reach(clinic, purpose, blocked):
    session = treated(clinic)
    clinic.suppressions.create(email=session.patient.email, purpose=purpose, reason="unsubscribed")

    (one,) = treated_with(clinic, LOT)

    assert (one.obstacle is Obstacle.SUPPRESSED) is blocked


def test_confirmed_twice_writes_once(clinic, template, owner):
    treated(clinic)
    key = uuid.uuid4()

    first = write(clinic, template, owner, key=key)
    again = write(clinic, template, owner, key=key)
    from_another_tab = write(clinic, template, owner, lot=LOT.lower())

    assert first == again == from_another_tab
    assert ScheduledMessage.objects.filter(step__lot_mails=first).count() == 1


def test_database_keeps_the_same_text_to_the_same_lot_out(clinic, template, owner):
    treated(clinic)
    write(clinic, template, owner)

    with pytest.raises(IntegrityError), transaction.atomic():
        LotMail.objects.create(clinic=clinic, lot=LOT.lower(), template=template, confirmed_at=NOW)


def test_messages_leave_once_each_in_the_patients_language(clinic, template, owner, send_due):
    treated(clinic)
    treated(clinic, patient=factories.patient(clinic, locale="es-ES"))
    mail = write(clinic, template, owner)

    assert release_in_line(NOW) == 2
    assert release_in_line(NOW) == 0
    sent = send_due(NOW)

    assert sorted(email.subject[:2] for email in sent) == ["A ", "Un"]
    assert progress_of(mail).sent == 2
    release_in_line(NOW)
    mail.refresh_from_db()
    assert mail.finished


def test_tenth_of_a_chunk_is_on_its_way_while_a_care_message_is_due(clinic, template, owner, settings):
    settings.CLAIM_CHUNK = 20
    protocol, practitioner = factories.protocol(clinic), factories.practitioner(clinic)
    for _each in range(5):
        treated(clinic, protocol=protocol, practitioner=practitioner)
    write(clinic, template, owner)
    care = factories.message(treated(factories.clinic(), ""), send_at=NOW, safety_critical=False)

    assert release_in_line(NOW) == 2
    assert release_in_line(NOW) == 0
    ScheduledMessage.objects.filter(pk=care.pk).update(status="sent", sent_at=NOW)
    assert release_in_line(NOW) == 3


def test_no_more_than_a_chunk_is_on_its_way(clinic, template, owner, settings):
    settings.CLAIM_CHUNK = 2
    protocol, practitioner = factories.protocol(clinic), factories.practitioner(clinic)
    for _each in range(5):
        treated(clinic, protocol=protocol, practitioner=practitioner)
    mail = write(clinic, template, owner)

    assert release_in_line(NOW) == 2
    assert release_in_line(NOW + timedelta(seconds=5)) == 0
    assert mail.messages.filter(status=Status.SCHEDULED).count() == 2


def test_lot_leaves_half_of_the_days_mails_to_care(clinic, template, owner, settings):
    settings.MAIL_PER_DAY = 10
    treated(clinic)
    write(clinic, template, owner)
    SendBucket.objects.create(scope="channel:x", tokens=0, filled_at=NOW, day=NOW.date(), taken_today=5)

    assert release_in_line(NOW) == 0
    assert release_in_line(NOW + timedelta(days=1)) == 1


def test_lot_is_silent_in_quiet_hours(clinic, template, owner):
    treated(clinic)
    mail = write(clinic, template, owner, now=EVENING)

    assert release_in_line(EVENING) == 0
    assert mail.messages.get().send_at == datetime(2026, 4, 8, 7, tzinfo=UTC)


def test_line_that_reaches_quiet_hours_goes_on_in_the_morning(clinic, template, owner):
    treated(clinic)
    mail = write(clinic, template, owner)

    assert release_in_line(EVENING) == 0
    assert mail.messages.get().send_at == datetime(2026, 4, 8, 7, tzinfo=UTC)


def test_paused_patient_stays_in_line(clinic, template, owner):
    session = treated(clinic)
    mail = write(clinic, template, owner)
    type(session.patient).objects.update(paused_at=NOW)

    assert release_in_line(NOW) == 0
    assert mail.messages.get().why == Why.IN_LINE


def test_plan_made_anew_leaves_the_line_alone(clinic, template, owner):
    session = treated(clinic)
    mail = write(clinic, template, owner)

    promise([session], by=None, now=NOW)

    assert mail.messages.get().why == Why.IN_LINE


def test_paused_lot_sends_nothing_until_resumed(clinic, template, owner, send_due):
    treated(clinic)
    mail = write(clinic, template, owner)
    release_in_line(NOW)

    assert pause_mail(mail, by=owner, now=NOW) == 1
    assert pause_mail(mail, by=owner, now=NOW) == 0
    assert release_in_line(NOW) == 0
    assert send_due(NOW) == []

    resume_mail(mail, by=owner)
    assert release_in_line(NOW) == 1


def test_end_of_a_clinics_pause_sends_nothing_of_a_paused_lot(clinic, template, owner, send_due):
    treated(clinic)
    mail = write(clinic, template, owner)
    release_in_line(NOW)
    pause_clinic(clinic, reason="Fire alarm", by=owner, now=NOW)
    pause_mail(mail, by=owner, now=NOW)

    resume_clinic(clinic, by=owner, now=NOW)

    assert send_due(NOW) == []
    assert mail.messages.get().why == Why.IN_LINE


def test_second_try_goes_on_although_the_patient_was_treated_again_that_day(clinic, template, owner):
    face = treated(clinic)
    mail = write(clinic, template, owner)
    later = face.ended_at + timedelta(hours=1)
    treated(clinic, "", patient=face.patient, protocol=face.protocol, ended_at=later)
    mail.messages.update(attempt_count=1)

    assert overtaken(mail.messages.get()) is None


def test_message_that_waited_to_be_tried_again_goes_back_in_line_while_paused(clinic, template, owner):
    treated(clinic)
    mail = write(clinic, template, owner)
    pause_mail(mail, by=owner, now=NOW)
    mail.messages.update(status="scheduled", why="waiting_to_retry")

    release_in_line(NOW)

    assert mail.messages.get().why == Why.IN_LINE


def test_cancelled_lot_stops_what_has_not_left_and_stays_cancelled(clinic, template, owner):
    treated(clinic)
    mail = write(clinic, template, owner)

    assert cancel_mail(mail, by=owner, now=NOW) == 1
    assert cancel_mail(mail, by=owner, now=NOW) == 0

    assert mail.messages.get().status == Status.CANCELLED
    assert write_to_those_added(mail, by=owner, now=NOW) == 0
    assert release_in_line(NOW) == 0


def test_patients_recorded_later_can_be_added_once(clinic, template, owner):
    treated(clinic)
    mail = write(clinic, template, owner)
    treated(clinic)

    assert progress_of(mail).new == 1
    assert write_to_those_added(mail, by=owner, now=NOW) == 1
    assert write_to_those_added(mail, by=owner, now=NOW) == 0


def test_those_to_phone_are_the_unreachable_and_the_undelivered(clinic, template, owner):
    treated(clinic, patient=factories.patient(clinic, email_consent_at=None, last_name="A"))
    bounced = treated(clinic, patient=factories.patient(clinic, last_name="B"))
    treated(clinic, patient=factories.patient(clinic, last_name="C"))
    mail = write(clinic, template, owner)
    mail.messages.filter(session=bounced).update(status="sent", sent_at=NOW, delivery="bounced")

    progress = progress_of(mail)

    assert [one.patient.last_name for one in progress.to_phone] == ["A", "B"]
    assert (progress.total, progress.sent, progress.came_back, progress.waiting) == (2, 1, 1, 1)
    assert progress.in_line == 1


@pytest.mark.parametrize("reason", ["not approved", "for a step", "another clinic's", "nobody"])
def test_nothing_is_written_without_a_text_and_a_reader(clinic, template, owner, reason):
    if reason != "nobody":
        treated(clinic)
    if reason == "not approved":
        template.versions.all().retire(now=NOW)
    elif reason == "for a step":
        template = factories.template(clinic)
        factories.approved_version(template)
    elif reason == "another clinic's":
        template = factories.template(factories.clinic(), purpose="lot", safety_critical=True)
        factories.approved_version(template)

    with pytest.raises(Refused):
        write(clinic, template, owner)

    assert not LotMail.objects.exists()


def test_patient_whose_session_was_voided_and_recorded_anew_can_be_written_to(clinic, template, owner):
    session = treated(clinic)
    mail = write(clinic, template, owner)
    void_session(session, reason="Wrong depth", by=owner, now=NOW)
    anew = treated(clinic, patient=session.patient)
    assert progress_of(mail).new == 1

    assert write_to_those_added(mail, by=owner, now=NOW) == 1

    assert mail.messages.get(status=Status.HELD).session == anew
    assert write_to_those_added(mail, by=owner, now=NOW) == 0
    after = progress_of(mail)
    assert (after.new, after.to_phone) == (0, [])


def test_voided_session_takes_its_message_out_of_the_line(clinic, template, owner):
    session = treated(clinic)
    mail = write(clinic, template, owner)

    void_session(session, reason="Mistake", by=owner, now=NOW)

    assert mail.messages.get().status == Status.CANCELLED
    assert release_in_line(NOW) == 0
