"""``python -m benchmarks NAME [--help]``: starts private servers, an empty site, and the benchmark.

``BENCHMARK_MIGRATED`` may name a folder that saves the migrations (see :class:`benchmarks.servers.Servers`).
"""

import importlib
import os
import signal
import sys
from pathlib import Path

import django
from django.core.management import call_command

from benchmarks.servers import Servers

NAMES = ("throughput", "latency", "memory", "scale", "profile_drain", "console", "check_ins", "reports")


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(__doc__, "\nNames:", ", ".join(NAMES))
        return 2
    name, *arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers end, too
    migrated = os.environ.get("BENCHMARK_MIGRATED")
    with Servers(Path(migrated) if migrated else None) as servers:
        os.environ.update(servers.environ())
        django.setup()
        call_command("migrate", verbosity=0)
        # Imported only now: its models need the settings of this run.
        return importlib.import_module(f"benchmarks.{name}").main(arguments, servers)


if __name__ == "__main__":
    sys.exit(main())
