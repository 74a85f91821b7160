"""The settings as a process reads them, from nothing and from a production-like environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DATABASE_URL": "postgres://nurse:s3cret@localhost/aftercare",
    "REDIS_URL": "redis://localhost:6379/0",
    "EMAIL_URL": "smtp+tls://clinic:s3cret@localhost:587",
    "ALLOWED_HOSTS": "aftercare.example.com",
    "SITE_URL": "https://aftercare.example.com",
}
READ = ("-c", "import config.settings")


def manage(*arguments, var, **variables):
    """Runs a management command in an environment of nothing but the given variables."""
    return run("manage.py", *arguments, var=var, **variables)


def run(*arguments, var, **variables):
    environ = {"PATH": os.environ["PATH"], "AFTERCARE_VAR": str(var), **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_embedded_mode_needs_no_variable(tmp_path):
    done = manage("check", var=tmp_path / "var")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "secret_key").exists()


def test_production_settings_pass_the_deployment_checks(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "WARNING", var=tmp_path, **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_bad_variables_are_told_in_one_message_without_secrets(tmp_path):
    bad = PRODUCTION | {
        "DATABASE_URL": "pigeon://nurse:s3cret@localhost/aftercare",
        "EMAIL_URL": "pigeon://clinic:s3cret@localhost",
        "DEFAULT_TIME_ZONE": "Europe/Atlantis",
        "PORT": "80000",
        "REDIS_URL": "",
    }

    done = manage("check", var=tmp_path, **bad)

    assert done.returncode == 1
    named = {line.split()[0] for line in done.stderr.splitlines() if line.startswith("  ") and line[2] != " "}
    assert named == {"DATABASE_URL", "EMAIL_URL", "DEFAULT_TIME_ZONE", "PORT", "REDIS_URL"}
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(("timeout", "lease", "code"), [("30", "60", 0), ("60", "119", 1), ("60", "120", 0)])
def test_lease_must_outlast_two_calls_to_the_provider(tmp_path, timeout, lease, code):
    done = run(*READ, var=tmp_path, PROVIDER_TIMEOUT_SECONDS=timeout, LEASE_SECONDS=lease)

    assert done.returncode == code
    assert ("LEASE_SECONDS is not between 120 and 3600" in done.stderr) == bool(code)


def test_lease_default_outlasts_the_longest_timeout(tmp_path):
    done = run(*READ, var=tmp_path, PROVIDER_TIMEOUT_SECONDS="60")

    assert done.returncode == 0, done.stderr
