# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.PHONY: help demo test test-slow lint format bench clean

help:           ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/	/' | expand -t 16

demo: .venv/installed           ## Set up, run the main job, say where the report is
	@$(BIN)/reprieve report --all --output out

test: .venv/installed-test      ## Set up and run all tests
	@$(BIN)/pytest -n 2 --dist worksteal

test-slow: .venv/installed-test ## Also the simulations that take minutes
	@$(BIN)/pytest -n 2 --dist worksteal -m slow

lint: .venv/installed-lint      ## Style, types, and the layers of the house
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/installed-lint    ## Let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/installed-bench    ## Speed beside the peers (R's are used where R is installed)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/synthesis.py
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/networks.py
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 $(BIN)/python benchmarks/living.py

clean:          ## Remove the environment and everything built
	rm -rf .venv out dist build

# The environment is made once; each stamp says that its packages are in.
.venv/bin/python:
	@echo "Making the environment in .venv (once, about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Reprieve needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	@echo "Installing Reprieve ..."
	@$(PIP) --editable .
	@touch $@

.venv/installed-%: .venv/installed
	@echo "Installing what \`make $*\` needs ..."
	@$(PIP) --editable '.[$*]'
	@touch $@
