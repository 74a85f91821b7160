#!/bin/sh
# Makes the virtual environment $1 if need be and installs the hashed lock $2 into it: with uv when it is there,
# else with pip. PYTHON names the interpreter to use; without it, the newest of 3.11 to 3.14 that works.
set -eu
venv=$1
lock=$2

works() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

newest_python() {
    for name in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        if works "$name"; then
            command -v "$name"
            return
        fi
    done
    echo "Aftercare needs Python 3.11 or newer with its venv module, and found none." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make test PYTHON=/path/to/python3" >&2
    return 1
}

if ! works "$venv/bin/python"; then
    python=$(newest_python)
    echo "Making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    # The machine's own certificates, as pip and every other program here uses them.
    UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true \
        uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$lock"
else
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip
    # The lock names everything, so nothing is resolved: older pips would look for a newest "coverage[toml]" instead.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
fi
