"""The bytes of a mail: whatever reads mail finds in them what was written."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.core.mail import EmailMessage as DjangoMessage
from hypothesis import given
from hypothesis import strategies as st

from aftercare.outbox.wire import Mail, address, header, wire_of

HEADERS = {"Date": "Sat, 28 Mar 2026 16:00:00 +0000", "Message-ID": "<1@example.com>"}
PRINTABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\x85"), max_size=300
)
LINES = st.lists(PRINTABLE, max_size=8).map("\n".join)


def mail(subject="A note", text="Hello\n", html="<p>Hello</p>\n", sender="care@example.com", **headers):
    email = Mail(subject, text, sender, ["amara@example.com"], headers={**HEADERS, **headers})
    email.attach_alternative(html, "text/html")
    return email


def read(email):
    message = message_from_bytes(email.wire, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def texts(message):
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


@given(LINES, LINES)
def test_both_bodies_arrive_as_written(text, html):
    assert texts(read(mail(text=text, html=html))) == [text, html]


@given(LINES)
def test_text_alone_is_a_mail_of_one_part(text):
    message = read(Mail("A note", f"{text}\n", "care@example.com", ["amara@example.com"], headers=HEADERS))

    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == f"{text}\n"


@given(PRINTABLE.map(lambda subject: " ".join(subject.split())))
def test_subject_arrives_as_written(subject):
    assert read(mail(subject=subject))["Subject"] == subject


@given(LINES)
def test_no_line_is_longer_or_other_than_smtp_allows(text):
    lines = mail(text=text, subject=" ".join(text.split()) or "x").wire.split(b"\r\n")

    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("Anna <anna@straße.example>", "Anna <anna@xn--strae-oqa.example>"),
        (
            '"Höbor, Clinic" <care@BÜCHER.example>',
            "=?utf-8?q?H=C3=B6bor=2C_Clinic?= <care@xn--bcher-kva.example>",
        ),
    ],
)
def test_address_goes_to_the_domain_that_was_meant(given, written):
    assert address(given) == written


def test_mail_reads_as_django_itself_would_write_it():
    email = mail("Ünsere Nachricht", "Grüße\n", "<p>Grüße</p>\n", '"Höbor, Clinic" <care@example.com>')
    ours, theirs = read(email), message_from_bytes(email.message().as_bytes(), policy=policy.default)

    for name in ("Subject", "From", "To", "Date", "Message-ID"):
        assert ours[name] == theirs[name]
    assert [part.get_content_type() for part in ours.iter_parts()] == ["text/plain", "text/html"]
    assert texts(ours) == texts(theirs)


def test_part_that_holds_a_boundary_line_is_not_cut_there():
    email = mail(text="--=_aftercare\nstill here\n--=_aftercare--\n")

    assert texts(read(email))[0] == "--=_aftercare\nstill here\n--=_aftercare--\n"


def test_long_header_is_folded_and_read_back_whole():
    subject = "A very long subject that says nothing of health " * 4

    folded = header("Subject", subject.strip())

    assert max(map(len, folded.split(b"\r\n"))) <= 78
    assert read(mail(subject=subject.strip()))["Subject"] == subject.strip()


def test_name_of_the_sender_and_foreign_domain_are_encoded():
    email = mail(sender='"Clínica Ñandú" <care@clínica.example.com>')

    assert read(email)["From"].addresses[0].display_name == "Clínica Ñandú"
    assert b"care@xn--clnica-4va.example.com" in email.wire


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\nBcc: eve@example.com"])
@pytest.mark.parametrize("name", ["Subject", "Reply-To", "X-Other"])
def test_line_break_in_a_header_is_refused(name, break_):
    with pytest.raises(ValueError, match="line break"):
        header(name, f"care@example.com{break_}")


def test_same_mail_gives_the_same_bytes_and_another_boundary_only_that():
    one, other = mail(), mail()
    other.boundary = "elsewhere"

    assert one.wire == mail().wire
    assert one.wire.replace(b"=_aftercare", b"=_elsewhere") == other.wire


def test_mail_of_another_kind_is_written_by_django():
    assert b"Subject: Hi" in wire_of(DjangoMessage("Hi", "there", "a@example.com", ["b@example.com"]))
