PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help install run test lint sandbox benchmarks notebook clean

help:
	@echo "make run       install, then search for a better rule for single-machine tardiness (no key, no Docker needed)"
	@echo "make test      install, then run the tests"
	@echo "make lint      ruff and mypy"
	@echo "make notebook  execute docs/notebook.ipynb: a run of 300 candidates, and what it found"
	@echo "make sandbox   build the Docker image where a daemon answers"

install: $(BIN)/.installed

$(BIN)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "evolve needs Python 3.11 or newer; try: make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

sandbox: install
	@$(BIN)/evolve sandbox build --if-missing

run: install
	@$(BIN)/evolve sandbox build --if-missing
	$(BIN)/evolve run single_machine_tardiness $(ARGS)

test: install  # with byte code, whatever the environment says: the tests start hundreds of processes
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebook: install
	$(BIN)/jupyter execute --inplace --NotebookClient.record_timing=False docs/notebook.ipynb

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
