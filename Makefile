# Everything a person or a machine does here. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MANAGE := $(BIN)/python manage.py

.DEFAULT_GOAL := help
.PHONY: help setup run test test-torch test-serve test-vllm lint worker e2e drills permissions backup restore

help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml VERSION
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(STAMP)

setup: $(STAMP) ## Make .venv, compile the translations, migrate, load the starter rules; may be repeated
	@$(MANAGE) compile_catalogues
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_rules rules/packs/starter.yaml

run: setup ## Serve the demo at http://localhost:8000
	@LORE_DEMO=1 $(MANAGE) load_demo
	@LORE_DEMO=1 $(MANAGE) up --stop-with-parent

backup: setup ## Back up database and storage into a new folder: make backup TO=/safe/place (default: backups/ and the time)
	@$(MANAGE) backup "$(or $(TO),backups/$(shell date +%Y%m%d-%H%M%S))"

restore: setup ## Restore a backup beside what is there, and compare every row and file: make restore FROM=/safe/place
	@$(MANAGE) restore "$(FROM)" --replace

worker: setup ## Run a dispatcher and a worker alone (with DATABASE_URL, REDIS_URL)
	@$(MANAGE) work

test: setup ## Run every test that this machine can run; what was skipped is listed with its reason
	$(BIN)/python -m pytest

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

e2e: setup ## Run the browser journeys alone
	$(BIN)/python -m pytest tests/e2e

SIZE ?= full
drills: setup ## Break real processes, each beside a control that must fail; SIZE=quick for a fifth of the time
	LORE_DRILLS=$(SIZE) $(BIN)/python -m pytest tests/drills -k "test_d01_"
	LORE_DRILLS=$(SIZE) $(BIN)/python -m pytest tests/drills -k "not test_d01_" \
	  -n 3 --dist loadfile --no-loadscope-reorder --durations=20

permissions: setup ## Walk the whole permission matrix and take away every gate in turn (about 15 minutes)
	LORE_DRILLS=full $(BIN)/python -m pytest tests/permissions

lint: setup ## Formatting, types, import contracts, templates, migrations, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check --fail-level WARNING
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_architecture.py tests/test_translations.py
