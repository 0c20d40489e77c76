# Bellwire. `make help` lists what there is; every target installs what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := .venv-uv/bin/uv
BIN := .venv/bin
PACKAGES := schemas kit simulators deploy/local services/gradebook-events services/threshold-evaluator services/push-dispatcher services/update-scheduler
OURS := bellwire-schemas bellwire-kit bellwire-simulators bellwire-local gradebook-events threshold-evaluator push-dispatcher update-scheduler
COMPILE := pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" $(foreach p,$(OURS),--no-emit-package $(p))
export PYTHONUNBUFFERED := 1

.PHONY: help install lock demo up down token clock test lint bench clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	@echo "installing uv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Bellwire needs Python 3.11 or newer: set PYTHON=python3.12, for example")'
	@$(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.installed: requirements.lock $(PACKAGES:%=%/pyproject.toml) | $(UV)
	@echo "installing the locked packages into .venv (once per lock)"
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

install: .venv/.installed ## install everything into .venv

lock: $(UV) ## resolve requirements.lock and one lock beside each service
	$(UV) $(COMPILE) pyproject.toml --group dev -o requirements.lock
	for s in services/*/; do $(UV) $(COMPILE) $$s/pyproject.toml -o $$s/requirements.lock; done

lint: install ## ruff, mypy --strict, import rules, contract check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
