# Everything sets itself up: Python 3.11 or newer, make and git are all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test mutants torture bench scaling lint docs clean

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q mmsbatch  # half of the start-up, where Python may not write what it compiles
	touch $@

demo: $(VENV)/.ready  ## validate, plan and send the example campaign to the embedded gateway
	$(BIN)/mmsbatch validate campaigns/winter-sale.yaml
	$(BIN)/mmsbatch apply campaigns/winter-sale.yaml --gateway sandbox

test: $(VENV)/.ready  ## the tests, in less than five minutes on two cores
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --ignore tests/mutants

mutants: $(VENV)/.ready  ## break each promise, and see a test turn red: about three minutes
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/mutants

torture: $(VENV)/.ready  ## the torture tests at length: about 20 minutes
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/torture --torture

bench: $(VENV)/.ready  ## measure beside what else one could take; writes .bench/latest.json and docs/performance.md
	$(BIN)/python -m benchmarks --page

scaling: $(VENV)/.ready  ## simulate one runner and several, over slow remotes; writes .bench/scaling.json and docs/scaling.md
	$(BIN)/python -m benchmarks.scaling --page

lint: $(VENV)/.ready  ## style, types, import direction, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: $(VENV)/.ready  ## write the docs that are made from the code
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis
