"""What staff are shown before they save."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare.content.models import TemplateVersion
from aftercare.outbox.models import ScheduledMessage, Suppression
from aftercare.outbox.planning import (
    SessionFacts,
    changes,
    preview,
    reopen_session,
    void_session,
    would_supersede,
)
from aftercare.outbox.previewing import would_revive
from aftercare.outbox.revising import Effect
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import NOW, ONE_HOUR, complete, draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


def _facts(clinic, **over):
    fields = {
        "patient": factories.patient(clinic),
        "protocol": factories.protocol(clinic),
        "ended_at": ENDED_AT,
    }
    return SessionFacts(**fields | over)


def _effects(session, now=NOW, **over):
    facts = replace(SessionFacts.of(session), **over)
    return {change.step.slug: change.effect for change in changes(session, facts, now=now)}


def test_preview_shows_each_step_and_stores_nothing(clinic):
    plan = preview(_facts(clinic), now=NOW)

    assert [(p.step.slug, p.status, p.send_at) for p in plan] == [
        ("first-night", "scheduled", ONE_HOUR),
        ("day-1", "scheduled", datetime(2026, 3, 29, 8, tzinfo=UTC)),
    ]
    assert not ScheduledMessage.objects.exists()


def test_preview_gives_times_on_the_patients_clock(clinic):
    plan = preview(_facts(clinic, patient=factories.patient(clinic, time_zone="America/New_York")), now=NOW)

    assert f"{plan[0].local_send_at:%H:%M %z}" == "12:00 -0400"
    assert f"{plan[0].local_latest_at:%H:%M %z}" == "15:00 -0400"


def test_preview_says_in_words_why_a_message_moves(clinic):
    plan = preview(_facts(clinic, ended_at=ENDED_AT - timedelta(hours=2)), now=NOW)

    assert plan[0].reasons == [
        "Its own time had passed; it goes as soon as it may.",
        "Waits until the time to undo is over.",
    ]


def test_preview_says_in_words_why_a_message_is_held(clinic):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")

    plan = preview(_facts(clinic, patient=patient), now=NOW)

    assert plan[0].status == "held"
    assert plan[0].reasons == ["The patient has not consented to aftercare e-mail"]


def test_preview_warns_of_a_step_without_approved_text(clinic):
    facts = _facts(clinic)
    TemplateVersion.objects.filter(template__steps__slug="day-1").delete()

    plan = preview(facts, now=NOW)

    assert plan[0].reasons == []
    assert "No approved text" in plan[1].reasons[0]


@pytest.mark.parametrize(("locale", "language"), [("es-ES", "Spanish"), ("ar", "Arabic")])
def test_preview_warns_that_another_language_will_be_sent(clinic, locale, language):
    plan = preview(_facts(clinic, patient=factories.patient(clinic, locale=locale)), now=NOW)

    assert plan[0].reasons == [f"No approved text in {language}: English will be sent."]


def test_preview_is_silent_about_texts_of_what_will_not_be_sent(clinic):
    facts = _facts(clinic, ended_at=ENDED_AT - timedelta(days=30))
    TemplateVersion.objects.all().delete()

    assert {tuple(p.notes) for p in preview(facts, now=NOW)} == {()}


def test_preview_warns_of_an_address_that_may_not_be_mailed(clinic):
    facts = _facts(clinic)
    email = facts.patient.email.lower()
    Suppression.objects.create(clinic=clinic, email=email, reason="unsubscribed", created_at=NOW)

    assert "may not be mailed" in preview(facts, now=NOW)[0].reasons[0]


def test_preview_knows_that_a_newer_session_has_taken_over(clinic):
    newer = draft(clinic)
    complete(newer)

    plan = preview(
        _facts(
            clinic,
            patient=newer.patient,
            protocol=newer.protocol,
            ended_at=ENDED_AT - timedelta(minutes=10),
        ),
        now=NOW,
    )

    assert {(p.status, p.superseded_by) for p in plan} == {("superseded", newer)}


def test_would_supersede_names_the_older_sessions_unsent_messages(clinic):
    older = draft(clinic)
    complete(older)
    facts = _facts(
        clinic, patient=older.patient, protocol=older.protocol, ended_at=ENDED_AT + timedelta(minutes=1)
    )

    assert {row.session for row in would_supersede(facts)} == {older}
    assert would_supersede(SessionFacts.of(older)) == []


def test_preview_of_a_patient_not_saved_yet_is_possible(clinic):
    patient = type(factories.patient(clinic))(clinic=clinic, first_name="New", email="new@example.com")
    facts = _facts(clinic, patient=patient)

    assert {p.status for p in preview(facts, now=NOW)} == {"held"}
    assert would_supersede(facts) == []


def test_changes_of_an_unchanged_session_are_none(clinic):
    session = draft(clinic)
    complete(session)

    assert _effects(session) == {"first-night": Effect.STAYS, "day-1": Effect.STAYS}


def test_changes_of_a_draft_start_every_message(clinic):
    session = draft(clinic)

    assert _effects(session) == {"first-night": Effect.STARTS, "day-1": Effect.STARTS}


def test_changes_show_what_moves_and_what_stops(clinic):
    session = draft(clinic)
    complete(session)

    effects = _effects(session, ended_at=ENDED_AT - timedelta(hours=10))

    assert effects == {"first-night": Effect.STOPS, "day-1": Effect.STAYS}
    assert _effects(session, ended_at=ENDED_AT - timedelta(minutes=10))["first-night"] == Effect.MOVES


def test_changes_show_what_has_left(clinic):
    session = draft(clinic)
    complete(session)
    session.scheduled_messages.filter(step__slug="first-night").update(status="sent", sent_at=ONE_HOUR)

    effects = _effects(session, ended_at=ENDED_AT - timedelta(days=1))

    assert effects == {"first-night": Effect.FINAL, "day-1": Effect.MOVES}


def test_changes_of_a_reopened_session_start_its_messages_again(clinic):
    session = draft(clinic)
    complete(session)
    reopen_session(session, by=None, now=NOW + timedelta(minutes=1))

    assert _effects(session)["first-night"] == Effect.MOVES


def test_changes_show_a_disabled_step_as_stopped(clinic):
    session = draft(clinic)
    complete(session)
    session.protocol.steps.filter(slug="day-1").update(enabled=False)

    assert _effects(session)["day-1"] == Effect.STOPS


def test_changes_leave_out_steps_that_came_too_late_for_a_completed_session(clinic):
    session = draft(clinic, protocol=factories.protocol(clinic, steps=(WALL_TIME,)))
    complete(session)
    factories.step(session.protocol, **{**ELAPSED, "number": 2})

    assert set(_effects(session, now=NOW + timedelta(hours=8))) == {"day-1"}


def test_changes_show_a_late_message_that_can_be_kept_again_as_started(clinic):
    session = draft(clinic, ended_at=ENDED_AT - timedelta(days=1))
    complete(session)

    assert _effects(session, ended_at=ENDED_AT)["first-night"] == Effect.STARTS


def test_changes_of_a_voided_session_show_that_nothing_moves(clinic):
    session = draft(clinic)
    complete(session)
    void_session(session, reason="A slip.", by=None, now=NOW)

    assert set(_effects(session).values()) == {Effect.FINAL}


def test_what_a_void_revives_has_the_times_of_the_protocol_as_it_stands_now(clinic):
    earlier, at = draft(clinic), NOW + timedelta(minutes=31)
    same = {"patient": earlier.patient, "protocol": earlier.protocol}
    later = draft(clinic, ended_at=ENDED_AT + timedelta(minutes=30), **same)
    for session in (earlier, later):
        complete(session, now=at)
    earlier.protocol.steps.filter(slug="day-1").update(local_time="11:00")

    shown = {row.step.slug: row.send_at for row in would_revive(later, now=at)}
    void_session(later, reason="Entered twice.", by=None, now=at)

    stored = {row.step.slug: row.send_at for row in earlier.scheduled_messages.select_related("step")}
    assert shown == stored
    assert shown["day-1"] == datetime(2026, 3, 29, 10, tzinfo=UTC)
