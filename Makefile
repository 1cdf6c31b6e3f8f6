# Works on a machine that has python3.11, make and git, and nothing else.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/build.txt requirements/runtime.txt requirements/dev.txt requirements/fuzz.txt
# Engines that `make bench` compares ours with, and the Python that they are locked for.
ENGINES := vectorbt nautilus
# The first that starts: a name on the path may be a shim without a Python behind it.
ENGINE_PYTHON ?= $(firstword $(shell for each in python3.12 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.12.*/bin/python3.12; \
	do "$$each" -c '' 2>/dev/null && echo "$$each"; done) python3.12)
CODE := robotrader actors supervision tests bench
PYTEST_ARGS ?=
# A test may take minutes, and fails by itself after its own timeout. What does not end even then, as
# the interpreter itself stands still, says where all its threads are, and its process ends.
STUCK := --max-worker-restart=2 -o faulthandler_exit_on_timeout=true -o faulthandler_timeout

# pip is told where nothing else is: no prompt, no version check, no settings of the machine's own
# for which packages to take (the hashes decide that).
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip
# A lock is resolved from the public index alone, whatever the machine's own pip settings say.
COMPILE := env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	CUSTOM_COMPILE_COMMAND="make lock" $(VENV)-lock/bin/pip-compile --quiet --no-config \
	--generate-hashes --allow-unsafe --strip-extras --resolver=backtracking \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# Whatever a machine's own setting is: without bytecode hundreds of processes compile all anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: simulate help setup demo test bench deep lint lock clean

help: ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r n t; \
		do printf '  make %-7s %s\n' "$$n" "$$t"; done

setup: $(VENV)/ready ## Build .venv from the locks, with the package in it.

# The stamp is made last: a build that was interrupted is done again from the start.
$(VENV)/ready: $(LOCKS) pyproject.toml
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes $(LOCKS:%=-r %)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Show a supervised system crash and recover; CHAOS=gentle breaks it.
	$(BIN)/robotrader demo$(if $(CHAOS), --chaos $(CHAOS))

test: setup ## Run the tests and print the slowest ones.
ifeq ($(PYTEST_ARGS),)
	@# Simulations wait for nothing, and the others wait for processes most of the time: simulations
	@# take what these leave, at a priority at which nobody who is timed is late because of them. What
	@# they say is shown at the end. More of them than processors only take each other's caches; of
	@# the others there are more. The library is tested in processes of its own, without the trading
	@# packages in them.
	@said=$$(mktemp); nice -n 10 $(BIN)/python -m pytest -n auto --dist worksteal --timeout=900 \
		$(STUCK)=1000 tests/simulation >"$$said" 2>&1 & beside=$$!; \
	trap 'kill $$beside 2>/dev/null && wait $$beside; rm -f "$$said"' EXIT; \
	trap 'exit 130' HUP INT TERM; status=0; \
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(STUCK)=420 \
		--ignore=tests/supervision --ignore=tests/simulation || status=1; \
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(STUCK)=420 \
		tests/supervision || status=1; \
	wait $$beside || status=1; cat "$$said"; exit $$status
else
	$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

bench: setup $(ENGINES:%=.venv-bench/%/ready) ## Measure speed and memory, and write docs/benchmarks.md.
	$(BIN)/python -m bench

# Other engines, each in an environment of its own. Without their Python they are not measured.
.venv-bench/%/ready: requirements/bench-%.txt
	@if ! $(ENGINE_PYTHON) -c '' 2>/dev/null; then \
		echo "$(ENGINE_PYTHON) is not there: $* is not measured"; exit 0; fi; \
	set -e; rm -rf .venv-bench/$*; $(ENGINE_PYTHON) -m venv .venv-bench/$*; \
	PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .venv-bench/$*/bin/python -m pip install --quiet \
		--require-hashes -r $<; touch $@

deep: setup ## Run what takes longer: mutants, long random runs, other examples of each property.
	EXAMPLES=explore $(BIN)/python -m pytest -n auto --dist loadfile \
		-m "hypothesis and not deep and not bench" $(PYTEST_ARGS)
	EXAMPLES=explore $(BIN)/python -m pytest -m deep $(PYTEST_ARGS)

SEEDS ?= 1000
LEDGER ?= docs/simulation
EXECUTOR ?= pool
LEVEL ?= core
simulate: setup ## Simulate SEEDS more at LEVEL (core, long, wire) by EXECUTOR (pool, ray, inline).
	$(BIN)/python -m tests.simulation --slice $(SEEDS) --ledger $(LEDGER) \
		--level $(LEVEL) --executor $(EXECUTOR)

lint: setup ## Check style, format, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(CODE)
	$(BIN)/lint-imports

lock: ## Resolve the dependencies anew and pin them with hashes.
	$(PYTHON) -m venv --clear $(VENV)-lock
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)-lock/bin/python -m pip install --quiet "pip-tools>=7.6,<8"
	$(COMPILE) --upgrade --extra data --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --upgrade --extra data --extra research --extra cluster --extra dev \
		--constraint requirements/runtime.txt --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/dev.txt \
		--output-file requirements/build.txt requirements/build.in
	$(COMPILE) --upgrade --constraint requirements/dev.txt \
		--output-file requirements/fuzz.txt requirements/fuzz.in
	rm -rf $(VENV)-lock
	$(ENGINE_PYTHON) -m venv --clear $(VENV)-lock
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)-lock/bin/python -m pip install --quiet "pip-tools>=7.6,<8"
	for each in $(ENGINES); do $(COMPILE) --upgrade \
		--output-file requirements/bench-$$each.txt requirements/bench-$$each.in || exit 1; done
	rm -rf $(VENV)-lock

clean: ## Remove what setup and the tools made.
	rm -rf $(VENV) $(VENV)-lock .venv-bench build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
