# Every target installs what it needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
PYTEST := $(BIN)/python -m pytest

# What `make run` listens on; e.g. `make run PORT=9090`.
PORT ?= 8080
GATEWAY_PORT ?= 8081
GRPC_PORT ?= 8082

.PHONY: help setup run check format test test-autolog test-bad-input test-docker test-kubernetes unit e2e api docs migration bench-serving bench-language bench-tracking bench-artifacts bench-start bench-search bench-run-table bench-fleet bench-drift bench-capture soak-deploy soak-kill soak-capture clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- environment
.make/venv: requirements/uv.lock
	@mkdir -p .make
	@scripts/system-deps run
	@$(PYTHON) -c 'import sys; sys.exit("Modelyard needs Python 3.11 or newer, this is %d.%d. Try: make run PYTHON=python3.12" % sys.version_info[:2]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

.make/python: .make/venv requirements/run.lock protocol/pyproject.toml server/pyproject.toml runtime/pyproject.toml sdk/pyproject.toml
	@echo "Installing Python packages (requirements/run.lock)"
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e protocol -e server -e runtime -e sdk
	@$(BIN)/python -m compileall -q protocol/src server/src runtime/src sdk/src
	@touch $@

.make/dev: .make/python requirements/dev.lock
	@scripts/system-deps test
	@echo "Installing the test tools (requirements/dev.lock)"
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@touch $@

.make/node: web/package-lock.json
	@mkdir -p .make
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Modelyard needs Node 20 or newer, this is " + process.version); process.exit(1) }'
	@echo "Installing the web application's packages"
	@cd web && npm ci --silent --no-progress
	@touch $@

.make/web: .make/node $(WEB_SOURCES)
	@echo "Building the web application"
	@cd web && npm run --silent build
	@touch $@

# ------------------------------------------------------------------------ use
setup: .make/python .make/web ## Install everything `make run` needs

run: setup ## Start Modelyard on http://localhost:8080
	@exec $(BIN)/python -m modelyard_server serve --port $(PORT) --gateway-port $(GATEWAY_PORT) --grpc-port $(GRPC_PORT)

# ---------------------------------------------------------------------- gates
format: .make/dev .make/node ## Format Python and web code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .
	@cd web && npx biome check --write .

check: .make/dev .make/node ## Formatting, lint, types, import contracts, API diff
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy -p modelyard_protocol -p modelyard_server -p modelyard_runtime -p modelyard
	@$(BIN)/lint-imports --no-cache
	@cd web && npm run --silent check
	@scripts/check-api

test: .make/dev .make/web ## Everything: both databases, real processes, a real browser
	@$(PYTEST) -q -n 3 --dist loadfile --ignore tests/e2e
	@cd web && npm run --silent test
	@$(PYTEST) -q -n 3 --dist loadfile tests/e2e

.make/autolog/complete: .make/dev
	@echo "Installing LightGBM, PyTorch and Keras for their autologging"
	@$(BIN)/python -m venv --clear .make/autolog
	@.make/autolog/bin/python -m pip install -q --disable-pip-version-check mlflow==3.17.2 lightgbm torch==2.13.0 lightning keras
	@touch $@

.make/tensorflow/complete: .make/dev
	@echo "Installing TensorFlow, whose models are deployed"
	@$(BIN)/python -m venv --clear .make/tensorflow
	@.make/tensorflow/bin/python -m pip install -q --disable-pip-version-check mlflow==3.17.2 tensorflow-cpu==2.21.0
	@touch $@

test-autolog: .make/autolog/complete ## MLflow's autologging of LightGBM, PyTorch and Keras against Modelyard
	@$(PYTEST) -q tests/conformance/mlflow/autolog_frameworks.py

test-bad-input: .make/dev ## Every kind of bad value in every place of every MLflow operation, on both databases
	@MODELYARD_TEST_BAD_INPUT=all $(PYTEST) -q -p no:randomly tests/conformance/test_mlflow_bad_input.py

test-docker: .make/dev .make/web ## Model servers in containers: every driver's contract and a whole deployment, on an engine of its own
	@scripts/system-deps docker
	@$(BIN)/python -m tests.make.engines
	@MODELYARD_TEST_DOCKER=1 $(PYTEST) -q -p no:randomly runtime/tests/integration/test_drivers.py tests/e2e/test_containers.py

