# Everything a contributor runs. Needs python3 (3.11 to 3.13) with pip, and make; nothing else.
PYTHON ?= python3
UV     ?= 1#       UV=0 installs with plain pip: slower, same hashes
SERVE  ?= 1#       SERVE=0 stops after the summary
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check
ifeq ($(strip $(UV)),0)
INSTALL := $(PIP)
else
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
endif
LOCK   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --no-emit-find-links --no-header --no-annotate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-postgres faults lint types bench docs screenshots lock upgrade clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1: /p' $(MAKEFILE_LIST)

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.11 to 3.13 is needed, but $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
	  { echo "$(PYTHON) has no pip. On Debian: apt-get install python3-pip"; exit 1; }
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	@touch $@

$(VENV)/.bootstrap: requirements/bootstrap.txt | $(VENV)/.python
	$(PIP) --require-hashes -r $<
	@touch $@

$(VENV)/.base: requirements/base.txt pyproject.toml $(VENV)/.bootstrap
	$(INSTALL) --require-hashes -r $<
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.base
	$(INSTALL) --require-hashes -r $<
	@touch $@

demo: $(VENV)/.base ## install, load the demo company, run its control tests, print its posture
	$(BIN)/buttress demo $(if $(filter 0,$(strip $(SERVE))),--no-serve)

test: $(VENV)/.test ## lint, types, imports, tests on SQLite
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/mypy && $(BIN)/mypy docs/*.py benchmarks/*.py tests/*.py conftest.py
	$(BIN)/pytest -n 2 --dist loadfile

test-postgres: $(VENV)/.test ## the tests of both engines once more, on a private PostgreSQL
	BUTTRESS_TEST_ENGINE=postgres $(BIN)/pytest -n 2 --dist loadfile

faults: $(VENV)/.test ## tests that kill processes and servers on purpose; slower
	$(BIN)/pytest -n 2 --dist loadfile -m faults

bench: $(VENV)/.test ## measure speed, memory and error beside their aims
	$(BIN)/python benchmarks/quantification.py
	$(BIN)/python benchmarks/folder.py
	$(BIN)/python benchmarks/database.py
	$(BIN)/python benchmarks/figures.py
	$(BIN)/python benchmarks/evidence.py

docs: $(VENV)/.test ## write the generated pages of docs/reference again
	$(BIN)/python docs/generate.py

screenshots: $(VENV)/.base ## draw the pictures of the documentation again
	$(BIN)/python docs/screenshots.py

lint: $(VENV)/.test ## mend what ruff can mend, show the rest
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(VENV)/.test ## check types alone
	$(BIN)/mypy

lock: $(VENV)/.bootstrap ## write requirements/*.txt again from *.in
	$(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(LOCK) requirements/base.in -o requirements/base.txt
	$(LOCK) requirements/test.in -c requirements/base.txt -o requirements/test.txt

upgrade: LOCK += --upgrade
upgrade: lock ## the same, with newer versions

clean: ## remove the environment
	rm -rf $(VENV)
