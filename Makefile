SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-tsan test-real-model test-balancers test-image autobahn lint format cluster release bench fuzz clean test-dependencies

# Those of Autobahn's cases that `make autobahn` runs, all but compression (12 and 13; Tests/Autobahn/run.py says why) unless given, e.g. make autobahn CASES='6.*'
CASES ?=
# Those of Tests/*Tests that `make test-tsan` runs, all unless given, e.g. make test-tsan SUITES=HubServerTests
SUITES ?=
# Given to hubbub by `make run` and `make cluster`, e.g. make run ARGS="--model echo --port 9000"
ARGS ?=
venv := .build/venv

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and serve http://127.0.0.1:8080, in memory
	@scripts/install-dependencies run
	swift build --product hubbub
	.build/debug/hubbub serve $(ARGS)

test: $(venv)/complete ## Lint, build and run all tests
	@scripts/test

test-tsan: ## Run the Swift tests under Thread Sanitizer
	@scripts/install-dependencies cluster
	@scripts/test-tsan $(SUITES)

test-balancers: release ## Load 5,000 connections behind nginx and HAProxy, nodes coming and going
	@scripts/install-dependencies cluster
	@scripts/test-balancers

test-image: ## Do the Dockerfile's steps on bare Debian roots, as root
	@scripts/install-dependencies image
	@scripts/test-image

autobahn: test-dependencies ## Run Autobahn's WebSocket cases
	swift build --product ConformanceServer
	@scripts/autobahn $(CASES)

test-dependencies:
	@scripts/install-dependencies test

test-real-model: $(venv)/complete ## Chat with a real model; compiles it for a quarter of an hour, once
	@scripts/real-model

lint: ## Check the format
	swift format lint --strict --recursive Package.swift Sources Tests Examples

format: ## Format in place
	swift format --in-place --recursive Package.swift Sources Tests Examples

cluster: ## Serve from Redis, three nodes and nginx until Ctrl-C
	@scripts/install-dependencies cluster
	swift build --product hubbub
	@deploy/cluster/cluster run -- $(ARGS)

release: ## Build .build/optimized/release/hubbub
	@scripts/install-dependencies run
	swift build --configuration release --static-swift-stdlib --product hubbub --scratch-path .build/optimized

bench: release ## Measure speed and size; QUICK=1 for shorter rows
	@scripts/install-dependencies cluster
	@scripts/bench

fuzz: ## Fuzz the parsers, ten minutes; SECONDS=60 for less
	scripts/fuzz $(or $(SECONDS),600)

clean: ## Remove everything that was built
	rm -rf .build

$(venv)/complete: Tests/Cluster/requirements.txt | test-dependencies
	python3 -m venv --clear $(venv)
	$(venv)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
