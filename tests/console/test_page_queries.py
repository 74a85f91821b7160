"""A page about one thing with fifty rows below it asks at most fifteen questions of the database."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.content.approval import save_draft
from aftercare.content.compiling import Source
from aftercare.followups.models import Cause, FollowUpTask, TaskNote
from aftercare.outbox.models import ScheduledMessage
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
ROWS, MOST = 50, 15
LOT = "SP-1207"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    owner = factories.user(clinic, Role.OWNER)
    client.force_login(owner)
    return owner


@pytest.fixture
def patient(clinic):
    """Somebody with 25 sessions of two messages each, the newest of them late."""
    patient = factories.patient(clinic)
    same = {"patient": patient, "practitioner": factories.practitioner(clinic)}
    protocol = factories.protocol(clinic)
    for number in range(ROWS // 2):
        ended_at = NOW - timedelta(days=number, hours=3)
        session = factories.treatment_session(
            clinic, **same, protocol=protocol, ended_at=ended_at, state="completed", completed_at=ended_at
        )
        for step in protocol.steps.all():
            send_at = ended_at + timedelta(hours=1)
            factories.message(session, step, status="sent", send_at=send_at, sent_at=send_at)
    return patient


def asks_few(client, url, rows):
    """The page, which shows so many links to rows."""
    client.get(url)  # what a process learns once, such as the ids of content types
    with CaptureQueriesContext(connection) as queries:
        html = client.get(url).content.decode()
    assert html.count(rows) >= ROWS, rows
    assert len(queries) <= MOST, "\n".join(query["sql"][:150] for query in queries)


def test_page_of_a_patient(client, owner, patient):
    url = reverse("admin:clinics_patient_change", args=[patient.pk])

    asks_few(client, url, "/admin/outbox/scheduledmessage/")


def test_page_of_a_task(client, owner, clinic, patient):
    message = ScheduledMessage.objects.first()
    task = FollowUpTask.objects.create(
        clinic=clinic,
        patient=patient,
        cause=Cause.MISSED,
        source=f"message:{message.pk}:missed",
        opened_at=NOW,
        deadline_at=NOW + timedelta(hours=4),
    )
    for number in range(ROWS):
        TaskNote.objects.create(task=task, text=f"Called, try {number}.", by=owner, at=NOW)

    asks_few(client, reverse("admin:followups_followuptask_change", args=[task.pk]), "Called, try")


def test_page_of_the_words_of_a_template(client, owner, clinic):
    template = factories.template(clinic)
    for number in range(ROWS):
        source = Source("A note", "", f"Words number {number}.")
        save_draft(template=template, language="en", source=source, author=owner)

    url = reverse("admin:content_messagetemplate_words", args=[template.pk])

    asks_few(client, url, "restore/?words=")


def test_page_of_a_lot(client, owner, clinic):
    same = {"protocol": factories.protocol(clinic), "practitioner": factories.practitioner(clinic)}
    completed = {"state": "completed", "completed_at": NOW, "cartridge_lot": LOT}
    for _ in range(ROWS):
        factories.treatment_session(clinic, **same, **completed)

    url = f"{reverse('admin:lots_lotmail_add')}?lot={LOT}"

    asks_few(client, url, "/admin/clinics/patient/")
