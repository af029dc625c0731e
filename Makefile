# One command for everything; `make help` lists them. Only make, a Python 3.11 or newer and
# (for what is missing, as root) apt-get are taken for granted.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := app inbox channels scheduler crm_sync
CODE := $(PACKAGES) tests scripts benchmarks
# More arguments for pytest, such as: make test ARGS="tests/app -k settings"
ARGS ?=
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test install odoo libraries check check-fast fix bench screenshots torture openapi lock clean
.PHONY: packages-run packages-test

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

run: .venv/installed-run ## The demo: embedded MongoDB, simulated customers, the inbox in the browser
	@$(BIN)/python scripts/web.py build
	@exec $(BIN)/python -m app demo $(ARGS)

test: install odoo libraries ## Everything the tests need, then all of them
	@$(BIN)/python scripts/web.py build
	@$(BIN)/python -m pytest -m "not torture" $(ARGS)

install: packages-test .venv/installed-dev ## .venv with all tools; checks the Debian packages

odoo: install ## A real Odoo 11 for the tests of the CRM mirror, once, under ~/.cache
	@$(BIN)/python scripts/odoo.py prepare

libraries: install ## Bots of others, unmodified, for the tests of the Messenger gateway
	@$(BIN)/python scripts/web.py packages tests/channels/messenger_gateway/node

check: install odoo libraries ## What CI asks of a change: format, lint, types, imports, tests, coverage, web
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/web.py npm run typecheck
	$(BIN)/python scripts/web.py npm run lint
	$(BIN)/python scripts/web.py npm run test
	$(BIN)/python scripts/web.py build
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -m "not torture" --cov --cov-report=term $(ARGS)

check-fast: install ## Under two minutes: format, lint, types, imports, the tests that need no database
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 -m "not database and not browser and not crash and not torture" --ignore=tests/crash --ignore=tests/crm_sync/odoo $(ARGS)

fix: install ## Format, and repair what ruff can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## Measure splitting, delivery, scripts, automations, reads, CRMs, the inbox in a browser and the intake of webhooks (needs wrk; some minutes)
	@$(BIN)/python benchmarks/fairness.py
	@scripts/debian_packages.sh bench
	@$(BIN)/python -m benchmarks.delivery
	@$(BIN)/python benchmarks/ingest.py $(ARGS)
	@$(BIN)/python benchmarks/assigning.py
	@$(BIN)/python -m benchmarks.scripts --waiting 100000
	@$(BIN)/python -m benchmarks.reading --customers 5000 --times 50
	@$(BIN)/python -m benchmarks.telling --rounds 1 --seconds 5
	@$(BIN)/python -m benchmarks.crm --seconds 10
	@$(BIN)/python scripts/web.py build
	@$(BIN)/python -m benchmarks.web --customers 5000 --rows 2000

screenshots: install ## Pictures of the main pages into docs/screenshots, taken of the demo; a minute
	@$(BIN)/python scripts/web.py build
	@$(BIN)/python scripts/screenshots.py

torture: install ## The storms and crashes of the tests at their full size (an hour or more)
	@$(BIN)/python scripts/web.py build
	@$(BIN)/python -m pytest -m "crash or torture" --timeout=7200 $(ARGS)

openapi: install ## Write docs/openapi.json and the web's typed client after a change of the API
	$(BIN)/python scripts/openapi.py
	$(BIN)/python scripts/web.py npm run generate

lock: install ## Pin every package again after a change in pyproject.toml
	$(BIN)/python scripts/lock.py

clean: ## Delete what was built and installed; data/ stays
	rm -rf .venv build web/dist web/node_modules tests/channels/messenger_gateway/node/node_modules .coverage* .hypothesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find $(PACKAGES) tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

packages-run packages-test: packages-%:
	@scripts/debian_packages.sh $*

.venv/bin/python: | packages-run
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	@$(PYTHON) -m venv .venv

.venv/installed-run: requirements/run.txt | .venv/bin/python packages-run
	@echo "Installing requirements/run.txt" >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

.venv/installed-dev: requirements/dev.txt requirements/run.txt | .venv/bin/python packages-test
	@echo "Installing requirements/dev.txt" >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@ .venv/installed-run
