# The two commands of a newcomer: `make plan` and `make test`. Everything lands in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock

.PHONY: help plan test lint types walls tests format clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "matchopt needs Python 3.11 or newer; name it with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

plan: $(VENV)/.installed  ## plan the demo case in data/ into runs/city-en
	$(BIN)/matchopt plan data/city-en --output runs/city-en --force

test: lint types walls tests  ## the whole test command: lint, types, walls, tests, benchmark smoke

lint: $(VENV)/.installed-dev  ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev  ## mypy, strict on src
	$(BIN)/mypy

walls: $(VENV)/.installed-dev  ## import-linter: who may import whom
	$(BIN)/lint-imports

tests: $(VENV)/.installed-dev  ## pytest: tests, and the benchmarks once without timing
	$(BIN)/python -m pytest tests benchmarks -n auto --benchmark-disable

format: $(VENV)/.installed-dev  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what was installed and made
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
