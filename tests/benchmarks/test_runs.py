"""Each benchmark, run short on servers of its own: that it runs, and counts what it should."""

import json
import os
import subprocess
import sys

import pytest

from tests import schema
from tests.services.processes import ROOT

pytestmark = pytest.mark.services


def run(*arguments):
    """What a benchmark said of itself, by kind; fails the test when it failed."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    with schema.alone():
        environ = os.environ | {"BENCHMARK_MIGRATED": str(schema.kept_postgres())}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            said = json.loads(line)
            found.setdefault(said["kind"], []).append(said)
    return found


def test_throughput_measures_the_engine_beside_its_peers():
    said = run(
        "throughput", "--messages=60", "--rounds=1", "--only", "aftercare", "smtplib", "ETA", "--no-goals"
    )

    measured = {row["subject"]: row for row in said["subject"]}
    assert set(measured) == {
        "aftercare",
        "Celery task with ETA",
        "smtplib alone, 1 process",
        "smtplib alone, 2 processes",
    }
    assert all(row["rate"] > 0 and row["cpu"] > 0 for row in measured.values())
    assert [goal["what"] for goal in said["goal"]] == ["of smtplib alone, 2 processes"]


def test_latency_measures_every_message():
    said = run("latency", "--rate=5", "--seconds=10", "--no-goals")

    begun, handed_over = said["latency"]
    assert begun["messages"] == handed_over["messages"] == 50
    assert 0 < begun["p50"] <= handed_over["p50"] <= handed_over["p99"] <= handed_over["slowest"]


def test_memory_looks_at_every_fifth_of_the_messages():
    said = run("memory", "--messages=100", "--no-goals")

    assert [row["fifth"] for row in said["memory"]] == [1, 2, 3, 4, 5]
    assert all(20 < row["largest process, MB"] < 300 for row in said["memory"])


def test_planning_takes_as_many_statements_with_more_rows():
    said = run("scale", "--rows", "5000", "50000", "--no-goals")

    few, many = said["scale"]
    assert (few["rows"], many["rows"]) == (5_000, 50_000)
    assert few["plan's statements"] == many["plan's statements"] > 0
    assert few["its statements"] == many["its statements"] > 0


def test_profile_finds_every_function_it_names():
    said = run("profile_drain", "--messages=20")

    [profile] = said["profile"]
    assert profile["messages"] == 20
    assert profile["missing"] == []


def test_console_looks_at_the_first_page_and_every_list():
    said = run("console", "--sessions=300", "--looks=1", "--no-goals")

    rows = {row["page"]: row for row in said["console"]}
    assert {"today", "treatments.treatmentsession", "outbox.scheduledmessage", "clinics.patient"} <= set(rows)
    assert all(row["owner's statements"] > 1 < row["superuser's statements"] for row in rows.values())


def test_check_ins_count_a_notice_for_each_answer():
    said = run("check_ins", "--rate=5", "--seconds=4", "--clinics=2", "--no-goals")

    [measured] = said["check_ins"]
    assert measured["answered"] == 20
    assert 0 < measured["p50"] <= measured["p95"] <= measured["slowest"]


def test_reports_are_all_stored_and_judged_while_messages_leave():
    said = run("reports", "--rate=10", "--messages=3", "--seconds=4", "--clinics=2", "--no-goals")

    [measured] = said["reports"]
    assert (measured["posted"], measured["distinct"], measured["stored"], measured["judged"]) == (
        40,
        36,
        36,
        36,
    )
    assert measured["answered"] == 40
    assert [(lag["what"], lag["count"]) for lag in said["lag"]] == [
        ("stored", 34),
        ("judged", 34),
        ("handed over", 12),
    ]
    assert [goal["value"] for goal in said["goal"][:4]] == [0, 0, 0, 0]
