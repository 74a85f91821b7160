"""Two clinicians at once, on a database that lets both in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from aftercare.content.approval import ApprovalRefused, approve, save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import CompiledVersion, FrozenText, TemplateVersion, VersionStatus
from aftercare.content.publishing import texts_for
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
SOURCE = Source("A note from {{ clinic.name }}", "", "Hello {{ patient.first_name }}.\n")

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call returned or raised, all started at the same moment in threads of their own."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait(timeout=10)
        try:
            return call()
        except (ApprovalRefused, FrozenText) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def template():
    return factories.template(factories.clinic())


def approvals(template, *drafts):
    return [partial(approve, draft, by=factories.practitioner(template.clinic), now=NOW) for draft in drafts]


def test_two_approvals_of_one_draft_leave_one_and_refuse_the_other(template):
    draft = factories.draft_version(template)
    outcomes = at_once(*approvals(template, draft, TemplateVersion.objects.get(pk=draft.pk)))
    won = [outcome for outcome in outcomes if isinstance(outcome, TemplateVersion)]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ApprovalRefused", "TemplateVersion"]
    assert TemplateVersion.objects.get(pk=draft.pk).approver_name == won[0].approver_name


def test_two_approvals_of_two_drafts_leave_one_approved_and_one_retired(template):
    drafts = [factories.draft_version(template) for _ in range(2)]
    outcomes = at_once(*approvals(template, *drafts))
    assert {type(outcome) for outcome in outcomes} == {TemplateVersion}
    statuses = sorted(template.versions.values_list("status", flat=True))
    assert statuses == [VersionStatus.APPROVED, VersionStatus.RETIRED]


def test_saving_a_draft_while_it_is_approved_never_changes_approved_words(template):
    draft = save_draft(template=template, language="en", source=SOURCE, author=None)
    other = Source("A note", "", "Words nobody has read.")
    [approval] = approvals(template, draft)
    at_once(approval, lambda: save_draft(template=template, language="en", source=other, author=None))
    approved = template.versions.approved().values_list("body", flat=True)
    assert list(approved) in ([SOURCE.body], [])


def test_first_use_of_a_brand_by_two_workers_leaves_one_compiled_version(template):
    factories.approved_version(template)
    texts = at_once(*[lambda: texts_for(template, locale="en-GB", clinic=template.clinic)] * 2)
    rows = [each.for_promise(NOW) for each in texts]
    assert rows[0] == rows[1] == CompiledVersion.objects.get()
