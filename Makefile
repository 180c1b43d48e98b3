# Everything a checkout needs: make setup, make demo, make test. See CONTRIBUTING.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: setup demo test lint soak bench clean

setup: $(STAMP)

# What it says goes to stderr: the output of `make demo ARGS=--json` is JSON alone.
$(STAMP): requirements-test.lock pyproject.toml
	@echo "setting up $(VENV)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . >&2
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/voltroam demo $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What fails beside others, on a machine that is too busy, is named and run once more, alone.
test: lint
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS) || { test $$? -eq 1 && \
	echo "what failed beside others, once more and alone:" && \
	$(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none $(ARGS); }

soak: $(STAMP)
	VOLTROAM_SOAK=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "soak or not soak" $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m bench.run $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
