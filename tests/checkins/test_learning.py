"""What is counted of patients' answers, and what is too small to be shown."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftercare.checkins.learning import learn
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.clinics.models import Role
from aftercare.outbox.models import ScheduledMessage
from tests import factories

pytestmark = pytest.mark.django_db
SINCE = factories.ENDED_AT - timedelta(days=30)
NOW = factories.ENDED_AT + timedelta(days=30)


@pytest.fixture
def clinic():
    return factories.clinic()


def learned(clinic, by=None):
    return learn(clinic, since=SINCE, now=NOW, by=by)


def times_of(group, level=Level.A):
    return next(line for line in group.times if line.level is level)


def counts_of(group, first=2):
    return next(line for line in group.days if line.first == first).counts


@pytest.mark.parametrize(
    ("by", "name"),
    [("lot", "L-1"), ("practitioner", "Dr L-1"), ("protocol", "Plan L-1"), ("depth", "medium")],
)
def test_answers_levels_and_times_are_counted_by_each_kind_of_group(clinic, by, name):
    factories.asked(clinic, 15, answered=12, worried=5)

    (group,) = learned(clinic, by).groups

    assert (group.name, group.patients, group.asked, group.answered) == (name, 15, 15, 12)
    assert (group.rate, group.flagged) == (80, 5)
    assert (counts_of(group)[Level.NONE], counts_of(group)[Level.A]) == (7, 5)
    assert (times_of(group).concerns, times_of(group).closed_in_time) == (5, 100)


def test_numbers_of_fewer_than_five_patients_are_hidden(clinic):
    factories.asked(clinic, 4, answered=4, lot="L-1")
    factories.asked(clinic, 3, answered=3, lot="L-2")
    factories.asked(clinic, 20, answered=19, worried=4, lot="L-3")

    small, _other, large = learned(clinic, "lot").groups

    assert (small.patients, small.asked, small.answered, small.rate) == (None, None, None, None)
    assert (large.answered, large.flagged) == (19, None)


def test_number_that_follows_from_the_total_and_its_neighbours_is_hidden_too(clinic):
    factories.asked(clinic, 3, answered=3, lot="L-1")
    factories.asked(clinic, 6, answered=6, lot="L-2")
    factories.asked(clinic, 9, answered=9, lot="L-3")

    found = learned(clinic, "lot")

    assert found.whole.asked == 18
    assert [group.asked for group in found.groups] == [None, None, 9]


def test_few_who_were_well_do_not_follow_from_the_others(clinic):
    factories.asked(clinic, 10, answered=10, worried=7)

    whole = learned(clinic).whole

    assert (whole.answered, whole.flagged) == (10, None)
    assert set(counts_of(whole).values()) == {None}


def test_whole_hides_the_same_whatever_it_is_split_by(clinic):
    factories.asked(clinic, 9, answered=9, worried=6, lot="L-1")
    factories.asked(clinic, 12, answered=11, worried=2, lot="L-2")

    assert learned(clinic, "lot").whole == learned(clinic, "depth").whole == learned(clinic).whole


def test_levels_are_counted_by_day_after_the_treatment(clinic):
    factories.asked(clinic, 12, answered=12, worried=5)

    counts = counts_of(learned(clinic).whole)

    assert (counts[Level.NONE], counts[Level.A], counts[Level.E]) == (7, 5, None)


def test_times_are_medians_and_shares_within_the_deadline(clinic):
    factories.asked(clinic, 5, answered=5, worried=5)
    late = Concern.objects.first()
    after = late.due_at + timedelta(hours=1)
    Concern.objects.filter(pk=late.pk).update(acknowledged_at=after, closed_at=after)

    times = times_of(learned(clinic).whole)

    assert (times.concerns, times.allowed) == (5, timedelta(hours=2))
    assert (times.acknowledged, times.acknowledged_in_time) == (timedelta(minutes=30), 80)
    assert (times.closed, times.closed_in_time) == (timedelta(hours=1), 80)


def test_concern_that_may_still_be_closed_in_time_counts_neither_way(clinic):
    factories.asked(clinic, 10, answered=10, worried=10)
    waiting = Concern.objects.order_by("pk")[:5].values("pk")
    Concern.objects.filter(pk__in=waiting).update(closed_at=None, due_at=NOW + timedelta(minutes=1))

    assert times_of(learned(clinic).whole).closed_in_time == 100


def test_concern_that_nobody_closed_counts_as_late(clinic):
    factories.asked(clinic, 10, answered=10, worried=10)
    forgotten = Concern.objects.order_by("pk")[:5].values("pk")
    Concern.objects.filter(pk__in=forgotten).update(closed_at=None)

    assert times_of(learned(clinic).whole).closed_in_time == 50


def test_sign_in_a_check_in_that_was_never_finished_counts_as_an_answer(clinic):
    factories.asked(clinic, 5, answered=5, worried=5)
    CheckIn.objects.update(answered_at=None)

    assert (learned(clinic).whole.answered, learned(clinic).whole.flagged) == (5, 5)


def test_other_clinics_count_for_nothing(clinic):
    factories.asked(factories.clinic(), 10, answered=10)

    assert learned(clinic).whole.patients is None
    assert learned(clinic, "lot").groups == []


def test_reads_three_times_however_many_groups_there_are(clinic, django_assert_num_queries):
    for number in range(4):
        factories.asked(clinic, 2, answered=1, worried=1, lot=f"L-{number}")

    with django_assert_num_queries(3):
        learned(clinic, "depth")


def test_page_shows_the_users_clinic_only(client, clinic):
    other = factories.clinic(name="Zanzibar")
    client.force_login(factories.user(clinic, Role.VIEWER))

    page = client.get(reverse("admin:checkins_checkin_learning"), {"clinic": other.pk})

    assert page.status_code == 200
    assert page.context["clinic"] == clinic
    assert "Zanzibar" not in page.content.decode()
    assert "Too few check-ins so far" in page.content.decode()


def test_page_splits_by_what_is_asked_for(client, clinic, time_machine):
    time_machine.move_to(NOW)
    factories.asked(clinic, 12, answered=12, worried=6, lot="SP-7")
    client.force_login(factories.user(clinic, Role.VIEWER))

    page = client.get(reverse("admin:checkins_checkin_learning"), {"by": "lot"}).content.decode()

    assert page.count(">SP-7</th>") == 3
    assert "1 h 0 min" in page


def test_page_of_an_unknown_split_is_of_the_whole_clinic(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    page = client.get(reverse("admin:checkins_checkin_learning"), {"by": "email"})

    assert page.context["by"] == ""


def test_patient_who_was_asked_twice_is_one_patient(clinic):
    factories.asked(clinic, 6, answered=6)
    first = list(ScheduledMessage.objects.all())
    second = factories.step(first[0].session.protocol, template=first[0].step.template)
    for message in first:
        factories.message(message.session, second, status="sent")

    whole = learned(clinic).whole

    assert (whole.patients, whole.asked) == (6, 12)
