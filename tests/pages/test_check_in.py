"""The check-in as a patient meets it, from the first part to what happens next."""

from datetime import timedelta

import pytest

from aftercare.checkins.handling import take_on
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern, RuleSet
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.links import READ
from aftercare.outbox.models import StaffNotice
from tests import factories
from tests.calls import without_links
from tests.pages.conftest import PARTS

pytestmark = pytest.mark.django_db


def text(page):
    return page.content.decode()


def test_form_begins_with_the_emergency_banner_and_stores_nothing(visitor):
    page = text(visitor.get())

    assert page.index("Call 999 now, before you go on") < page.index("<form")
    assert "trouble breathing" in page
    assert "<title>Harbour Clinic</title>" in page
    assert not CheckIn.objects.exists()


def test_answers_without_a_sign_end_without_a_concern(visitor):
    page = visitor.send_all()

    assert "Thank you. Your answers have been sent." in text(page)
    assert CheckIn.objects.get().level == Level.NONE
    assert not Concern.objects.exists()


@pytest.mark.parametrize("hours", [0, 11], ids=["open", "closed"])
def test_answers_without_a_sign_are_told_what_most_people_see_and_nothing_of_their_own_skin(
    visitor, at, hours
):
    at.now += timedelta(hours=hours)

    page = text(visitor.send_all())

    assert "Here is what most people see." in page
    assert "This page cannot tell you that all is well" in page


def test_first_question_names_a_hoarse_voice_and_feeling_faint(visitor, asking):
    assert "a hoarse voice, fainting or feeling faint?" in text(visitor.get())

    asking.patient.locale = "es-ES"
    asking.patient.save()
    assert "tiene la voz ronca, se desmaya o se siente desmayar?" in text(visitor.get())


def test_flagged_answer_promises_a_call_while_somebody_is_on_duty(visitor):
    page = visitor.send_all(infection="yes")

    assert "We will call you by 14:00 on Monday 30 March." in text(page)
    check_in, task = CheckIn.objects.get(), FollowUpTask.objects.get()
    assert (check_in.level, check_in.reasons) == (Level.A, ["infection"])
    assert task.deadline_at == check_in.answered_at + timedelta(hours=2)


def test_nobody_on_duty_makes_no_promise(visitor, at):
    at.now += timedelta(hours=11)

    page = text(visitor.send_all(infection="yes"))

    assert "The clinic is closed now." in page
    assert "020 7946 0199" in page
    assert "We will call you" not in page
    assert Concern.objects.get().promised_at is None


def test_page_opened_after_the_promised_time_says_to_call_instead(visitor, at):
    visitor.send_all(infection="yes")

    at.now += timedelta(hours=3)  # 15:00, the clinic is open
    page = text(visitor.get())

    assert "We said that we would call you by 14:00 on Monday 30 March." in page
    assert "We will call you" not in page


def test_page_opened_after_the_promised_time_and_hours_says_closed(visitor, at):
    visitor.send_all(infection="yes")

    at.now += timedelta(hours=11)

    assert "The clinic is closed now." in text(visitor.get())


def test_answer_of_the_night_is_told_to_call_once_the_clinic_is_open(visitor, at):
    at.now += timedelta(hours=11)
    visitor.send_all(infection="yes")

    at.now += timedelta(hours=13)  # noon on Tuesday
    page = text(visitor.get())

    assert "The clinic is open now, so please call: 020 7946 0100." in without_links(page)
    assert "The clinic is closed now." not in page


def test_same_answer_days_later_reaches_staff_again_and_is_promised_a_new_call(visitor, at, clinic):
    visitor.send_all(infection="yes")
    nurse = factories.user(clinic)
    take_on(task=FollowUpTask.objects.get(), by=nurse, now=at.now)

    at.now += timedelta(days=1)
    visitor.client.post(visitor.path, {"again": "1"})
    page = visitor.send_all(infection="yes")

    assert "We will call you by 14:00 on Tuesday 31 March." in text(page)
    again = FollowUpTask.objects.get(claimed_by=None)
    assert (again.closed_at, again.deadline_at) == (None, at.now + timedelta(hours=2))
    assert Concern.objects.get().level == Level.A


def test_emergency_sign_ends_the_form_at_once(visitor):
    page = text(visitor.send(1, breathing="yes"))

    assert "Call 999 now, or go to an emergency department." in without_links(page)
    assert CheckIn.objects.get().answered_at is not None
    assert Concern.objects.get().level == Level.E


