# make evidence: the main job on the cart. make test: lint, types, tests. Each sets up all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: evidence test suite lint soak bench clean

evidence: $(READY)
	$(BIN)/seawall certify examples/cart

# all tests; their result, by the digests of the code, is kept in build/suite.json for `certify`
test: lint
	$(BIN)/python -m certification.suite

# before a release, and after the last change: the result ships with the code that it speaks of
suite: test
	cp build/suite.json certification/suite.json

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# the long forms: a million steps, a hundred thousand emulated ticks, every proof replayed
soak: $(READY)
	$(BIN)/pytest -q -m soak

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build evidence seawall.egg-info

# Debian's python3 comes without venv
$(READY): pyproject.toml
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || apt-get install -y python3-venv \
		|| { echo 'seawall: Python has no venv; apt-get install python3-venv'; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test,cross]'
	touch $(READY)
