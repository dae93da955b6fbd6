# Everything a newcomer needs: Python 3.11+, make, and a package index.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
CLIENTS = .venv-clients
NODE    = tests/clients/node
# Hundreds of processes are started; without bytecode each compiles some 300 modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all test-clients check bench lock clean

demo: $(VENV)/.runtime        ## play a short shop day against the simulators
	$(BIN)/gateway demo

test: $(VENV)/.dev            ## the tests a developer runs before each commit
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.dev $(CLIENTS)/.ready $(NODE)/node_modules/.package-lock.json  ## every test, the slow ones included, with many more drawn examples
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n 2 --dist loadfile

test-clients: $(VENV)/.dev $(CLIENTS)/.ready $(NODE)/node_modules/.package-lock.json  ## client libraries by others, against the simulators
	$(BIN)/pytest tests/clients

check: $(VENV)/.dev           ## format, lint, layers, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.bench         ## the measurements README quotes; ratios within one run
	$(BIN)/python -m tests.bench

lock:                         ## rewrite the lock files of Python (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra build --extra dev --extra notify --extra postgres -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  tests/clients/requirements.txt -o tests/clients/requirements.lock
	uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --no-deps tests/clients/requirements-newer-python.txt -o tests/clients/requirements-newer-python.lock

$(VENV)/.runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Clients by others live apart from the project.
$(CLIENTS)/.ready: tests/clients/requirements.lock tests/clients/requirements-newer-python.lock
	test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r tests/clients/requirements.lock
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --no-deps --ignore-requires-python -r tests/clients/requirements-newer-python.lock
	touch $@

# Node.js is optional: where it or npm is missing, nothing is made and those clients' tests are skipped, saying why.
$(NODE)/node_modules/.package-lock.json: $(NODE)/package-lock.json
	if command -v node >/dev/null && command -v npm >/dev/null; then \
	  npm ci --prefix $(NODE) --silent || echo "npm could not install the clients: their tests are skipped"; fi

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "dlt==1.31.0"
	touch $@

clean:
	rm -rf $(VENV) $(CLIENTS) $(NODE)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
