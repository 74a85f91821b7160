"""What SpamAssassin, with its own rules alone, makes of every shipped message."""

import re
import shutil
import subprocess

import pytest

from aftercare.checkins.reminder_texts import install_reminder
from aftercare.content.models import MessageTemplate
from aftercare.lots.shipped_text import install_lot_text
from aftercare.outbox.composing import compose
from aftercare.protocols.installing import install
from aftercare.protocols.models import ProtocolStep
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.django_db]

INSTALL = "SpamAssassin is not installed. Debian, Ubuntu: apt-get install spamassassin"
SCORE = re.compile(r"^X-Spam-Status: \w+, score=(-?[\d.]+).*?tests=(.*?)\n(?=\S)", re.DOTALL | re.MULTILINE)


def reminder_of(protocol):
    """The step that reminds of the protocol's first check-in."""
    install_reminder(protocol.clinic)
    template = MessageTemplate.objects.get(clinic=protocol.clinic, purpose="reminder")
    asked = protocol.steps.filter(template__asks_check_in=True)[0]
    return ProtocolStep.objects.create(
        protocol=protocol, kind="reminder", reminds=asked, slug="reminder", number=99, template=template
    )


def step_of_a_lot(protocol):
    """As a message to a lot has."""
    template = install_lot_text(protocol.clinic)
    return ProtocolStep.objects.create(
        protocol=protocol, kind="lot", slug="lot", number=98, template=template, safety_critical=True
    )


@pytest.fixture
def mails(tmp_path, settings):
    """Every shipped message in both languages, as it goes over the line, in a file of its own.

    Without a server's Received, because addresses that stand for examples are suspicious to the filter.
    """
    settings.SITE_URL = "https://aftercare.example.com"
    clinic = factories.clinic(reply_to="desk@clinic.example.com")
    protocol = install("microneedling", clinic=clinic)
    session = factories.treatment_session(clinic, protocol=protocol)
    for step in [*protocol.steps.all(), reminder_of(protocol), step_of_a_lot(protocol)]:
        message = factories.message(session, step)
        for draft in step.template.versions.all():
            written = {"subject": draft.subject, "preheader": draft.preheader, "body": draft.body}
            factories.approved_version(step.template, draft.language, **written)
        for locale in ("en-GB", "es-ES"):
            message.patient.locale = locale
            mail = compose(message, now=message.send_at).copy.as_email()
            (tmp_path / f"{step.slug}-{locale}.eml").write_bytes(mail.wire)
    return sorted(tmp_path.glob("*.eml"))


def test_every_shipped_message_passes_for_no_spam(mails, tmp_path, record_property):
    program = shutil.which("spamassassin") or pytest.fail(INSTALL)
    command = [program, "--local", "--test-mode", "--nocreate-prefs", *map(str, mails)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )

    scores = [(float(score), " ".join(tests.split())) for score, tests in SCORE.findall(done.stdout)]
    for mail, (score, tests) in zip(mails, scores, strict=True):
        record_property("spam", f"{mail.stem}: {score} ({tests})")
    assert len(scores) == 18
    assert all("HTML_MESSAGE" in tests for _score, tests in scores)  # its rules were there
    assert max(scores)[0] < 1.0
