"""A leaflet that has left already today: what the plan says of a further session, before it is saved."""

from datetime import timedelta

import pytest

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.planning import complete_session
from aftercare.treatments.screening import all_clear
from tests import factories
from tests.console.treatments.pages import NOW, page

pytestmark = pytest.mark.django_db
PLAN = "/admin/treatments/treatmentsession/plan/"
BODY = "For your {{ treatment.areas }}.\n\n" + factories.BODY["en"]
CAME = "Already sent on Sat 28 Mar, 15:20; it covers this session."


@pytest.fixture
def first(clinic, staff, posted):
    """This morning's session, whose first message has come; the page is of another one of the patient."""
    protocol = factories.protocol(clinic)
    template = protocol.steps.all()[0].template
    template.versions.all().delete()
    factories.approved_version(template, body=BODY)
    session = factories.treatment_session(clinic, protocol=protocol, ended_at=NOW - timedelta(hours=2))
    complete_session(session, by=None, now=NOW - timedelta(hours=2))
    _come(session)
    posted |= {"patient": session.patient_id, "protocol": protocol.pk, "products-TOTAL_FORMS": "0"}
    return session


def _come(session):
    row = _leaflet(session)
    factories.attempt(row)
    at = NOW - timedelta(minutes=42)
    ScheduledMessage.objects.filter(pk=row.pk).update(status="sent", sent_at=at, attempt_count=1)


def _leaflet(session):
    return session.scheduled_messages.get(step__slug="first-night")


def _second(first, **over):
    fields = {"patient": first.patient, "protocol": first.protocol, "ended_at": NOW - timedelta(minutes=30)}
    session = factories.treatment_session(first.clinic, **fields, **over)
    complete_session(session, by=None, now=NOW)
    return session


def _plan_of(client, data, url=PLAN):
    return client.post(url, data).context["plan"]


def _correction(session, **over):
    """The page of its correction, as the browser posts it."""
    rows = {
        "areas-TOTAL_FORMS": "1",
        "areas-INITIAL_FORMS": "1",
        "areas-0-id": session.areas.get().pk,
        "areas-0-session": session.pk,
        "areas-0-site": "face",
        "areas-0-depth_mm": "0.8",
        "areas-0-passes": "3",
        "products-TOTAL_FORMS": "0",
        "products-INITIAL_FORMS": "0",
    }
    screening = {f"screening_{code}": answer for code, answer in all_clear("standard").items()}
    rows |= {"treatment_consent": "on", **screening}
    own = {"practitioner": session.practitioner_id, "variant": "standard", "ended_at": "2026-03-28T14:02"}
    return {**own, **rows, **over}


def test_plan_says_that_the_leaflet_came_already_and_covers_the_session(client, first, posted):
    line = _plan_of(client, posted).lines[0]

    assert (line.status, line.goes) == ("Sent already", False)
    assert CAME in line.reasons


def test_plan_says_why_it_goes_again(client, first, posted):
    line = _plan_of(client, {**posted, "areas-0-site": "neck"}).lines[0]

    assert line.goes
    assert "Goes again after Sat 28 Mar, 15:20, because this is new: Treated areas." in line.reasons


def test_what_the_plan_showed_is_what_completing_stores(client, first, posted):
    client.post("/admin/treatments/treatmentsession/add/", {**posted, "_complete": "1"})

    row = ScheduledMessage.objects.exclude(session=first).get(step__slug="first-night")
    assert (row.why, row.why_detail) == ("already_sent", CAME)


def test_sessions_page_says_that_the_leaflet_came_already(client, first):
    html = client.get(page(_second(first))).content.decode()

    assert "Sent already" in html
    assert CAME in html


def test_void_shows_that_the_covered_leaflet_will_be_sent(client, first):
    _second(first)

    html = client.get(page(first, "void")).content.decode()

    assert "These messages of another session will be sent after all:" in html
    assert "First night" in html


def test_moving_the_covering_session_shows_the_covered_leaflet_and_asks_first(client, first):
    second = _second(first)
    moved = _correction(first, ended_at="2026-03-26T14:02")

    answer = client.post(page(first, "correct"), moved)

    assert [line.name for line in answer.context["plan"].revived] == ["First night"]
    assert "From another session: these will be sent after all" in answer.content.decode()
    assert _leaflet(second).why == "already_sent"


def test_correction_of_the_covered_session_shows_that_it_goes(client, first):
    second = _second(first)
    data = _correction(second, ended_at="2026-03-28T15:32", **{"areas-0-site": "neck"})

    line = _plan_of(client, data, page(second, "plan_of")).lines[0]

    assert (line.effect, line.goes) == ("New", True)


def test_correction_that_changes_nothing_leaves_it_covered(client, first):
    second = _second(first)
    data = _correction(second, ended_at="2026-03-28T15:32")

    line = _plan_of(client, data, page(second, "plan_of")).lines[0]

    assert (line.effect, line.status) == ("Stays as it is", "Sent already")
