# `make` alone lists what there is. Everything that needs the environment makes it first.

VENV := .venv
PY := $(VENV)/bin/python
OWN_KEY := scripts/own_key.sh
MANAGE := $(OWN_KEY) $(PY) manage.py
export PORT ?= 8000
SERVE ?= 1
SBOM ?= sbom.json

# The first interpreter that is new enough; `make PYTHON=…` chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
COMPILE := uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(LOCK_ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo run worker test bench fuzz coverage lint format lock audit sbom system-deps clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# ---- use

setup: $(VENV)/runtime.installed ## the environment in .venv and an up-to-date database
	@$(MANAGE) migrate --no-input --verbosity 0

demo: setup ## the dev-tree story in the terminal, then the site (SERVE=0: without the site)
	@$(MANAGE) demo --site http://127.0.0.1:$(PORT)
ifneq ($(SERVE),0)
	@exec $(OWN_KEY) scripts/run.sh
endif

run: setup ## the site on http://127.0.0.1:8000 (PORT=…) with a worker beside it
	@exec $(OWN_KEY) scripts/run.sh

worker: setup ## one more background worker
	@exec $(MANAGE) worker

# ---- develop

test: $(VENV)/dev.installed ## every test, on SQLite, on PostgreSQL and in Chromium (PYTEST_ARGS="-k name -n0")
	@$(PY) scripts/test.py $(PYTEST_ARGS)

bench: export N ?= 100000
bench: $(VENV)/dev.installed ## how fast it is, beside the least that PostgreSQL needs (N=1000 for a quick look)
	@$(OWN_KEY) $(PY) -m bench --n $(N)

fuzz: export FUZZ_SECONDS ?= 60
fuzz: $(VENV)/dev.installed ## twenty times as much of what Hypothesis and Schemathesis make up (FUZZ_SECONDS=60)
	@$(PY) scripts/test.py --only sqlite --only postgres -m fuzz --hypothesis-profile=fuzz $(PYTEST_ARGS)

coverage: $(VENV)/dev.installed ## which lines the tests reach, on SQLite
	@$(PY) -m coverage run -m pytest -q $(PYTEST_ARGS)
	@$(PY) -m coverage report

lint: $(VENV)/dev.installed ## style, types, missing migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(OWN_KEY) $(PY) -m mypy
	$(MANAGE) makemigrations --check --dry-run

format: $(VENV)/dev.installed ## repair style and layout where a tool can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: $(VENV)/created ## resolve the dependencies again (LOCK_ARGS=--upgrade for newer versions)
	$(PIP_INSTALL) uv
	$(PY) -m $(COMPILE) --output-file requirements.lock pyproject.toml
	$(PY) -m $(COMPILE) --constraint requirements.lock --group dev --output-file requirements-dev.lock pyproject.toml

audit: $(VENV)/dev.installed ## known weaknesses of the locked packages; says so where their database cannot be reached
	@$(PY) scripts/audit.py

sbom: $(VENV)/dev.installed ## what the site is made of, as CycloneDX JSON (SBOM=sbom.json)
	@$(PY) -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
		--output-file $(SBOM) requirements.lock
	@echo "Wrote $(SBOM)."

system-deps: ## the system packages that the tests want, where missing (Debian, as root)
	@scripts/system-deps.sh

clean: ## remove what can be made again; databases and the development key stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the environment: each stamp is newer than the lock it was installed from

$(VENV)/created:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found. Install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is not."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime.installed: requirements.lock $(VENV)/created
	@echo "Installing $< …"
	@$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/dev.installed: requirements-dev.lock $(VENV)/created
	@echo "Installing $< …"
	@$(PIP_INSTALL) --require-hashes -r $<
	@touch $@
