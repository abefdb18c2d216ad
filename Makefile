# make evidence: the main job on the cart. make test: lint, types, tests. Each sets up all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: evidence test lint soak bench clean

evidence: $(READY)
	$(BIN)/seawall certify examples/cart

test: lint
	$(BIN)/pytest -q -n 2 --dist loadgroup

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: $(READY)
	$(BIN)/pytest -q -m soak

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) evidence build *.egg-info

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test,cross]'
	touch $(READY)
