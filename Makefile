# Needs make and Python 3.11 or newer. Everything else goes into .venv, checked against the hashed locks.

VENV := .venv
BIN := $(VENV)/bin
RUN_TESTS := $(BIN)/python -m pytest
# In the order in which they were collected, the longest first.
ONE_BY_ONE := --dist load --maxschedchunk 1
RUN_UNIT_TESTS := $(RUN_TESTS) -n auto --dist worksteal -m "not services and not browser"
# Beside what the tests need, it has what the benchmarks compare with.
BENCH_VENV := .venv-bench
RUN_BENCH := $(BENCH_VENV)/bin/python -m benchmarks

RUN_FAULTS := FAULT_RUNS=$${FAULT_RUNS:-20} FAULT_AWAY_SECONDS=$${FAULT_AWAY_SECONDS:-20} $(RUN_TESTS)

# What a production site sets, as far as its checks look at it.
DEPLOYED := SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz SITE_URL=https://aftercare.example.com \
	ALLOWED_HOSTS=aftercare.example.com DATABASE_URL=postgres://aftercare@localhost/aftercare \
	REDIS_URL=redis://localhost:6379/0 EMAIL_URL=smtp+tls://localhost:587

.PHONY: help run test coverage check translations services-test postgres-test browser-test bench bench-servers clean faults

help:
	@echo "make run            start Aftercare with demo clinics (PORT=8000, AFTERCARE_VAR=./var)"
	@echo "make test           the unit tests"
	@echo "make coverage       the unit tests, and which lines no test runs"
	@echo "make check          lint, format, types, layers, migrations, deployment settings"
	@echo "make translations   gather the texts into locale/es/LC_MESSAGES/django.po, and compile it"
	@echo "make services-test  tests on real PostgreSQL, Redis and SMTP processes, and the HTML before the W3C's checker"
	@echo "make postgres-test  the unit tests on a real PostgreSQL"
	@echo "make browser-test   tests in Chromium"
	@echo "make faults         each fault 20 times on real processes, and the table of what it cost (some 25 minutes)"
	@echo "make bench          messages a second beside others; also bench-latency, bench-memory, bench-scale, bench-console, bench-check_ins, bench-reports, bench-profile_drain"
	@echo "make clean          remove the environment and caches (never var/)"

run: $(VENV)/.runtime
	@$(BIN)/python -m config.run

test: $(VENV)/.dev
	$(RUN_UNIT_TESTS)

coverage: $(VENV)/.dev
	$(RUN_UNIT_TESTS) --cov --cov-report=term

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING

# Needs GNU gettext. What was added stands untranslated at the end; what is only like an older text is marked fuzzy.
translations: $(VENV)/.dev
	$(BIN)/python manage.py makemessages --locale es --no-location --no-obsolete --no-wrap \
		--ignore tests --ignore benchmarks --ignore var --ignore ".venv*"
	$(BIN)/python manage.py compilemessages --locale es --ignore ".venv*"

services-test: $(VENV)/.dev
	$(RUN_TESTS) -n 4 $(ONE_BY_ONE) -m "services and not on_time"
	$(RUN_TESTS) -n 2 $(ONE_BY_ONE) -m on_time

postgres-test: $(VENV)/.dev
	$(RUN_UNIT_TESTS) --postgres

browser-test: $(VENV)/.dev
	$(RUN_TESTS) -n 2 -m browser tests/browser

# For example: make bench OPTIONS="--messages 1000 --rounds 1"
bench: bench-throughput

bench-%: $(BENCH_VENV)/.bench bench-servers
	$(RUN_BENCH) $* $(OPTIONS)

bench-servers:
	.ci/install-servers postgresql redis-server postfix

faults: $(VENV)/.dev
	.ci/install-servers postgresql redis-server faketime
	$(RUN_FAULTS) -n 4 $(ONE_BY_ONE) -m "services and not on_time" tests/engine/faults
	$(RUN_FAULTS) -n 2 $(ONE_BY_ONE) -m on_time tests/engine/faults

clean:
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov

$(VENV)/.runtime: requirements/runtime.txt requirements/install.sh
	sh requirements/install.sh $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/install.sh
	sh requirements/install.sh $(VENV) requirements/dev.txt
	@touch $@ $(VENV)/.runtime

$(BENCH_VENV)/.bench: requirements/bench.txt requirements/install.sh
	sh requirements/install.sh $(BENCH_VENV) requirements/bench.txt
	@touch $@