def test_emergency_sign_counts_although_other_answers_are_missing(visitor):
    page = visitor.client.post(visitor.path, {"part": 1, "eyes": "unknown"}, follow=True)

    assert "Call 999 now, or go" in without_links(text(page))


def test_worrying_answer_reaches_staff_before_the_form_is_finished(visitor):
    visitor.send(1)
    visitor.send(2, redness="more")

    assert Concern.objects.get().level == Level.A
    assert CheckIn.objects.get().answered_at is None


def test_missing_answers_are_asked_for_and_the_rest_is_kept(visitor):
    page = visitor.client.post(visitor.path, {"part": 1, "unwell": "no"})

    assert page.status_code == 422
    assert text(page).count("Please choose an answer here.") == 2
    assert CheckIn.objects.get().answers == {"unwell": "no"}


def test_form_goes_on_where_the_patient_stopped(visitor):
    visitor.send(1)
    visitor.send(2)

    assert "Part 3 of 4" in text(visitor.get())
    assert 'value="less" checked' in text(visitor.get("?part=2"))
    assert "Part 3 of 4" in text(visitor.get("?part=4"))


@pytest.mark.parametrize("query", ["?part=0", "?part=-1", "?part=nine", "?part=99999999999999999999"])
def test_impossible_part_shows_the_first_unanswered(visitor, query):
    assert "Part 1 of 4" in text(visitor.get(query))


def test_double_tap_leaves_one_check_in(visitor):
    visitor.send_all(infection="yes")
    visitor.send(4)
    visitor.send(4)

    assert CheckIn.objects.count() == 1
    assert FollowUpTask.objects.count() == 1


def test_other_answer_from_a_second_tab_is_not_lost(visitor):
    visitor.send_all()
    visitor.send(3, blisters="yes")

    assert [row.level for row in CheckIn.objects.order_by("number")] == [Level.NONE, Level.A]
    assert Concern.objects.get().level == Level.A


def test_answering_again_keeps_the_worst_until_it_is_closed(visitor):
    visitor.send_all(infection="yes")
    visitor.client.post(visitor.path, {"again": "1"})

    page = visitor.send_all()

    assert [row.level for row in CheckIn.objects.order_by("number")] == [Level.A, Level.NONE]
    assert "We will call you by 14:00" in text(page)


def test_answering_again_can_be_worse(visitor):
    visitor.send_all(rash="bumps")
    visitor.client.post(visitor.path, {"again": "1"})
    visitor.client.post(visitor.path, {"again": "1"})

    visitor.send(1, unwell="yes")

    assert CheckIn.objects.count() == 2
    assert Concern.objects.get().level == Level.E


def test_answers_to_questions_not_asked_are_not_stored(visitor):
    visitor.client.post(visitor.path, {"part": 3, "burn": "yes", "marks": "yes", "rash": "purple"})

    assert CheckIn.objects.get().answers == {}
    assert not Concern.objects.exists()


def test_note_is_kept_as_written_and_shown_as_text_only(visitor):
    visitor.send_all(note="<script>alert(1)</script>" + "x" * 2000)

    assert len(CheckIn.objects.get().note) == 1000
    assert "<script" not in text(visitor.get())


@pytest.mark.parametrize("note", ["there is a lump and I am frightened", "?"])
def test_whatever_the_patient_writes_is_read_by_a_human_within_a_day(visitor, at, note):
    page = visitor.send_all(note=note)

    assert "We will call you by 12:00 on Tuesday 31 March." in text(page)
    assert FollowUpTask.objects.get().deadline_at == at.now + timedelta(days=1)
    assert (CheckIn.objects.get().level, CheckIn.objects.get().reasons) == (Level.B, ["note"])


def test_note_of_blanks_is_none(visitor):
    visitor.send_all(note=" \n ")

    assert not Concern.objects.exists()


def test_note_counts_although_an_answer_beside_it_is_missing(visitor):
    visitor.client.post(visitor.path, {"part": 4, "note": "a lump"})

    assert Concern.objects.get().level == Level.B


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"part": 4, "note": "a lump"}, {"part": 4, "note": "a lump, and now it smells"}),
        ({"part": 2, "pain": "7"}, {"part": 2, "pain": "9"}),
    ],
)
def test_worse_answer_before_the_end_of_the_form_reaches_staff_who_have_read_the_first(
    visitor, at, clinic, first, then
):
    visitor.client.post(visitor.path, first)
    take_on(task=FollowUpTask.objects.get(), by=factories.user(clinic), now=at.now)
    visitor.client.post(visitor.path, first)
    assert not FollowUpTask.objects.filter(claimed_by=None).exists()

    visitor.client.post(visitor.path, then)

    assert FollowUpTask.objects.get(claimed_by=None).level == Concern.objects.get().level


