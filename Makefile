# make demo | test | check | bench: each sets up what it needs in .venv first, and only once.
PYTHON  ?= python3
VENV    ?= .venv
RUNS    ?= runs
WORKERS ?= auto
PYTEST_ARGS ?=

BIN     := $(VENV)/bin
PIP     := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --constraint constraints.txt
LOCK    := pyproject.toml constraints.txt
# The tests make requests and errors of httpx2; the h11 that it asks for and mitmproxy's exclude each other, so that it
# comes without what it asks for.
BESIDE  := httpx2==2.16.2 httpcore2==2.16.2 truststore==0.10.5

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench lock clean

help:
	@echo "make demo    the peak week against the resilient and the naive integration; report page in $(RUNS)/peak-week"
	@echo "make test    the tests (PYTEST_ARGS='-k storefront' for some of them, WORKERS=2 for fewer processes)"
	@echo "make check   ruff, formatting, mypy strict, pyright"
	@echo "make format  what ruff can mend by itself"
	@echo "make bench   the figures of benchmarks/, each against a baseline of the same process run"
	@echo "make lock    constraints.txt anew, with the newest versions that pyproject.toml allows"
	@echo "make clean   everything these targets made, but not the runs"

# The naive integration is meant to be caught: exit code 1 (violated) is how the demo ends well.
demo: $(VENV)/.ready
	$(BIN)/seatrial run peak-week --integration resilient --integration naive --out $(RUNS)/peak-week \
		|| { code=$$?; [ $$code -eq 1 ] || exit $$code; }

# Exit code 5: no test is asked for in this half of them.
test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n $(WORKERS) -m "not alone" $(PYTEST_ARGS) || [ $$? -eq 5 ]
	$(BIN)/python -m pytest -n $(WORKERS) -m alone $(PYTEST_ARGS) || [ $$? -eq 5 ]

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --warnings

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit $$?; done

lock:
	rm -rf build
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip
	build/lock/bin/python -m pip install --quiet '.[dev]'
	build/lock/bin/python -m pip freeze --all --exclude seatrial --exclude pip | LC_ALL=C sort -f > constraints.txt
	rm -rf build

clean:
	rm -rf $(VENV) build dist src/*.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c '' 2>/dev/null || { \
		echo "Seatrial needs Python 3.11 or newer; '$(PYTHON)' does not start. Name one: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Seatrial needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv and ensurepip; on Debian and Ubuntu install the package python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# The build backend is locked too, therefore it is installed first and used without isolation.
$(VENV)/.ready: $(LOCK) | $(VENV)/bin/python
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(LOCK) | $(VENV)/bin/python
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable '.[dev]'
	$(PIP) --no-deps $(BESIDE)
	@touch $@ $(VENV)/.ready
