# Everything a person does with this project. Each target sets up what it needs: Python 3.11 or newer is enough.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
STORE ?= var/demo.db
EVENTS ?= 10000
END ?= 2026-01-01
QUERY ?= user:acme/u0004 -resource:calls
PICTURED := 'user:acme/u0004 -resource:calls' --during 2025-06-25..2025-07-16
PICTURES ?= var/screenshots
SIZE ?=
export CHROMIUM ?=
COVERAGE := 90
PORT ?= 8080
ONCE ?=
HERE := $(dir $(lastword $(MAKEFILE_LIST)))
DEMO = TRAILBOOK_LOG_LEVEL=warning $(BIN)/trailbook --store $(STORE) serve --host 127.0.0.1 --sign-in
SERVE = $(if $(ONCE),$(BIN)/python $(HERE)tools/answering.py env $(DEMO) --port 0,\
	echo "Ctrl-C ends it."; $(DEMO) --port $(PORT))

.DEFAULT_GOAL := help
.PHONY: help setup run test soak postgresql chromium fonts libreoffice lint format bench docs screenshots constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## a virtual environment with the pinned packages and trailbook

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Trailbook needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y python3-venv; } || \
		{ echo "This Python cannot make virtual environments; on Debian: sudo apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## the pages with a demo trail, on this machine alone (PORT=8080, EVENTS=10000; ONCE=yes just tries them)
	@$(HERE)tools/fonts.sh || echo "Without them PDFs are of Latin letters."
	@mkdir -p $(dir $(STORE))
	@$(BIN)/trailbook --store $(STORE) demo --events $(EVENTS) --end $(END)
	@$(BIN)/trailbook --store $(STORE) report '$(QUERY)' --limit 20 \
		--columns date_time,initiator,groups,action,details,ip,matched
	@echo
	@echo "What else to ask here: . $(BIN)/activate; export TRAILBOOK_STORE=$(STORE); trailbook report --help"
	@echo
	@$(SERVE)

test: lint postgresql chromium fonts ## the checks of lint, then all tests with branch coverage
	$(BIN)/pytest -n auto --cov --cov-report=term --cov-fail-under=$(COVERAGE)

soak: $(READY) postgresql chromium fonts libreoffice ## the tests that go by size, at full size (this takes long)
	TRAILBOOK_TEST_SIZE=full $(BIN)/pytest -n auto

postgresql: ## PostgreSQL's programs, which tests and benchmarks start a server of their own with
	@tools/postgresql.sh

fonts: ## fonts of many scripts, which PDFs are drawn with, and what the tests read PDFs with
	@tools/fonts.sh

libreoffice: ## the spreadsheet that opens what was exported, in the tests at full size
	@tools/libreoffice.sh

chromium: ## the browser that the pages are tested with, where there is none yet
	@command -v chromium >/dev/null || test -n "$$CHROMIUM" || { \
		echo "Installing Chromium ..."; root=$$(test "$$(id -u)" = 0 || echo "sudo -n"); \
		$$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			$$root apt-get install -qq -y --no-install-recommends chromium >/dev/null; } || \
		{ echo "The pages are tested in Chromium. Install it, or name one: make test CHROMIUM=/path/to/it"; exit 1; }

lint: $(READY) ## style, types and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY) ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) postgresql ## figures beside a plain baseline; at 10 million events with SIZE=--large
	$(BIN)/python -m bench $(SIZE)
	$(BIN)/python -m bench.postgres $(SIZE)
	$(BIN)/python -m bench.service
	$(BIN)/python -m bench.formats

docs: $(READY) ## draw the picture in the README anew, then try all that the docs say
	@mkdir -p $(dir $(STORE))
	@$(BIN)/trailbook --store $(STORE) demo --events $(EVENTS) --end $(END)
	@COLUMNS=124 $(BIN)/trailbook --store $(STORE) report $(PICTURED) \
		--columns date_time,initiator,groups,details,matched --as tenant:acme \
		| $(BIN)/python tools/picture.py "trailbook report $(PICTURED)" > docs/report.svg
	$(BIN)/pytest tests/house/test_docs.py tests/house/test_picture.py

screenshots: $(READY) chromium ## pictures of all pages (PICTURES=var/screenshots), those in the README drawn anew
	@mkdir -p $(PICTURES)
	@rm -f $(PICTURES)/demo.db*
	@$(BIN)/trailbook --store $(PICTURES)/demo.db demo --events $(EVENTS) --end $(END)
	$(BIN)/python tools/screenshots.py $(PICTURES) env TRAILBOOK_LOG_LEVEL=warning \
		$(BIN)/trailbook --store $(PICTURES)/demo.db serve --host 127.0.0.1 --port 0 --sign-in
	cp $(PICTURES)/readme/*.png docs/pictures/

constraints: $(READY) ## resolve the newest packages and pin them with their hashes
	$(BIN)/python -m pip install --quiet uv
	@{ echo "# Made by 'make constraints' from pyproject.toml: every file of each release, by its hash."; \
	   $(BIN)/python -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
	   --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## remove what was made, the virtual environment and the demo's store included
	rm -rf $(VENV) var build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
