"""A message is written once, kept as its parts, and comes out the same to the byte."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest

from aftercare.content.approval import approve, retire, save_draft
from aftercare.content.compiling import Source
from aftercare.outbox.composing import CannotCompose, NotTheCopySent, compose, reproduce
from aftercare.outbox.links import READ
from aftercare.outbox.models import Attempt
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(scheduled):
    scheduled.clinic.sender_name = "Clínica Puerto, S.L."
    scheduled.clinic.reply_to = "desk@clinic.example.com"
    return scheduled


def parsed(copy):
    return message_from_bytes(copy.as_email().message().as_bytes(), policy=policy.default)


def kept(message, composed, now):
    attempt = Attempt.objects.create(
        message=message, number=1, opened_at=now, provider="p", compiled=composed.compiled,
        values=composed.values, headers=dict(composed.copy.headers), digest=composed.copy.digest,
    )  # fmt: skip
    return Attempt.objects.get(pk=attempt.pk)


def test_message_says_who_writes_to_whom_and_where_to_answer(message, at):
    mail = parsed(compose(message, now=at.now).copy)

    sender = mail["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Clínica Puerto, S.L.", "care@clinic.example.com")
    assert mail["To"] == message.patient.email
    assert mail["Reply-To"] == "desk@clinic.example.com"


def test_message_without_a_reply_address_has_no_reply_to(scheduled, at):
    assert parsed(compose(scheduled, now=at.now).copy)["Reply-To"] is None


def test_message_carries_the_headers_of_machine_written_mail(message, at):
    mail = parsed(compose(message, now=at.now).copy)

    assert mail["Message-ID"] == f"<{message.pk}@clinic.example.com>"
    assert parsedate_to_datetime(mail["Date"]) == at.now.replace(microsecond=0)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en-GB"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].strip().startswith("<http://localhost:8000/u/")


def test_message_has_plain_text_and_html_filled_with_the_sessions_values(message, at):
    copy = compose(message, now=at.now).copy
    mail = parsed(copy)

    assert copy.subject == mail["Subject"] == f"A note from {message.clinic.name}"
    assert "Hello Amara" in mail.get_body(("plain",)).get_content()
    assert "Hello Amara" in mail.get_body(("html",)).get_content()
    assert mail.get_content_type() == "multipart/alternative"


def test_message_id_stays_the_same_at_every_try_and_the_date_does_not(message, at):
    first = compose(message, now=at.now).copy
    second = compose(message, now=at.pass_(minutes=5)).copy

    assert first.headers["Message-ID"] == second.headers["Message-ID"]
    assert first.headers["Date"] != second.headers["Date"]


def test_footer_and_header_have_the_same_link(message, at):
    copy = compose(message, now=at.now).copy

    url = copy.headers["List-Unsubscribe"].strip("<>")
    assert url in copy.html
    assert url in copy.text


def test_message_leads_to_its_own_page(message, at):
    copy = compose(message, now=at.now).copy

    assert READ.url(message.pk) in copy.html
    assert READ.url(message.pk) in copy.text


def test_messages_of_a_session_are_kept_together_and_of_two_sessions_apart(message, another, at):
    second = factories.message(message.session, step=message.session.protocol.steps.last())
    threads = [compose(each, now=at.now).copy.headers["References"] for each in (message, second, another)]

    assert threads[0] == threads[1] != threads[2]
    assert re.fullmatch(r"<[0-9a-f]{32}@clinic\.example\.com>", threads[0])


def test_text_in_the_clinics_language_has_its_dates_for_a_patient_of_another(message, at):
    message.patient.locale = "es-ES"

    assert compose(message, now=at.now).copy.headers["Content-Language"] == "en-GB"


def test_newest_approved_text_is_sent(message, at):
    retire(message.step.template.versions.get(), now=at.now)
    factories.approved_version(message.step.template, subject="New words from {{ clinic.name }}")

    assert compose(message, now=at.now).copy.subject.startswith("New words")


def test_message_without_an_approved_text_cannot_be_composed(message, at):
    retire(message.step.template.versions.get(), now=at.now)

    with pytest.raises(CannotCompose, match=message.step.template.name) as refused:
        compose(message, now=at.now)

    assert refused.value.why == "not_approved"


def test_text_that_cannot_be_filled_says_why(message, at):
    message.step.template = factories.template(message.clinic)
    factories.approved_version(message.step.template, body="{{ patient.shoe_size }}")

    with pytest.raises(CannotCompose, match="shoe_size") as refused:
        compose(message, now=at.now)

    assert refused.value.why == "cannot_compose"


@pytest.mark.parametrize("address", ["a@b@example.com", "amara@exam\nple.com", ""])
def test_address_that_no_mail_can_carry_is_named(message, at, address):
    message.patient.email = address

    with pytest.raises(CannotCompose, match=r"^To: "):
        compose(message, now=at.now)


def test_message_of_another_patient_than_its_session_is_never_written(message, at):
    message.session.patient = factories.patient(message.clinic)

    with pytest.raises(CannotCompose, match="another patient"):
        compose(message, now=at.now)


def test_kept_try_reproduces_its_copy_to_the_byte(message, at):
    composed = compose(message, now=at.now)
    attempt = kept(message, composed, at.now)
    message.patient.first_name = "Someone else"
    message.patient.save()

    copy = reproduce(attempt)

    assert (copy.subject, copy.html, copy.text) == (
        composed.copy.subject,
        composed.copy.html,
        composed.copy.text,
    )
    assert copy.headers == composed.copy.headers


@pytest.mark.parametrize("part", ["values", "headers", "compiled"])
def test_try_that_was_altered_is_not_passed_off_as_the_copy_sent(message, at, part):
    attempt = kept(message, compose(message, now=at.now), at.now)
    if part == "values":
        attempt.values["patient"]["first_name"] = "Mallory"
    if part == "headers":
        attempt.headers["To"] = "mallory@example.com"
    if part == "compiled":
        attempt.compiled.text = "Nothing to worry about"

    with pytest.raises(NotTheCopySent, match=str(message.pk)):
        reproduce(attempt)


@pytest.mark.parametrize(
    "subject",
    ["Una semana después: una nota de Clínica Alameda", "ñ" * 150, "A short note", "Plain words " * 12],
)
def test_subject_of_any_length_arrives_whole_and_starts_on_its_own_line(message, at, subject):
    copy = replace(compose(message, now=at.now).copy, subject=subject.strip())

    raw = copy.as_email().message().as_bytes()

    assert parsed(copy)["Subject"] == subject.strip()
    assert b"Subject: \n" not in raw
    assert max(len(line) for line in raw.splitlines()) <= 998  # RFC 5322, 2.1.1


@pytest.mark.parametrize("name", ["X\r\nBcc: evil@example.com", "X\x1cBcc: a@example.com"])
def test_sender_name_that_no_mail_can_carry_says_what_to_mend(message, at, name):
    message.clinic.sender_name = name

    with pytest.raises(CannotCompose, match="From: "):
        compose(message, now=at.now)


ARABIC = (
    "مرحبًا {{ patient.first_name }}،\n\n**حافظ على نظافة البشرة.** الاتصال: {{ clinic.phone }}، "
    "{{ clinic.out_of_hours }}، الطوارئ: {{ clinic.emergency_number }}. "
    "{{ treatment.areas }}، {{ treatment.date }}\n"
)


def test_text_that_is_read_from_the_right_is_checked_approved_and_sent(message, at):
    template, by = message.step.template, factories.practitioner(message.clinic)
    source = Source("رسالة من {{ clinic.name }}", "", ARABIC)
    draft = save_draft(template=template, language="ar", source=source, author=None)
    approve(draft, by=by, now=at.now)
    message.patient.locale = "ar"

    copy = compose(message, now=at.now).copy

    assert copy.headers["Content-Language"] == "ar"
    assert '<html lang="ar" dir="rtl"' in copy.html
    assert "الوجه" in copy.html
    assert "السبت 28 مارس" in copy.text
    assert "إيقاف هذه الرسائل" in copy.text
    assert "\u200e020 7946 0100" in copy.text
    assert 'href="tel:02079460100"' in copy.html


def test_patient_of_a_language_without_a_text_gets_the_clinics(message, at):
    message.patient.locale = "ar"

    copy = compose(message, now=at.now).copy

    assert copy.headers["Content-Language"] == "en-GB"
    assert '<html lang="en" dir="ltr"' in copy.html
