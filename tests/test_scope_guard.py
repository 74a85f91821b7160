"""The guard that fails a test when a page of the console asks for more than the user's own rows."""

import pytest
from django.apps import apps
from django.db.models import Count, Exists, F, OuterRef, Q

from aftercare.checkins.models import PostCount
from aftercare.clinics.kept import Blank, Blanks, Kept
from aftercare.clinics.models import Clinic, Membership, Patient, Role, User
from aftercare.content.models import CompiledVersion
from aftercare.outbox.models import ChannelRest, Heartbeat, SendBucket, SitePause, Tally
from aftercare.treatments.models import TreatedArea, TreatmentSession
from tests import factories, scope_guard
from tests.scope_guard import UnscopedQuery, serving

pytestmark = pytest.mark.django_db
SITE_WIDE = {
    CompiledVersion,
    ChannelRest,
    Heartbeat,
    PostCount,
    SendBucket,
    SitePause,
    Tally,
    User,
    User.history.model,
}
KEPT = Kept(lambda: Patient.objects.filter(pk__in=Blanks("ids")).select_related("clinic"))
KEPT_NUMBERS = Kept(lambda: TreatmentSession.objects.filter(patient=Blank("patient")).values_list("pk"))

UNTIED = {
    "all": lambda row: list(Patient.objects.all()),
    "a number": lambda row: Patient.objects.get(pk=row.pk),
    "numbers": lambda row: list(Patient.objects.filter(pk__in=[row.pk])),
    "count": lambda row: Patient.objects.count(),
    "exists": lambda row: Patient.objects.filter(email=row.email).exists(),
    "aggregate": lambda row: Patient.objects.aggregate(Count("pk")),
    "distinct count": lambda row: Patient.objects.values("email").distinct().count(),
    "update": lambda row: Patient.objects.filter(pk=row.pk).update(phone="1"),
    "delete": lambda row: TreatedArea.objects.filter(session__patient__email=row.email).delete(),
    "one of two": lambda row: list(Patient.objects.filter(Q(clinic__in=[]) | Q(email=row.email))),
    "all but own": lambda row: list(Patient.objects.exclude(clinic__in=[0])),
    "another clinic": lambda row: list(Patient.objects.filter(clinic=row.clinic_id)),
    "clinics": lambda row: list(Clinic.objects.all()),
    "kept": lambda row: KEPT.all(ids=[row.pk]),
    "kept numbers": lambda row: KEPT_NUMBERS.first(patient=row.pk),
    "history": lambda row: list(Patient.history.filter(id=row.pk)),
    "inner query": lambda row: list(Patient.objects.filter(clinic__in=Clinic.objects.all())),
    "joined": lambda row: list(TreatmentSession.objects.filter(patient__email=row.email)),
    "related": lambda row: list(TreatmentSession.objects.filter(patient=row)),
    "compared": lambda row: list(Patient.objects.filter(clinic=F("clinic"))),
    "correlated": lambda row: list(
        Patient.objects.filter(Exists(Membership.objects.filter(clinic=OuterRef("clinic"))))
    ),
}
TIED = {
    "scoped": lambda row, user: list(Patient.objects.for_user(user)),
    "a number among the own": lambda row, user: (
        Patient.objects.for_user(user).get(pk=row.pk).refresh_from_db()
    ),
    "clinic": lambda row, user: Patient.objects.filter(clinic=row.clinic).count(),
    "inner query": lambda row, user: list(Patient.objects.filter(clinic__in=Clinic.objects.for_user(user))),
    "both of two": lambda row, user: list(Patient.objects.filter(Q(clinic=row.clinic) | Q(pk__in=[]))),
    "what hangs on an own row": lambda row, user: list(
        Patient.objects.for_user(user).get().treatment_sessions.prefetch_related("areas")
    ),
    "numbers of own rows": lambda row, user: list(
        Patient.objects.filter(pk__in=list(Patient.objects.for_user(user).values_list("pk", flat=True)))
    ),
    "kept": lambda row, user: [
        found.clinic.patients.count()
        for found in KEPT.all(ids=Patient.objects.for_user(user).values_list("pk", flat=True))
    ],
    "kept numbers": lambda row, user: [
        TreatedArea.objects.filter(session=pk).count()
        for (pk,) in KEPT_NUMBERS.all(patient=Patient.objects.for_user(user).get().pk)
    ],
    "history of an own row": lambda row, user: list(Patient.objects.for_user(user).get().history.all()),
    "own membership": lambda row, user: list(Membership.objects.filter(user=user.pk)),
    "a new row": lambda row, user: factories.patient(row.clinic).refresh_from_db(),
    "nothing": lambda row, user: list(Patient.objects.none()),
    "every clinic on purpose": lambda row, user: Patient.objects.of_every_clinic().filter(pk=0).count(),
}


@pytest.fixture(autouse=True)
def guard():
    scope_guard.install()


@pytest.fixture
def owner():
    return factories.user(factories.clinic(), Role.OWNER)


@pytest.mark.parametrize("ask", UNTIED.values(), ids=UNTIED)
def test_query_that_nothing_ties_to_the_users_clinics_fails(ask, owner):
    row = factories.treatment_session(factories.clinic()).patient

    with serving(owner), pytest.raises(UnscopedQuery):
        ask(row)


@pytest.mark.parametrize("ask", TIED.values(), ids=TIED)
def test_query_that_is_tied_to_the_users_clinics_passes(ask, owner):
    row = factories.treatment_session(owner.memberships.get().clinic).patient

    with serving(owner):
        ask(row, owner)


def test_page_that_asks_for_every_clinics_rows_fails(client, owner, monkeypatch):
    client.force_login(owner)
    monkeypatch.setattr("aftercare.console.menu.open_tasks", lambda request: Patient.objects.count())

    with pytest.raises(UnscopedQuery):
        client.get("/admin/")


def test_every_model_belongs_to_a_clinic_or_is_known_to_be_the_sites():
    ours = [model for model in apps.get_models() if model.__module__.startswith("aftercare.")]
    missing = {model for model in ours if not scope_guard.belongs_to_a_clinic(model)} - SITE_WIDE

    assert missing == set()
