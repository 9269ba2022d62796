# `make run` and `make test` need Python 3.11 or later and make; they set up everything else in .venv. Where node and npm
# are, the tests drive the proxy by the JavaScript SDK too.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# The editable install links file by file, so a new module needs it again: the stamp depends on the set of files.
FILES := $(shell find src twisted -type f ! -name '*.pyc' ! -name dropin.cache ! -path '*.egg-info/*' | LC_ALL=C sort)
FILE_SET := .venv/.files-$(shell echo '$(FILES)' | cksum | cut -d' ' -f1)

.PHONY: setup run test lint types imports unit packaging diagrams reference soak load rolling conformance sweep golden clean

setup: $(INSTALLED)

run: setup
	@echo 'Turngate on ws://127.0.0.1:8080/v1/agent/converse, with a simulated model behind it. In another terminal:'
	@echo '    $(BIN)/turngate talk --text "What time is it?" --tool get_time=date'
	@echo 'Ctrl-C ends it.'
	@$(BIN)/twistd --nodaemon --pidfile= turngate --upstream simulator

test: lint types imports unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# All tests, those that build and install the distribution too.
unit: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

packaging: setup
	$(BIN)/python -m pytest -m packaging

# Draws the tables of the rules into the docs again.
diagrams: setup
	$(BIN)/python tests/session/redraw.py

# Asks the protocol's code about every field, the dialects' data, and the tests about the faults that they are for, and
# writes the reference pages again.
reference: setup
	PYTHONPATH=tests/protocols/deepgram $(BIN)/python tests/protocols/deepgram/reference.py
	$(BIN)/python tests/protocols/realtime/dialects_page.py
	$(BIN)/python tests/faults/faults_page.py

# Two hundred sessions for a minute against the simulator; see docs/howto/soak.md.
soak: setup
	$(BIN)/python bench/soak.py

# A thousand sessions for ten minutes, half of it in a storm of bad clients; see docs/howto/load.md.
load: setup
	$(BIN)/python bench/load.py

# Two processes behind HAProxy, each of them restarted while clients talk; see docs/howto/load.md.
rolling: setup
	$(BIN)/python bench/rolling.py

# Autobahn|Testsuite against listener and dialler; see docs/howto/conformance.md.
conformance: setup
	$(BIN)/python bench/conformance.py

# Every fault at every event of every golden conversation; see docs/howto/sweep.md.
sweep: setup
	PYTHONPATH=tests:tests/sweep $(BIN)/python tests/sweep/sweeping.py

# Holds the golden conversations and writes their records again.
golden: setup
	PYTHONPATH=tests:tests/sweep $(BIN)/python tests/sweep/record.py

clean:
	rm -rf .venv build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests twisted -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Turngate needs Python 3.11 or later, and $(PYTHON) is %s; say which to use: make PYTHON=python3.11" % sys.version.split()[0])'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

$(FILE_SET): | $(BIN)/python
	@rm -f .venv/.files-*
	@touch $@

$(INSTALLED): setup.cfg pyproject.toml $(FILE_SET) | $(BIN)/python
	@echo 'Installing Turngate and its tools into .venv; the first time takes a minute.'
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install --editable '.[test,lint]'
	@touch $@
