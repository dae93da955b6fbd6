# Everything a newcomer needs: Python 3.11+, make, and a package index.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: demo test test-all check bench lock clean

demo: $(VENV)/.runtime        ## play a short shop day against the simulators
	$(BIN)/gateway demo

test: $(VENV)/.dev            ## the tests a developer runs before each commit
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.dev        ## every test, the slow ones included, with many more drawn examples
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n 2 --dist loadfile

check: $(VENV)/.dev           ## format, lint, layers, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.bench         ## the measurements README quotes; ratios within one run
	$(BIN)/python -m tests.bench

lock:                         ## rewrite both lock files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

$(VENV)/.runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "dlt==1.31.0"
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
