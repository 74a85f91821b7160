"""What a process loads decides how soon it is up, and how much memory each of a site's workers takes."""

import os
import subprocess
import sys

from tests.services.processes import ROOT

LIKE_A_WORKER = """
import sys
import django
django.setup()
import aftercare.outbox.tasks, config.worker
print({"aftercare.console.admin", "config.urls", "openpyxl", "icalendar"} & set(sys.modules) or "nothing")

from django.contrib.admin import site
from django.core.checks import Tags, run_checks
before = len(site._registry)
run_checks(tags=[Tags.admin])
print(before, len(site._registry) > 10)
"""


def test_worker_loads_no_page_and_checks_load_every_one(tmp_path):
    environ = {"PATH": os.environ["PATH"], "AFTERCARE_VAR": str(tmp_path)}
    environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

    done = subprocess.run(
        [sys.executable, "-c", LIKE_A_WORKER],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.splitlines() == ["nothing", "0 True"], done.stderr
