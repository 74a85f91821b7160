"""A check-in that nobody answers is asked for once more, twelve hours later, and never after an answer."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.questions import questions_for
from aftercare.checkins.reminder_texts import install_missing_reminders, shipped_text
from aftercare.checkins.reminding import promise_reminders
from aftercare.checkins.unanswered import tell_of_unanswered
from aftercare.content.checking import check
from aftercare.content.models import TemplatePurpose, TemplateVersion
from aftercare.outbox import clock
from aftercare.outbox.foreseeing import foresee_patient
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.pausing import pause_clinic, resume_clinic
from aftercare.outbox.planning import void_session
from aftercare.outbox.promising import promise
from aftercare.outbox.reading import plan_of
from aftercare.outbox.replanning import replan_patient
from aftercare.outbox.sending import drain
from aftercare.protocols.models import ProtocolStep, StepKind
from tests import factories
from tests.provider import Provider

pytestmark = pytest.mark.django_db
SENT_AT = datetime(2026, 3, 30, 9, 5, tzinfo=UTC)  # a Monday, 10:05 in London
IN_TIME = SENT_AT + timedelta(hours=12)  # 22:05: in quiet hours
NEXT_MORNING = datetime(2026, 3, 31, 7, tzinfo=UTC)  # 08:00 in London, where quiet hours end


@pytest.fixture
def asking():
    return factories.check_in_sent(factories.clinic(), at=SENT_AT)


@pytest.fixture
def send_due(settings, monkeypatch):
    """Sends what is due at a time, to a provider that records it; returns what it has."""
    settings.EMAIL_BACKEND = "tests.provider.Provider"

    def send(now):
        monkeypatch.setattr(clock, "database_now", lambda: now)
        drain(deadline=now + timedelta(minutes=1))
        return Provider.taken

    yield send
    Provider.reset()


def reminder_of(message):
    return ScheduledMessage.objects.get(session=message.session, step__reminds=message.step)


def whole_answer(**over):
    asked = questions_for(variant="standard", day=2)
    return Given(answers={**{one.code: one.choices[0] for one in asked}, **over}, last=True)


def test_reminder_is_promised_once_for_twelve_hours_later_outside_quiet_hours(asking):
    assert promise_reminders(now=SENT_AT + timedelta(minutes=5)) == 1
    assert promise_reminders(now=SENT_AT + timedelta(minutes=10)) == 0

    reminder = reminder_of(asking)
    assert (reminder.planned_at, reminder.send_at, reminder.due_at) == (IN_TIME, NEXT_MORNING, NEXT_MORNING)
    assert (reminder.status, reminder.safety_critical) == (Status.SCHEDULED, asking.safety_critical)
    assert reminder.status_changes.count() == 1


def test_reminder_leaves_with_the_link_of_the_check_in_it_reminds_of(asking, send_due):
    promise_reminders(now=SENT_AT)

    (sent,) = send_due(NEXT_MORNING)

    assert CHECK_IN.url(asking.pk) in sent.body
    assert "questions" in sent.subject
    assert asking.patient.first_name not in sent.subject
    assert reminder_of(asking).status == Status.SENT


def test_reminder_itself_is_neither_reminded_of_nor_told_of(asking, send_due):
    promise_reminders(now=SENT_AT)
    send_due(NEXT_MORNING)

    assert promise_reminders(now=NEXT_MORNING + timedelta(minutes=5)) == 0
    assert tell_of_unanswered(now=NEXT_MORNING + timedelta(hours=25)) == 1  # of the check-in alone


@pytest.mark.parametrize("given", [whole_answer(), Given(answers={"infection": "yes"})])
def test_answer_or_worry_takes_the_reminder_back(asking, send_due, given):
    promise_reminders(now=SENT_AT)

    answer(asking, given, now=SENT_AT + timedelta(hours=3))
    sent = send_due(NEXT_MORNING)

    reminder = reminder_of(asking)
    assert (reminder.status, reminder.why) == (Status.CANCELLED, Why.ANSWERED)
    assert sent == []


def test_answer_wins_over_a_reminder_that_is_being_prepared(asking):
    promise_reminders(now=SENT_AT)
    lease = {"claim_token": "3" * 32, "lease_until": NEXT_MORNING + timedelta(minutes=5)}
    ScheduledMessage.objects.filter(step__kind=StepKind.REMINDER).update(status="claimed", **lease)

    answer(asking, whole_answer(), now=NEXT_MORNING)

    assert reminder_of(asking).status == Status.CANCELLED


def test_begun_answer_is_still_reminded_of(asking):
    answer(asking, Given(answers={"breathing": "no"}), now=SENT_AT)

    assert promise_reminders(now=SENT_AT + timedelta(minutes=5)) == 1


@pytest.mark.parametrize("reason", ["answered", "not approved", "no rules", "voided", "not sent", "too late"])
def test_no_reminder_is_promised_where_it_is_of_no_use(asking, reason):
    now = SENT_AT + timedelta(minutes=5)
    if reason == "answered":
        answer(asking, whole_answer(), now=now)
    elif reason == "not approved":
        TemplateVersion.objects.filter(template__purpose=TemplatePurpose.REMINDER).retire(now=now)
    elif reason == "no rules":
        asking.clinic.rule_sets.all().delete()
    elif reason == "voided":
        void_session(asking.session, reason="Mistake", by=None, now=now)
    elif reason == "not sent":
        ScheduledMessage.objects.update(status="unconfirmed", sent_at=None)
    else:
        now = SENT_AT + timedelta(hours=36, minutes=1)

    assert promise_reminders(now=now) == 0


def test_reminder_gives_way_to_the_next_check_in(asking):
    second = factories.step(asking.session.protocol, template=asking.step.template)
    factories.message(asking.session, second, send_at=NEXT_MORNING)

    assert promise_reminders(now=SENT_AT) == 0


def test_late_engine_reminds_as_soon_as_it_may(asking):
    now = NEXT_MORNING + timedelta(hours=3)

    promise_reminders(now=now)

    assert reminder_of(asking).send_at == now


def test_voided_session_takes_the_reminder_back(asking):
    promise_reminders(now=SENT_AT)

    void_session(asking.session, reason="Mistake", by=None, now=SENT_AT)

    assert reminder_of(asking).status == Status.CANCELLED


def test_suppressed_address_gets_no_reminder(asking, send_due):
    promise_reminders(now=SENT_AT)
    asking.clinic.suppressions.create(email=asking.patient.email, purpose="care", reason="unsubscribed")

    assert send_due(NEXT_MORNING) == []
    assert reminder_of(asking).status == Status.SUPPRESSED


def test_paused_clinic_holds_the_reminder_and_lets_it_go_again(asking):
    owner = factories.user(asking.clinic, "owner")
    promise_reminders(now=SENT_AT)
    pause_clinic(asking.clinic, reason="Move", by=owner, now=SENT_AT)
    assert reminder_of(asking).status == Status.HELD

    resume_clinic(asking.clinic, by=owner, now=NEXT_MORNING)

    assert reminder_of(asking).status == Status.SCHEDULED


def test_consent_that_comes_back_frees_the_reminder(asking):
    promise_reminders(now=SENT_AT)
    ScheduledMessage.objects.filter(step__kind=StepKind.REMINDER).update(status="held", why="no_consent")

    promise([asking.session], by=None, now=SENT_AT + timedelta(hours=1))

    assert reminder_of(asking).status == Status.SCHEDULED
    assert reminder_of(asking).due_at == NEXT_MORNING


def withdraw_consent(patient):
    patient.email_consent_at, patient.email_consent_version = None, ""
    patient.save()
    return patient


def test_consent_withdrawn_holds_the_reminder_at_once_and_only_once(asking):
    promise_reminders(now=SENT_AT)
    patient = withdraw_consent(asking.patient)

    for _again in range(2):
        replan_patient(patient, by=None, now=SENT_AT + timedelta(hours=1))

    reminder = reminder_of(asking)
    assert (reminder.status, reminder.why) == (Status.HELD, Why.NO_CONSENT)
    assert reminder.status_changes.filter(to_status=Status.HELD).count() == 1


def test_page_that_withdraws_consent_counts_the_reminder_it_holds(asking):
    promise_reminders(now=SENT_AT)
    asking.patient.email_consent_at = None

    found = foresee_patient(asking.patient, now=SENT_AT + timedelta(hours=1))

    assert (found.held, found.released) == (1, 0)


def test_page_that_records_consent_counts_the_reminder_it_lets_go(asking):
    promise_reminders(now=SENT_AT)
    agreed_at = asking.patient.email_consent_at
    patient = withdraw_consent(asking.patient)
    replan_patient(patient, by=None, now=SENT_AT)
    patient.email_consent_at, patient.email_consent_version = agreed_at, "1"

    found = foresee_patient(patient, now=SENT_AT + timedelta(hours=1))

    assert (found.held, found.released) == (0, 1)


def test_plan_made_anew_leaves_the_reminder_as_it_is(asking):
    promise_reminders(now=SENT_AT)

    promise([asking.session], by=None, now=SENT_AT + timedelta(hours=1))

    assert reminder_of(asking).status == Status.SCHEDULED


def test_patient_is_promised_no_reminder(asking):
    promise_reminders(now=SENT_AT)

    assert plan_of(asking.session).coming == []


def test_reminder_is_no_step_of_the_protocol(asking):
    promise_reminders(now=SENT_AT)

    assert not asking.session.protocol.steps.filter(kind=StepKind.REMINDER).exists()
    assert ProtocolStep.every.filter(kind=StepKind.REMINDER).get().reminds == asking.step


def test_database_keeps_a_reminder_of_nothing_out(asking):
    step = {"number": 9, "slug": "nine", "name": "Nine", "template": asking.step.template}

    with pytest.raises(IntegrityError), transaction.atomic():
        ProtocolStep.every.create(protocol=asking.session.protocol, kind=StepKind.REMINDER, **step)


def test_clinic_that_can_hear_answers_gets_the_shipped_drafts_once():
    clinic = factories.clinic()
    factories.approved_rules(clinic)

    assert install_missing_reminders() == 1
    assert install_missing_reminders() == 0

    template = clinic.message_templates.get(purpose=TemplatePurpose.REMINDER)
    assert sorted(template.versions.values_list("language", "status")) == [("en", "draft"), ("es", "draft")]


@pytest.mark.parametrize(("language", "locale"), [("en", "en-GB"), ("es", "es-ES")])
def test_shipped_reminder_can_be_approved_and_its_subject_tells_nothing(language, locale):
    text = shipped_text(language)

    assert check(text, locale=locale, safety_critical=True) == []
    assert "patient" not in text.subject + text.preheader
    assert "skin" not in text.subject + text.preheader
    assert "piel" not in text.subject + text.preheader
