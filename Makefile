# make help lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := checkpoints/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(VENV)/.installed  ## make .venv and install mt and its tools into it

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mt needs Python 3.11 or newer; name one: make setup PYTHON=python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup  ## train on the built-in corpus, print BLEU, translate a few sentences (about 2 minutes)
	$(BIN)/mt train --out $(DEMO)
	$(BIN)/mt evaluate -m $(DEMO) --worst 3
	$(BIN)/python -c 'from mt.phrasebook import DEMO; print("\n".join(DEMO))' | $(BIN)/mt translate -m $(DEMO) --json | \
	  $(BIN)/python -c 'import json, sys; [print(*(json.loads(line)[key] for key in ("source", "translation")), sep="\t") for line in sys.stdin]'

test: setup  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

check: setup  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## rewrite the code in the project's style
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: setup  ## measure training and translating speed on this machine
	$(BIN)/python -m tests.bench

clean:  ## remove .venv and caches; runs and corpora stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
