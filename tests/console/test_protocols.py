from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from aftercare.protocols.models import Protocol, ProtocolStep
from tests import factories

pytestmark = pytest.mark.django_db
EMPTY = {
    "name": "Microneedling",
    "variants": ["standard"],
    "active": "on",
    "restrictions-TOTAL_FORMS": 0,
    "restrictions-INITIAL_FORMS": 0,
}
ELAPSED = {
    "number": 9,
    "name": "Evening",
    "kind": "elapsed",
    "offset_minutes": 60,
    "latest_minutes": 120,
    "enabled": "on",
    "late_action": "skip",
    "unknown_policy": "unconfirmed",
    "newer_session": "supersede",
}
WALL_TIME = {
    "number": 9,
    "name": "Third day",
    "kind": "wall_time",
    "day": 3,
    "local_time": "18:00",
    "latest_day": 4,
    "latest_local_time": "12:00",
    "enabled": "on",
    "late_action": "skip",
    "unknown_policy": "unconfirmed",
    "newer_session": "supersede",
}


def page(name, *args):
    return reverse(f"admin:protocols_protocol_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic, steps=())


def posted(protocol, *steps, **over):
    """The form of a protocol with these steps; one with an id is a step there is."""
    data = {**EMPTY, **over, "steps-TOTAL_FORMS": len(steps)}
    data["steps-INITIAL_FORMS"] = sum("id" in step for step in steps)
    for index, step in enumerate(steps):
        data |= {f"steps-{index}-{name}": value for name, value in step.items() if value is not None}
        data[f"steps-{index}-protocol"] = protocol.pk
    return data


def of(step, **over):
    """A stored step as its form shows it."""
    names = [*ELAPSED, *WALL_TIME, "safety_critical", "quiet_exempt"]
    fields = {name: getattr(step, name) for name in names}
    shown = {name: value for name, value in fields.items() if value is not None and value is not False}
    return {"id": step.pk, "template": step.template_id, **shown, **over}


def errors_of(answer, index=0):
    return answer.context["inline_admin_formsets"][0].formset.forms[index].errors


def save(client, protocol, *steps, **over):
    return client.post(page("change", protocol.pk), posted(protocol, *steps, **over))


def test_steps_of_both_kinds_are_saved_with_a_slug_from_their_name(client, owner, clinic, protocol):
    template = factories.template(clinic)

    save(
        client,
        protocol,
        {**ELAPSED, "template": template.pk},
        {**WALL_TIME, "number": 10, "template": template.pk},
    )

    assert list(protocol.steps.values_list("slug", "kind")) == [
        ("evening", "elapsed"),
        ("third-day", "wall_time"),
    ]


def test_steps_with_the_same_name_get_slugs_of_their_own(client, owner, clinic, protocol):
    step = {**ELAPSED, "template": factories.template(clinic).pk}

    save(client, protocol, step, {**step, "number": 10})

    assert set(protocol.steps.values_list("slug", flat=True)) == {"evening", "evening-2"}


@pytest.mark.parametrize(
    ("step", "over", "field"),
    [
        (ELAPSED, {"latest_minutes": 59}, "latest_minutes"),
        (WALL_TIME, {"latest_day": 2}, "latest_day"),
        (WALL_TIME, {"latest_day": 3, "latest_local_time": "17:59"}, "latest_local_time"),
        (ELAPSED, {"latest_minutes": 74}, "latest_minutes"),
        (WALL_TIME, {"latest_day": 3, "latest_local_time": "18:14"}, "latest_local_time"),
        (WALL_TIME, {"local_time": "23:50", "latest_day": 3, "latest_local_time": "23:59"}, "latest_day"),
    ],
)
def test_window_before_the_offset_is_an_error_beside_its_end(
    client, owner, clinic, protocol, step, over, field
):
    answer = save(client, protocol, {**step, "template": factories.template(clinic).pk, **over})

    assert errors_of(answer).keys() == {field}
    assert "The window ends too early" in errors_of(answer)[field][0]
    assert protocol.steps.count() == 0


@pytest.mark.parametrize(
    ("step", "field"), [(ELAPSED, "latest_minutes"), (WALL_TIME, "local_time"), (WALL_TIME, "latest_day")]
)
def test_field_of_the_chosen_kind_is_needed(client, owner, clinic, protocol, step, field):
    answer = save(client, protocol, {**step, "template": factories.template(clinic).pk, field: ""})

    assert errors_of(answer) == {field: ["A step of this kind needs it."]}


def test_fields_of_the_other_kind_are_dropped_even_if_absurd(client, owner, clinic, protocol):
    step = {**ELAPSED, "template": factories.template(clinic).pk, "day": "2000000000", "local_time": "25:99"}

    save(client, protocol, step)

    assert protocol.steps.values_list("day", "local_time").get() == (None, None)


@pytest.mark.parametrize(
    ("step", "field", "value"),
    [
        (WALL_TIME, "latest_day", "2000000000"),
        (WALL_TIME, "day", "401"),
        (ELAPSED, "latest_minutes", "99999999999"),
        (ELAPSED, "offset_minutes", "-5"),
        (ELAPSED, "number", "70000"),
        (WALL_TIME, "local_time", "25:00"),
    ],
)
def test_absurd_value_is_an_error_beside_its_field(client, owner, clinic, protocol, step, field, value):
    answer = save(client, protocol, {**step, "template": factories.template(clinic).pk, field: value})

    assert field in errors_of(answer)
    assert protocol.steps.count() == 0


def test_absurd_restriction_is_an_error_beside_its_field(client, owner, protocol):
    restriction = {
        "restrictions-TOTAL_FORMS": 1,
        "restrictions-0-topic": "heat",
        "restrictions-0-hours_light": "2000000000",
    }

    answer = save(client, protocol, **restriction)

    assert "400 days" in answer.content.decode()
    assert protocol.restrictions.count() == 0


def test_restriction_is_saved(client, owner, protocol):
    restriction = {
        "restrictions-TOTAL_FORMS": 1,
        "restrictions-0-topic": "heat",
        "restrictions-0-hours_light": "72",
    }

    save(client, protocol, **restriction)

    assert protocol.restrictions.values_list("topic", "hours_light", "hours_deeper").get() == (
        "heat",
        72,
        None,
    )


@pytest.mark.parametrize(
    ("over", "field"),
    [({"enabled": None}, "enabled"), ({"late_action": "skip"}, "late_action")],
)
def test_safety_critical_step_stays_enabled_and_opens_a_task(client, owner, clinic, over, field):
    protocol = factories.protocol(clinic, steps=(factories.ELAPSED,))
    step = protocol.steps.get()

    answer = save(client, protocol, of(step, **over))

    assert errors_of(answer).keys() == {field}


def test_safety_critical_step_needs_a_safety_critical_template(client, owner, clinic):
    protocol = factories.protocol(clinic, steps=(factories.ELAPSED,))

    answer = save(client, protocol, of(protocol.steps.get(), template=factories.template(clinic).pk))

    assert errors_of(answer).keys() == {"template"}


def test_safety_critical_step_cannot_be_removed(client, owner, clinic):
    protocol = factories.protocol(clinic, steps=(factories.ELAPSED,))

    save(client, protocol, of(protocol.steps.get(), DELETE="on"))

    assert protocol.steps.count() == 1


def test_step_with_messages_cannot_be_removed(client, owner, clinic):
    protocol = factories.protocol(clinic, steps=(factories.WALL_TIME,))
    factories.message(factories.treatment_session(clinic, protocol=protocol))

    save(client, protocol, of(protocol.steps.get(), DELETE="on"))

    assert protocol.steps.count() == 1


def test_step_without_messages_can_be_removed(client, owner, clinic):
    protocol = factories.protocol(clinic, steps=(factories.WALL_TIME,))

    save(client, protocol, of(protocol.steps.get(), DELETE="on"))

    assert protocol.steps.count() == 0


def test_two_steps_with_one_number_are_refused(client, owner, clinic, protocol):
    step = {**ELAPSED, "template": factories.template(clinic).pk}

    answer = save(client, protocol, step, step)

    assert "Two steps have the number 9." in answer.content.decode()
    assert protocol.steps.count() == 0


def test_template_of_another_clinic_is_refused(client, owner, protocol):
    foreign = factories.template(factories.clinic())

    answer = save(client, protocol, {**ELAPSED, "template": foreign.pk})

    assert errors_of(answer).keys() == {"template"}
    assert protocol.steps.count() == 0


def test_variants_are_ticked_and_needed(client, owner, protocol):
    refused = save(client, protocol, variants=[])
    save(client, protocol, variants=["standard", "prp"])

    protocol.refresh_from_db()
    assert "Tick at least one." in refused.content.decode()
    assert protocol.variants == ["standard", "prp"]


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_protocols_are_read_only_for_other_roles(client, clinic, protocol, role):
    client.force_login(factories.user(clinic, role))

    assert client.get(page("change", protocol.pk)).status_code == 200
    assert save(client, protocol, name="Mine").status_code == 403
    assert client.post(page("pause", protocol.pk), {"reason": "No"}).status_code == 403
    assert client.post(page("install"), {"slug": "microneedling", "clinic": clinic.pk}).status_code == 403


def test_viewer_reads_the_names_of_the_variants(client, clinic):
    protocol = factories.protocol(clinic, variants=["prp"])
    client.force_login(factories.user(clinic, Role.VIEWER))

    html = client.get(page("change", protocol.pk)).content.decode()

    assert "With platelet-rich plasma (PRP)" in html


@pytest.mark.parametrize("name", ["change", "plan", "pause", "resume"])
def test_pages_of_another_clinics_protocol_are_not_found(client, owner, name):
    foreign = factories.protocol(factories.clinic(), name="Not for you")

    answer = client.get(page(name, foreign.pk))

    assert answer.status_code in (302, 404)
    assert "Not for you" not in answer.content.decode()


def test_protocol_of_another_clinic_cannot_be_made(client, owner):
    other = factories.clinic()

    client.post(page("add"), {"clinic": other.pk, "name": "X", "slug": "x", "variants": ["standard"]})

    assert other.protocols.count() == 0


def test_new_protocol_goes_on_to_its_steps(client, owner, clinic):
    answer = client.post(
        page("add"), {"clinic": clinic.pk, "name": "X", "slug": "x", "variants": ["standard"], "active": "on"}
    )

    assert answer["Location"] == page("change", Protocol.objects.get(clinic=clinic).pk)


@pytest.fixture
def completed(clinic):
    """A session of yesterday whose day-after message is promised for 09:00 tomorrow."""
    protocol = factories.protocol(clinic, steps=({**factories.WALL_TIME, "day": 2, "latest_day": 2},))
    session = factories.treatment_session(
        clinic, protocol=protocol, ended_at=timezone.now() - timedelta(days=1)
    )
    complete_session(session, by=None, now=timezone.now())
    return session


def test_changed_step_moves_planned_messages_and_tells_how_many(client, owner, completed):
    step = completed.protocol.steps.get()
    before = completed.scheduled_messages.get().send_at
    edits = posted(completed.protocol, of(step, local_time="10:30"))
    url = page("change", completed.protocol_id)
    asked = client.post(url, edits).context

    answer = client.post(url, {**edits, "agreed": asked["agreed"]}, follow=True)

    after = completed.scheduled_messages.get().send_at
    assert after - before == timedelta(minutes=90)
    assert "1 message moved" in answer.content.decode()


def test_step_that_stays_as_it_is_moves_nothing(client, owner, completed):
    answer = client.post(
        page("change", completed.protocol_id),
        posted(completed.protocol, of(completed.protocol.steps.get()), name="Other name"),
        follow=True,
    )

    assert "message moved" not in answer.content.decode()
    assert "No planned message" not in answer.content.decode()


def test_step_of_another_protocol_cannot_be_smuggled_in(client, owner, protocol):
    foreign = factories.protocol(factories.clinic(), steps=(factories.WALL_TIME,)).steps.get()

    save(client, protocol, of(foreign, name="Hijacked"))

    assert ProtocolStep.objects.get(pk=foreign.pk).name != "Hijacked"


def test_protocols_to_choose_from_stand_in_order_of_their_names(client, owner, clinic):
    for name in ("Peeling", "Lasers", "Microneedling"):
        factories.protocol(clinic, steps=(), name=name)
    asked = {"app_label": "treatments", "model_name": "treatmentsession", "field_name": "protocol"}

    found = client.get(reverse("admin:autocomplete"), {**asked, "term": ""}).json()["results"]

    assert [one["text"] for one in found] == ["Lasers", "Microneedling", "Peeling"]
