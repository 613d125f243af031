# The two commands of a newcomer: `make plan` and `make test`; before a release, `make test-deep`.
# Everything lands in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
UV ?= uv

.PHONY: help plan test test-deep lint types walls docs tests tests-deep format lock build wheel-check clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "matchopt needs Python 3.11 or newer; name it with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Versions and hashes stand in the lock files; from where they come is for pip's own settings to say.
$(VENV)/.installed: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml requirements-dev.lock | $(VENV)/bin/python
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.installed

plan: $(VENV)/.installed  ## plan the demo case in data/ into runs/city-en
	$(BIN)/matchopt plan data/city-en --output runs/city-en --force

test: lint types walls docs tests  ## the whole test command: lint, types, walls, docs, tests, benchmark smoke

test-deep: lint types walls docs tests-deep  ## the same with ten times the random examples, new ones each time

lint: $(VENV)/.installed-dev  ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev  ## mypy, strict: source, tests and benchmarks
	$(BIN)/mypy

walls: $(VENV)/.installed-dev  ## import-linter: who may import whom
	$(BIN)/lint-imports

# Tests start some hundred processes: none is to compile all modules anew because the machine forbids to keep them.
export PYTHONDONTWRITEBYTECODE =

# Compiled beforehand, as each worker would do all of it. CI measures what the tests reach, too, at some cost in time,
# by MEASURED=--cov.
TESTS = $(BIN)/matchopt --warm-up && \
	$(BIN)/python -m pytest tests benchmarks -n auto --dist worksteal --benchmark-disable $(MEASURED)

tests: $(VENV)/.installed-dev  ## pytest: tests, and the benchmarks once without timing
	$(TESTS)

tests-deep: $(VENV)/.installed-dev  ## pytest alone, deep
	$(TESTS) --hypothesis-profile deep

docs: $(VENV)/.installed-dev  ## the documentation as a site in site/; no link may lead nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

format: $(VENV)/.installed-dev  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK := $(UV) pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command 'make lock' --quiet

lock:  ## write the lock files anew after a change of dependencies (needs uv; UPGRADE=--upgrade takes the newest)
	$(LOCK) --extra dev --output-file requirements-dev.lock $(UPGRADE)
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock

build: $(VENV)/.installed  ## wheel and source archive into dist/
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist

wheel-check: $(VENV)/.installed-dev  ## build the wheel and plan with it, for each of PYTHONS in an environment of its own
	$(BIN)/python .ci/check_wheel.py $(PYTHONS)

clean:  ## remove what was installed and made
	rm -rf $(VENV) runs dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks .coverage*
