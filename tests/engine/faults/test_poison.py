"""A message that cannot be written costs itself and nothing else, whatever the reason."""

import pytest
from django.db import connection, transaction

from aftercare.clinics.models import Patient
from tests.engine.faults.poison import POISON

pytestmark = pytest.mark.services


def judge_alone(run, poison):
    """Of forty messages in the same claims one failed, is shown, and says why."""
    run.until_settled()
    poison.refresh_from_db()
    run.expect(poison.why == "cannot_compose", f"why {poison.why}")
    run.expect(poison.attempts.count() == 0, "handed to nobody")
    run.judge(failed=1)


def break_text(template_id):
    """Behind the application's back: it lets nobody change an approved text."""
    with connection.cursor() as cursor:
        body = "UPDATE content_templateversion SET body = '{{ patient.nothing }}' WHERE template_id = %s"
        cursor.execute(body, [template_id])


def test_text_that_cannot_be_filled_in_costs_its_own_message(engine, runs):
    engine.worker()
    engine.beat()
    for run in runs("a text that cannot be rendered"):
        with transaction.atomic():
            [poison] = run.due(1)
            break_text(poison.step.template_id)
            run.due(39)
        judge_alone(run, poison)


def test_defect_of_our_code_costs_the_message_that_meets_it(engine, runs):
    engine.worker(DJANGO_SETTINGS_MODULE="tests.engine.faults.poisoned_settings")
    engine.beat()
    for run in runs("a message that crashes the code that writes it"):
        with transaction.atomic():
            poison, *_others = run.due(40)
            Patient.objects.filter(pk=poison.patient_id).update(first_name=POISON)
        judge_alone(run, poison)
