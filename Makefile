.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8125
BIN := .venv/bin
SOURCES := shared/src gateway/src svc-directory/src svc-import/src svc-smtp-guard/src svc-logs/src deploy/postroom/src tools docs/examples
ROUTES := $(CURDIR)/.pytest_cache/routes
PYTEST := $(BIN)/pytest -n auto --maxprocesses=4 --dist loadfile --forbid-skips

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ setup
.PHONY: setup setup-demo setup-test
setup: ## uv into .tools, the suite into .venv
	@$(PYTHON) tools/bootstrap.py
setup-demo:
	@$(PYTHON) tools/bootstrap.py demo
setup-test:
	@$(PYTHON) tools/bootstrap.py test

##@ run
.PHONY: run
run: setup-demo ## the whole suite with its demo; PORT=8125 DATA=folder
	@exec $(BIN)/postroom up --port $(PORT) $(if $(DATA),--data "$(DATA)")

##@ check
.PHONY: check format
check: setup ## formatting, lint, types, borders, promises, problems, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python tools/check_promises.py
	$(BIN)/python tools/check_problems.py
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/check_locks.py
	$(BIN)/python tools/asyncapi.py --check
	$(BIN)/python tools/openapi.py --check
	.tools/bin/uv lock --check --quiet
format: setup ## format, and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

##@ test
.PHONY: test test-long fuzz fuzz-api
test: setup-test ## all tests with real servers; ARGS="-k words" for some
	@rm -rf $(ROUTES)
	POSTROOM_ROUTE_LEDGER=$(ROUTES) $(PYTEST) -m "not campaign" $(ARGS)
	$(if $(ARGS),,$(BIN)/python tools/check_routes.py $(ROUTES))
test-long: setup-test ## the full campaigns
	$(PYTEST) -m campaign $(ARGS)
fuzz-api: setup-test ## schemathesis with all checks against the running suite, for long
	$(BIN)/pytest -m campaign tests/contract/test_fuzzing.py $(ARGS)
fuzz: setup-test ## property tests with very many examples
	$(PYTEST) -m hypothesis --hypothesis-profile=fuzz $(ARGS)

##@ bench
bench-%: setup-test ## one benchmark of tests/bench, as make bench-import
	$(BIN)/python tests/bench/$*.py $(ARGS)

##@ docs
.PHONY: docs
docs: setup ## write what is generated: AsyncAPI, OpenAPI
	$(BIN)/python tools/asyncapi.py
	$(BIN)/python tools/openapi.py

##@ release
.PHONY: wheels
wheels: setup ## build the wheels of all members into dist/
	.tools/bin/uv build --quiet --all-packages --wheel --out-dir dist
