# Two commands: `make run` (a working demo) and `make test` (the whole suite). README gives the plain ones behind them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint story bench chaos clean

run: .venv/run
	$(BIN)/engine demo

# Much of the suite waits for real servers: four workers are right for two cores. Chaos and figures have the machine to themselves.
WORKERS ?= 4
ALONE := tests/chaos tests/cli/test_bench_portal.py tests/web/test_console_speed.py
test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ALONE:%=--ignore %)
	$(BIN)/pytest $(ALONE)

lint: .venv/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

story: .venv/run
	$(BIN)/engine demo --story

bench: .venv/bench
	$(BIN)/engine bench decision --peers
	$(BIN)/engine bench runtime
	$(BIN)/engine bench portal

# SCHEDULES=N of them; CLUSTER=1 plays them with three engines on one Postgres.
SCHEDULES ?= 200
chaos: .venv/test
	$(BIN)/python -m tests.chaos --schedules $(SCHEDULES) $(if $(CLUSTER),--cluster)

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: requirements/run.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/test: requirements/test.txt .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	touch $@

.venv/bench: requirements/bench.txt .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache state
