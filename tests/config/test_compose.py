"""The production files agree with what the settings read."""

import re

import pytest
import yaml

from config.environment import WHAT_TO_WRITE
from config.mail import PROVIDERS
from tests.config.test_settings import manage
from tests.services.deployment import ALONE
from tests.services.processes import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
RUNS_ONCE = {"migrate"}
KNOWN = {*WHAT_TO_WRITE, *(name for pair in PROVIDERS.values() for names in pair for name in names)}


def example():
    """The variables of .env.example, as compose would read them."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - RUNS_ONCE))
def test_service_that_goes_on_has_a_health_check(service):
    assert SERVICES[service]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_service_waits_for_migrations_database_and_broker(service):
    assert SERVICES[service]["depends_on"].keys() >= {"migrate", "postgres", "redis"}


def test_standby_starts_without_the_broker_it_stands_in_for():
    assert SERVICES["standby"]["depends_on"].keys() == {"migrate", "postgres"}


@pytest.mark.parametrize("service", ["worker", "standby"])
def test_sender_gets_ten_seconds_and_some_to_end(service):
    assert 10 < int(SERVICES[service]["stop_grace_period"].removesuffix("s")) <= 30


def test_worker_starts_as_those_that_the_tests_harm():
    assert set(ALONE) <= set(SERVICES["worker"]["command"])


@pytest.mark.parametrize("service", ["web", "worker", "beat", "standby", "migrate"])
def test_service_sets_only_variables_that_the_settings_read(service):
    assert SERVICES[service]["environment"].keys() <= KNOWN


def test_example_names_only_variables_that_something_reads():
    asked_for = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))

    assert example().keys() <= KNOWN | asked_for
    assert asked_for <= example().keys() | {"PORT"}


def test_example_filled_in_is_accepted_by_the_settings(tmp_path):
    filled = example() | {"SECRET_KEY": "x" * 40} | SERVICES["web"]["environment"]
    filled["DATABASE_URL"] = re.sub(r"\$\{.*?\}", "letters", filled["DATABASE_URL"])
    filled.pop("AFTERCARE_VAR")

    done = manage("check", var=tmp_path, **filled)

    assert done.returncode == 0, done.stderr


def test_volumes_that_services_use_are_declared():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert used == COMPOSE["volumes"].keys()


def test_image_ends_as_a_user_without_rights():
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line for line in lines if line.startswith("USER ")] == ["USER aftercare"]
    assert not any(line.startswith("RUN ") for line in lines[lines.index("USER aftercare") :])
