# `make run` and `make test` need Python 3.11 to 3.13 and make; they set up everything else in .venv.
PYTHON ?= python3
BIN := .venv/bin
MARK := .venv/.installed

# The editable install links file by file, so a new module needs it again: the stamp depends on the set of files.
FILES := $(shell find src twisted -name '*.py' 2>/dev/null | LC_ALL=C sort)
FILE_SET := .venv/.files-$(shell echo "$(FILES)" | cksum | cut -d' ' -f1)

.PHONY: setup run test lint types imports unit packaging diagrams soak clean

setup: $(MARK)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Turngate needs Python 3.11 to 3.13, and this is %s; say which to use: make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv .venv

$(FILE_SET): | $(BIN)/python
	@rm -f .venv/.files-*
	@touch $@

$(MARK): setup.cfg pyproject.toml $(FILE_SET) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip >= 24"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	@touch $@

run: setup
	@echo "Turngate on ws://127.0.0.1:8080/v1/agent/converse, with a simulated model behind it. In another terminal:"
	@echo "    $(BIN)/turngate talk --text \"What time is it?\" --tool get_time=date"
	@$(BIN)/twistd --nodaemon --pidfile= turngate --upstream simulator

test: lint types imports unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

unit: setup
	$(BIN)/python -m pytest

packaging: setup
	$(BIN)/python -m pytest -m packaging

# Draws the tables of the rules into the docs again.
diagrams: setup
	$(BIN)/python tests/session/redraw.py

# Two hundred sessions for a minute against the simulator; see docs/howto/soak.md.
soak: setup
	$(BIN)/python bench/soak.py

clean:
	rm -rf .venv build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
