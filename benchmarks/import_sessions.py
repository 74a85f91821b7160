"""How long ``manage.py import_sessions`` takes for ten thousand rows, and how much memory.

``python benchmarks/import_sessions.py [ROWS]`` makes a clinic in a database of its own (SQLite in a temporary
folder, or DATABASE_URL, which must be empty), imports a made-up file twice and prints both.
"""

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = [
    "external_id",
    "patient_external_id",
    "first_name",
    "last_name",
    "email",
    "email_consent_version",
    "email_consent_at",
    "practitioner",
    "protocol",
    "ended_at",
    "areas",
    "products",
    "treatment_consent",
    "screening",
]
SET_UP = """
from aftercare.clinics.models import Clinic, Practitioner
from aftercare.protocols.installing import install
clinic = Clinic.objects.create(name="Harbour", slug="harbour", time_zone="Europe/London", phone="1",
    out_of_hours_contact="2", emergency_number="999", sender_name="Harbour", sender_email="care@example.com")
Practitioner.objects.create(clinic=clinic, name="Dr Ellis Moreau", licence_number="GMC-1")
install("microneedling", clinic=clinic)
"""


def write_file(path: Path, rows: int) -> None:
    """Two sessions a patient, over the last year: most are over, some still have messages to come."""
    draw, now = random.Random(1), datetime.now(UTC).replace(microsecond=0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            patient = number // 2
            ended_at = now - timedelta(minutes=draw.randrange(365 * 24 * 60))
            person = [f"P-{patient}", "Amara", f"Lindqvist {patient}", f"amara.{patient}@example.com"]
            treatment = ["GMC-1", "microneedling", ended_at.isoformat(), "face:0.5x2;neck:0.8"]
            writer.writerow(
                [
                    f"S-{number}",
                    *person,
                    "2026-01",
                    "2020-01-05",
                    *treatment,
                    "Calm Gel|C1;Cream",
                    "yes",
                    "clear",
                ]
            )


def run(*arguments: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AFTERCARE_VAR": folder, "TASKS_EAGER": "true"}
        file = Path(folder) / "sessions.csv"
        write_file(file, rows)
        run("migrate", "--verbosity=0", environment=environment)
        run("shell", "--verbosity=0", "--command", SET_UP, environment=environment)
        for name in ("first", "second"):
            start = time.monotonic()
            run("import_sessions", str(file), "--clinic=harbour", environment=environment)
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            print(f"{name} run: {rows} rows in {time.monotonic() - start:.1f} s, at most {most} MB")


if __name__ == "__main__":
    main()
