# Lineshaft: `make run` and `make test` set everything up by themselves. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINE ?= make.schedule

run: $(VENV)/run.done $(VENV)/compiled.done ## set up, build the crane works, plan it, print figures and reasons, write out/crane-works/report.html
	$(BIN)/lineshaft demo out/crane-works

serve: $(VENV)/run.done $(VENV)/compiled.done $(VENV)/assets.done ## the workbench with the crane works in out/site, at a local address
	@test -e out/site/crane-works/works.db || $(BIN)/lineshaft init out/site/crane-works --example crane-works --name "起重机厂 / Crane works"
	$(BIN)/lineshaft serve out/site

test: $(VENV)/dev.done $(VENV)/apt.done $(VENV)/compiled.done $(VENV)/assets.done ## set up and pass the tests
	tools/test

test-slow: $(VENV)/dev.done $(VENV)/apt.done $(VENV)/compiled.done $(VENV)/assets.done ## the long checks: kill and power-cut trials at full count, scale, real shop
	tools/test -m slow

check: $(VENV)/dev.done ## style, types and floors
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/run.done $(VENV)/compiled.done ## one engine's table against its peers: make bench ENGINE=make.schedule
	$(BIN)/python benchmarks/$(subst make.,,$(ENGINE)).py $(ARGS)

pictures: $(VENV)/dev.done $(VENV)/apt.done $(VENV)/compiled.done $(VENV)/assets.done ## take the pictures of the README again
	LINESHAFT_PICTURES=docs/pictures tools/test -m slow tests/web/test_pictures.py

docs: $(VENV)/dev.done ## build the manual into site/
	$(BIN)/python tools/reference.py
	$(BIN)/mkdocs build --quiet --strict

lock: $(VENV)/dev.done ## pin every package with its hash again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml requirements/build.in -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml requirements/build.in -o requirements/dev.lock

clean: ## remove what set-up and runs made
	rm -rf $(VENV) out site build .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/run.done: requirements/run.lock pyproject.toml
	tools/setup $(if $(wildcard $(VENV)/dev.done),dev,run)
	@touch $@

$(VENV)/dev.done: requirements/dev.lock pyproject.toml
	tools/setup dev
	@touch $@ $(VENV)/run.done

$(VENV)/apt.done: apt.txt
	tools/setup-apt
	@touch $@

$(VENV)/assets.done: tools/assets src/lineshaft/faces/web/assets/package-lock.json | $(VENV)/run.done
	tools/assets
	@touch $@

# numba's caches do not notice a change in a module that the compiled one calls: any change throws them away
$(VENV)/compiled.done: $(wildcard src/lineshaft/make/*/*.py src/lineshaft/make/*/*/*.py) | $(VENV)/run.done
	@find src -name '*.nbi' -delete -o -name '*.nbc' -delete
	@$(BIN)/python tools/warm.py
	@touch $@

.PHONY: run serve test test-slow check bench pictures docs lock clean help
