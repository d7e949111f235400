# Everything runs from a virtual environment in .venv; no command here needs root.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start hundreds of processes, which would otherwise compile everything again.
unexport PYTHONDONTWRITEBYTECODE

ONCE ?=
IMAGE ?=
PROMPT ?=
MODEL ?=
RECORD ?=
PORT ?=
TESTS ?=
VERSION ?=
TAG ?=
export PROMPT

# A file's tests share its servers and run one after another; files run side by side, each process with servers of its own.
# Four processes, on two cores, too: most of their time they wait for a timer or for another process.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

.NOTPARALLEL:  # the lanes of `check` run in the order in which they are written, whatever -j says
.PHONY: help demo test check lint types contracts docs audit format bench soak upgrade-test rehearsal units-test hosts-test failovers simulate-year fuzz release sbom pin-images up down logs lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/demo  ## run everything on this machine, with a chat page (ONCE=1 IMAGE= PROMPT= MODEL= RECORD= PORT=)
	@$(BIN)/python -m demo $(if $(ONCE),--once) $(if $(IMAGE),--image "$(IMAGE)") $(if $(PROMPT),--prompt "$$PROMPT") \
		$(if $(MODEL),--model "$(MODEL)") $(if $(RECORD),--record "$(RECORD)") $(if $(PORT),--port "$(PORT)")

test: .venv/dev  ## run all tests, or those of TESTS=path; without Chromium the browser tests are skipped
	$(PYTEST) $(TESTS)

check: lint types contracts docs test  ## run lint, types, contracts, docs and test, one after the other

lint: .venv/dev  ## check formatting, style and known mistakes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev  ## check types, as the oldest Python on Linux and the newest on macOS see them
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.14 --platform darwin bot demo shared worker

contracts: .venv/dev  ## check which package may import which
	$(BIN)/lint-imports --no-cache

docs: .venv/dev  ## build the documentation into site/; a broken link or an unlisted page is an error
	$(BIN)/python -m sphinx -q -W --keep-going -aE -b dirhtml -d .doctrees docs site

audit: .venv/dev  ## look for known vulnerabilities in the locked packages, or say that nobody could be asked
	$(BIN)/python -m tests.security.audit

format: .venv/dev  ## format the code and fix what can be fixed automatically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev  ## measure CPU, memory and waiting: bench.json, bench.png (QUICK=1 for fewer rounds)
	$(BIN)/python -m tests.benchmarks

soak: .venv/dev  ## inject a random fault every few seconds, then balance the books (SECONDS=300 SEED=)
	$(BIN)/python -m tests.faults.soak --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED))

upgrade-test: .venv/dev  ## run the processes of an earlier commit into these and back, and count the answers (FROM= JOBS=40)
	$(BIN)/python -m tests.upgrade --from "$(or $(FROM),$(error name the earlier commit: make upgrade-test FROM=v0.1.0))" --jobs $(or $(JOBS),40)

rehearsal: .venv/dev  ## back up amid work, lose everything, restore: SQLite and PostgreSQL, with and without a copy of Redis
	REHEARSE_ALL=1 $(BIN)/python -m pytest -q tests/faults/test_backup_restored.py

units-test: .venv/dev  ## start the units of deploy/systemd by a real systemd in namespaces of its own; as root, on Linux
	$(BIN)/python -m tests.systemd

hosts-test: .venv/dev  ## cut the network between bot, Redis, PostgreSQL and workers in namespaces, as root, on Linux (SEED= ONLY=bot-redis)
	$(BIN)/python -m tests.hosts $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

failovers: .venv/dev  ## kill and freeze the primary of a Redis with Sentinel, balance the books, and measure what replication loses (ROUNDS=6)
	$(BIN)/python -m tests.faults.sentinel_failovers --rounds $(or $(ROUNDS),6)
	$(BIN)/python -m tests.faults.replication_loss

simulate-year: .venv/dev  ## simulate hours of a year on the real scripts: year.json (PEOPLE= HOURS=3 WEEKS= CALLS= REQUESTS= SEED=)
	$(BIN)/python -m tests.simulation.year --people $(or $(PEOPLE),100000) --hours $(or $(HOURS),3) --seed $(or $(SEED),1) \
		--calls $(or $(CALLS),1) $(if $(WEEKS),--weeks $(WEEKS)) $(if $(REQUESTS),--requests-per-day $(REQUESTS))

fuzz: .venv/dev  ## break pictures at random, then the queue at any command (SECONDS=60 STEPS=100000 SEED=)
	$(BIN)/python -m tests.fuzz.fuzz_imaging --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.fuzz.fuzz_queue --steps $(or $(STEPS),100000) $(if $(SEED),--seed $(SEED))

release: .venv/dev  ## check the tree and build dist/ (VERSION= prepares the next one, TAG=1 tags the commit)
	$(BIN)/python -m tests.release $(if $(VERSION),prepare "$(VERSION)",build $(if $(TAG),--tag))

sbom: .venv/dev  ## write the bills of materials (CycloneDX) of bot and worker to dist/
	$(BIN)/python -m tests.release sbom

pin-images: .venv/dev  ## write the digests behind the tags of all container images; needs Docker and the network
	$(BIN)/python -m tests.release pin-images

up:  ## build and start Redis, bot and worker in containers, with the settings in .env
	docker compose up --build --detach --wait

down:  ## stop the containers; their data stays
	docker compose down

logs:  ## follow the logs of the containers
	docker compose logs --follow --tail 100

lock: .venv/dev  ## lock the dependencies again, with hashes (UPGRADE=1 to take their newest releases)
	$(BIN)/python -m tests.architecture.lock $(if $(UPGRADE),--upgrade)

clean:  ## remove everything that the commands above have made
	rm -rf .venv .doctrees dist site bench.json bench.png year.json .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache

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
