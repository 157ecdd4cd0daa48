# Everything a person or a machine does here. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MANAGE := $(BIN)/python manage.py

.DEFAULT_GOAL := help
.PHONY: help words lock digests inventory audit setup run check test nightly test-torch test-serve test-vllm lint worker e2e drills permissions hostile backup restore

help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

# Every package by its version and hash. What has no wheel is built by what build.lock names: an isolated build would fetch its
# tools from whatever is newest that day.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
$(STAMP): requirements/build.lock requirements/dev.lock pyproject.toml VERSION
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/build.lock
	$(PIP) install --no-build-isolation --require-hashes -r requirements/dev.lock
	$(PIP) install --no-build-isolation --no-deps -e .
	touch $(STAMP)

# `make lock` after a change of pyproject.toml keeps every version that may stay; `make lock NEWEST=--upgrade` takes the newest.
UV := .venv-lock/bin/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes $(NEWEST) \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(STAMP) ## Write requirements/*.lock anew from pyproject.toml (NEWEST=--upgrade: the newest of everything)
	test -x $(UV) || ($(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet "uv>=0.9")
	$(LOCK) pyproject.toml --output-file requirements/runtime.lock
	$(LOCK) pyproject.toml --constraint requirements/runtime.lock --extra dev --output-file requirements/dev.lock
	printf 'pip>=25.1\nsetuptools>=75\n' | $(LOCK) - --output-file requirements/build.lock

digests: ## Name the images of Dockerfile and docker-compose.yml by today's digests (needs Docker and its registries)
	$(PYTHON) -m requirements.digests

inventory: $(STAMP) ## Write NOTICE and requirements/sbom.json anew: what an image holds, and under which licences
	$(BIN)/python -m requirements.inventory

audit: $(STAMP) ## Known holes of what an image holds, where their data can be had (pip-audit in .venv-audit)
	test -x .venv-audit/bin/pip-audit || ($(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install --quiet "pip-audit>=2.9")
	$(BIN)/python -m requirements.audit .venv-audit/bin/pip-audit

words: $(STAMP) # The translations, without which pages and tests speak English alone
	@$(MANAGE) compile_catalogues

setup: words ## Make .venv, compile the translations, migrate, load the starter rules; may be repeated
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_rules rules/packs/starter.yaml

run: setup ## Serve the demo at http://localhost:8000
	@LORE_DEMO=1 $(MANAGE) load_demo
	@LORE_DEMO=1 $(MANAGE) up --stop-with-parent

backup: setup ## Back up database and storage into a new folder: make backup TO=/safe/place (default: backups/ and the time)
	@$(MANAGE) backup "$(or $(TO),backups/$(shell date +%Y%m%d-%H%M%S))"

restore: words ## Restore a backup beside what is there, and compare every row and file: make restore FROM=/safe/place [FOREIGN=yes]
	@$(MANAGE) restore "$(FROM)" --replace $(if $(FOREIGN),--foreign)

worker: setup ## Run a dispatcher and a worker alone (with DATABASE_URL, REDIS_URL)
	@$(MANAGE) work

# A file of tests stays in one process: its world is built once. The longest files go first (tests/conftest.py).
JOBS ?= logical
TOGETHER := -n $(JOBS) --dist loadfile --no-loadscope-reorder
SLOW := drill or processes or permissions or hostile or browser or redis or timed

check: words ## What to run at every change: the domain, rules, inference, annotation, pages; no processes, no browser
	$(BIN)/python -m pytest $(TOGETHER) -q -m "not ($(SLOW))"

test: words ## Run every test that this machine can run; what was skipped is listed with its reason
	$(BIN)/python -m pytest $(TOGETHER)

nightly: words ## Everything at full size: drills, the whole permission matrix, all mutants, each payload on each page (hours)
	LORE_SIZE=full $(BIN)/python -m pytest $(TOGETHER) -m "not timed" --durations=20
	LORE_SIZE=full $(BIN)/python -m pytest -m timed

test-torch: setup ## Test transformers_local: installs torch and transformers into .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,local]"
	LORE_REQUIRE_TORCH=1 $(BIN)/python -m pytest -m torch

test-serve: setup ## Test against `transformers serve` in an environment of its own (.venv-serve)
	$(BIN)/python -m tests.environments serve .venv-serve
	LORE_REQUIRE_SERVE=1 LORE_TEST_SERVE_PYTHON=$(CURDIR)/.venv-serve/bin/python $(BIN)/python -m pytest -m serve

test-vllm: setup ## Test against a vLLM server on the CPU in an environment of its own (.venv-vllm)
	$(BIN)/python -m tests.environments vllm .venv-vllm
	LORE_REQUIRE_VLLM=1 LORE_TEST_VLLM_PYTHON=$(CURDIR)/.venv-vllm/bin/python $(BIN)/python -m pytest -m vllm

e2e: words ## Run the browser journeys alone
	$(BIN)/python -m pytest tests/e2e

SIZE ?= full
drills: words ## Break real processes, each beside a control that must fail; SIZE=quick for a fifth of the time
	LORE_SIZE=$(SIZE) $(BIN)/python -m pytest tests/drills -m timed
	LORE_SIZE=$(SIZE) $(BIN)/python -m pytest tests/drills -m "not timed" \
	  -n 3 --dist loadfile --no-loadscope-reorder --durations=20

permissions: words ## Walk the whole permission matrix and take away every gate in turn
	LORE_SIZE=full $(BIN)/python -m pytest $(TOGETHER) tests/permissions

hostile: words ## Every hostile text on every page
	LORE_SIZE=full $(BIN)/python -m pytest $(TOGETHER) tests/hostile

lint: setup ## Formatting, types, import contracts, templates, inventory, migrations, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python -m requirements.inventory --check
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check --fail-level WARNING
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_architecture.py tests/test_translations.py
