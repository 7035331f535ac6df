# `make` lists the targets. Python 3.11 to 3.14 and make are all that must be there: bin/uv brings the rest.
PY := .venv/bin/python
SYNC := bin/uv sync --quiet --locked --inexact --no-default-groups --group
LOCK := pyproject.toml uv.lock

# What `make dev` takes, as make variables or from the environment.
SETTINGS := PORT REDIS_URL KAFKA_BOOTSTRAP AWS_ENDPOINT AUTH_MODE WINDOW_MS SLICES IDLE_SECONDS MAX_CONNECTION_SECONDS \
	HEARTBEAT_SECONDS SWEEP_SECONDS DISCONNECT_LOSS FREEZE

$(foreach name,$(SETTINGS),$(if $($(name)),$(eval export $(name))))

KAFKA ?= embedded
override STAGE := $(or $(STAGE),dev)
ARGS ?=
# Each has servers of its own; a file's tests stay together, since they share an emulator. Servers that are given are
# emptied between tests, so they are for one worker.
WORKERS ?= $(if $(REDIS_URL)$(KAFKA_BOOTSTRAP)$(AWS_ENDPOINT),0,2)

.PHONY: help dev test check format format-check lint types synth package bench kafka-real clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "make %-13s %s\n", $$1, $$2 }'

dev: .venv/.local ## run the rooms on this machine; takes PORT, REDIS_URL, AUTH_MODE and others
	@exec $(PY) -m local up

test: .venv/.dev ## run the tests, two files at a time; KAFKA=real: those on Kafka, on Apache Kafka; WORKERS, ARGS=...
ifeq ($(KAFKA),real)
	@$(PY) -m local.servers.kafka_jars || echo "The tests on Apache Kafka will be skipped."
	@$(PY) -m pytest -m kafka --kafka real $(ARGS)
else
	@$(PY) -m pytest --kafka $(KAFKA) --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)
endif

check: format-check lint types test synth ## the gate: format, ruff, mypy, tests, synth

format: .venv/.dev ## format the code and fix what ruff can fix
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format .

format-check: .venv/.dev
	@$(PY) -m ruff format --check --quiet . || { echo "Not formatted: run 'make format'"; exit 1; }

lint: .venv/.dev
	@$(PY) -m ruff check .

types: .venv/.dev
	@$(PY) -m mypy

synth package: export STAGE := $(STAGE)

synth: .venv/.infra ## write the CloudFormation template alone to cdk.out/, with no network; STAGE=prod
	@$(PY) app.py
	@echo "The template of stage $(STAGE) is in cdk.out/, without packages. To deploy: make package STAGE=$(STAGE)"

package: .venv/.infra ## build the functions' packages, and write what 'cdk deploy' uploads to cdk.out/; STAGE=prod
	@$(PY) app.py --package
	@echo "Stage $(STAGE) and its packages are in cdk.out/. To deploy: npx aws-cdk@2 deploy --app cdk.out"

bench: .venv/.dev ## measure what the design promises, 7 minutes; ARGS="posts --quick": a part of it, or quickly
	@$(PY) -m bench $(ARGS)

kafka-real: .venv/.local ## run Apache Kafka in the foreground (Java 17 and Maven)
	@exec $(PY) -m local.servers.apache_kafka

clean: ## remove what was installed and made
	rm -rf .venv .tools .bench .packages cdk.out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp for each group that is installed; nothing is taken away from the others.
.venv/.local: $(LOCK)
	@$(SYNC) local
	@touch $@

.venv/.infra: $(LOCK)
	@$(SYNC) infra
	@touch $@

.venv/.dev: $(LOCK)
	@$(SYNC) dev
	@touch .venv/.local .venv/.infra $@