test-kubernetes: .make/dev .make/web ## Model servers in pods: every driver's contract, refusals, and a whole deployment, on a control plane of its own
	@scripts/system-deps kubernetes
	@scripts/kubernetes-test-server
	@$(BIN)/python -m tests.make.clusters
	@MODELYARD_TEST_KUBERNETES=1 $(PYTEST) -q -p no:randomly -k "not docker" runtime/tests/integration/test_drivers.py runtime/tests/integration/test_kubernetes.py tests/e2e/test_pods.py

unit: .make/dev ## Fast tests of pure code
	@$(PYTEST) -q protocol/tests server/tests/unit runtime/tests/unit sdk/tests

e2e: .make/dev .make/web ## The main job with real processes and a real browser; writes the README's screenshot
	@MODELYARD_TEST_SCREENSHOT=docs/images/deployment.png $(PYTEST) -q tests/e2e

api: .make/dev .make/node ## Regenerate openapi.json and the web's types
	@$(BIN)/python -m modelyard_server openapi > openapi.json.new && mv openapi.json.new openapi.json
	@cd web && npm run --silent api

docs: .make/dev ## Regenerate docs/reference
	@$(BIN)/python scripts/reference.py

migration: .make/dev ## New migration from the models: make migration NAME="add revisions"
	@$(BIN)/python -m modelyard_server migration "$(NAME)"

# ----------------------------------------------------------------- benchmarks
bench-serving: .make/dev ## Three models through the gateway, beside five peers in .make/peers (ARGS="--peers litserve")
	@scripts/system-deps bench
	@$(BIN)/python benchmarks/serving.py $(ARGS)

bench-language: .make/dev ## Chat with a language model through the gateway, beside llama.cpp's own server
	@$(BIN)/python benchmarks/language.py $(ARGS)

bench-tracking: .make/dev ## All of tracking beside its peers, into one file (ARGS="--only ingestion history")
	@$(BIN)/python benchmarks/everything.py $(ARGS)

bench-artifacts: .make/dev ## A large artifact up and down, beside the peer
	@$(BIN)/python benchmarks/artifacts.py $(ARGS)

bench-start: .make/dev ## Cold start and idle memory, beside the peer
	@$(BIN)/python benchmarks/start.py $(ARGS)

bench-search: .make/dev ## Search in 100,000 runs, first and deep pages
	@$(BIN)/python benchmarks/search.py $(ARGS)

bench-run-table: .make/dev .make/web ## The run table of 10,000 runs in a browser
	@$(BIN)/python benchmarks/run_table.py $(ARGS)

bench-fleet: .make/dev .make/web ## The fleet page of 500 deployments in a browser
	@$(BIN)/python benchmarks/fleet_page.py $(ARGS)

soak-deploy: .make/dev .make/autolog/complete .make/tensorflow/complete ## A hundred deployments of nine kinds of model: how many succeed, how fast (ARGS="--count 20")
	@$(BIN)/python benchmarks/soak_deploy.py $(ARGS)

soak-kill: .make/dev ## Updates and rollbacks under load while processes are killed: wrong answers, failed calls (ARGS="--rounds 8")
	@$(BIN)/python benchmarks/soak_kill.py $(ARGS)

soak-capture: .make/dev ## A million known rows replayed, then counts, drift and percentiles beside them (ARGS="--requests 20000")
	@$(BIN)/python benchmarks/soak_capture.py $(ARGS)

bench-capture: .make/dev ## What capture adds to one request of a gateway worker
	@$(BIN)/python benchmarks/capture.py

bench-drift: .make/dev ## Capture ingestion, drift computation beside the peers, alarms without a change
	@$(BIN)/python benchmarks/drift.py
	@$(BIN)/python benchmarks/drift_rule.py
	@$(BIN)/python benchmarks/joint_drift.py
	@$(BIN)/python benchmarks/drift_peers.py

clean: ## Remove what make made; data in .modelyard stays
	@rm -rf .venv .make web/node_modules web/dist
