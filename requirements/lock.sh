#!/usr/bin/env bash
# Writes the hashed locks anew. `requirements/lock.sh --upgrade` takes the newest releases.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --generate-hashes --python-version 3.11 "$@"; }
compile pyproject.toml --output-file requirements/runtime.txt "${@}"
compile pyproject.toml --extra dev --output-file requirements/dev.txt "${@}"
compile pyproject.toml --extra dev --extra bench --output-file requirements/bench.txt "${@}"
