# Everything runs from a virtual environment in .venv; no command here needs root.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ONCE ?=
IMAGE ?=
PROMPT ?=
MODEL ?=
RECORD ?=
PORT ?=
export PROMPT

# A file's tests share its servers and run one after another; files run side by side, each process with servers of its own.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test check docs audit bench soak fuzz up lock clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: .venv/demo  ## everything on loopback: chat page, bot, worker, Redis (ONCE=1 IMAGE= PROMPT= MODEL= RECORD= PORT=)
	@$(BIN)/python -m demo $(if $(ONCE),--once) $(if $(IMAGE),--image "$(IMAGE)") $(if $(PROMPT),--prompt "$$PROMPT") \
		$(if $(MODEL),--model "$(MODEL)") $(if $(RECORD),--record "$(RECORD)") $(if $(PORT),--port "$(PORT)")

test: .venv/dev  ## all tests, with real processes; the browser's are skipped where there is no Chromium
	$(PYTEST)

check: .venv/dev audit  ## formatting, lint, strict types, import contracts, known vulnerabilities, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST)

docs: .venv/dev  ## build the documentation into site/; a broken link, a missing or an unlisted page is an error
	$(BIN)/python -m sphinx -q -W --keep-going -aE -b dirhtml -d .doctrees docs site

audit: .venv/dev  ## ask for known vulnerabilities of the locked packages, where that can be asked
	$(BIN)/python -m tests.security.audit

bench: .venv/dev  ## what the work takes, as ratios to what it costs at all: bench.json, bench.png (QUICK=1)
	$(BIN)/python -m tests.benchmarks

soak: .venv/dev  ## the real processes under a random fault every few seconds, then the books (SECONDS=300 SEED=)
	$(BIN)/python -m tests.faults.soak --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED))

fuzz: .venv/dev  ## break pictures at random, in a process of little memory (SECONDS=60 SEED=)
	$(BIN)/python -m tests.fuzz.fuzz_imaging --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

up:  ## the real thing in containers, with what .env says
	docker compose up --build --detach --wait

lock: .venv/dev  ## lock the dependencies again, with hashes (UPGRADE=1: to their newest releases)
	$(BIN)/python -m tests.architecture.lock $(if $(UPGRADE),--upgrade)

clean:  ## remove what the commands above made
	rm -rf .venv .doctrees site bench.json bench.png .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache

# A stamp for each set of locked packages; dev holds demo's packages, too.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed, $(PYTHON) is older. Name a newer one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "The virtual environment could not be made. On Debian and Ubuntu install python3-venv, then try again." >&2; exit 1; }

.venv/demo: requirements/demo.txt | .venv/bin/python
	@echo "Installing what the demo needs (once) …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/demo.txt
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	@touch $@