def test_form_fits_variant_and_day(visitor, asking, at):
    asking.session.variant = "rf"
    asking.session.save()
    at.now += timedelta(days=6)
    visitor.send(1)
    visitor.send(2)

    page = text(visitor.get("?part=3"))

    assert 'name="burn"' in page
    assert 'name="marks"' in page


def test_pages_are_in_the_patients_language(visitor, asking):
    asking.patient.locale = "es-ES"
    asking.patient.save()

    assert "¿Cómo está su piel?" in text(visitor.get())
    page = text(visitor.send_all(infection="yes"))

    assert 'lang="es"' in page
    assert "Le llamaremos antes de las 14:00 del lunes 30 de marzo." in page


def test_without_approved_rules_the_page_says_to_call(visitor):
    RuleSet.objects.all().delete()

    for page in (visitor.get(), visitor.send(1, breathing="yes")):
        assert "Please call the clinic" in text(page)
    assert not CheckIn.objects.exists()


def test_message_that_does_not_ask_has_no_form(visitor, asking):
    type(asking.step.template).objects.update(asks_check_in=False)

    assert "Please call the clinic" in text(visitor.get())


def test_old_link_is_gone_and_gives_the_clinics_numbers(visitor, at):
    at.now += timedelta(days=61)

    page = visitor.get()

    assert page.status_code == 410
    assert "020 7946 0100" in text(page)


@pytest.mark.parametrize("make", [lambda m: READ.url(m.pk), lambda m: f"/c/{m.pk.hex}.forged/"])
def test_foreign_or_forged_link_is_unknown_and_stores_nothing(visitor, asking, settings, make):
    path = make(asking).removeprefix(settings.SITE_URL).replace("/m/", "/c/")

    page = visitor.client.post(path, {"part": 1, "breathing": "yes"})

    assert page.status_code == 404
    assert not CheckIn.objects.exists()


def test_link_of_one_patient_never_shows_another(visitor, asking, settings):
    other = factories.message(factories.treatment_session(asking.clinic), status="sent")
    visitor.send_all(infection="yes")

    assert CheckIn.objects.get().patient == asking.patient
    assert not CheckIn.objects.filter(patient=other.patient).exists()


def test_page_is_private_and_needs_no_script_or_cookie(visitor):
    page = visitor.get()

    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "<script" not in text(page)
    assert not page.cookies
    assert len(page.content) < 50_000


def test_address_says_nothing_of_health(visitor):
    assert visitor.path.startswith("/c/")
    assert "/" not in visitor.path.removeprefix("/c/").rstrip("/")


def test_emergency_costs_few_statements_as_many_may_come_at_once(
    visitor, clinic, django_assert_max_num_queries
):
    factories.user(clinic, email="nurse@clinic.example.com")

    with django_assert_max_num_queries(36):
        visitor.client.post(visitor.path, {"part": 1, **PARTS[1], "breathing": "yes"})

    assert StaffNotice.objects.get().recipient == "nurse@clinic.example.com"


def test_task_is_in_the_clinics_language_whatever_the_patients_browser_asks_for(visitor):
    visitor.client.post(
        visitor.path, {"part": 3, **PARTS[3], "infection": "yes"}, headers={"Accept-Language": "es"}
    )

    assert FollowUpTask.objects.get().detail == "A: today"


def test_number_in_a_levels_text_can_be_tapped(visitor):
    page = text(visitor.send_all(infection="yes")).partition('<section class="urgent"')[2]

    assert '<a href="tel:02079460100" dir="ltr">020 7946 0100</a>' in page.partition("</section>")[0]


def test_contact_in_words_is_no_link(visitor, clinic, at):
    clinic.out_of_hours_contact = "Out-of-hours desk, ward 4"
    clinic.save()
    at.now += timedelta(hours=11)

    page = text(visitor.send_all(infection="yes"))

    assert "Out-of-hours desk, ward 4" in page
    assert "tel:4" not in page
