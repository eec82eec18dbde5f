# `make` alone explains the targets. Everything but the virtual environment is done by the program `pipeline`.
.DEFAULT_GOAL := help
.PHONY: help up down doctor status tail psql topics logs env destroy check format test-fast test test-faults test-docker docs docs-docker bench bench-quick lock
SHELL := /bin/sh

bin := .venv/bin
# They take many minutes: tests of `make test-faults`.
long := tests/faults/test_half_hour.py tests/faults/test_supervision_at_length.py tests/faults/test_start_cut_off.py
ready := .venv/.ready

help: ## Explain the targets
	@echo "make up starts everything, make test proves it. The targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(ready) ## Start Kafka, Spark, PostgreSQL and Dagster, or what is missing of them
	@$(bin)/pipeline up

down: $(ready) ## Stop everything; the data stay
	@$(bin)/pipeline down

status: $(ready) ## Show how each component and the pipeline are doing
	@$(bin)/pipeline status

doctor: $(ready) ## Check whether this machine is ready: Java, ports, disk, memory, clock, data
	@$(bin)/pipeline doctor

tail: $(ready) ## Show the rows of users as they land; Ctrl-C ends it
	@$(bin)/pipeline tail

psql: $(ready) ## Open psql on the database
	@$(bin)/pipeline psql

topics: $(ready) ## Show the topic's partitions, and how far the stream has come
	@$(bin)/pipeline topics

logs: $(ready) ## Show the log of one component: make logs COMPONENT=broker-1
	@$(bin)/pipeline logs $(COMPONENT)

env: $(ready) ## Print export lines: eval "$(make -s env)"
	@$(bin)/pipeline env

destroy: $(ready) ## Stop everything and delete the data; asks, unless YES=1
	@$(bin)/pipeline destroy $(if $(YES),--yes)

check: $(ready) ## Check format, lint and types
	$(bin)/ruff format --check
	$(bin)/ruff check
	$(bin)/pyright

format: $(ready) ## Format the code
	$(bin)/ruff format
	$(bin)/ruff check --fix

test-fast: $(ready) ## Run the tests that need no server, in under 30 seconds
	$(bin)/pytest tests/unit tests/definitions

test: $(ready) ## Run all tests, with one round of the cheapest faults, but those of the containers, on a stack of their own
	$(bin)/pytest tests --ignore=tests/docker $(addprefix --ignore=,$(long))

test-faults: $(ready) ## Break everything five times under load: FAULTS=name,name FAULT_ROUNDS=5 FAULT_SEED=…
	FAULTS=$${FAULTS:-all} FAULT_ROUNDS=$${FAULT_ROUNDS:-5} FAULT_RECORDS=$${FAULT_RECORDS:-100000} \
		$(bin)/pytest tests/faults -s

test-docker: $(ready) ## Build, start, break and remove the containers; DOCKER_TESTS=lint needs no engine
	DOCKER_TESTS=$${DOCKER_TESTS:-all} $(bin)/pytest tests/docker

docs: $(ready) ## Write the pages of docs/ that are made from the code
	@$(bin)/python -m stack.pages

docs-docker: $(ready) ## Run the seed's commands on the containers and write docs/from-the-seed.md
	DOCKER_TESTS=all WRITE_DOCS=1 $(bin)/pytest tests/docker/test_deployment.py \
		-k "start_leaves or commands_of_the_seed or down_keeps or page"

bench: $(ready) ## Measure the pipeline beside others, what is not measured yet: BLOCKS="zstd gzip" for some
	$(bin)/python -m bench $(foreach block,$(BLOCKS),--block $(block))

bench-quick: $(ready) ## The same in short: contenders 1, 4 and 6 at 200,000 records, under 10 minutes
	$(bin)/python -m bench --quick

lock: $(ready) ## Pin the newest versions that pyproject.toml allows, in requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(bin)/uv pip compile pyproject.toml --group dev --universal \
		--python-version 3.11 --generate-hashes --no-strip-extras --upgrade --output-file requirements.lock --quiet

$(ready): requirements.lock pyproject.toml stack/make_venv.sh
	@stack/make_venv.sh
