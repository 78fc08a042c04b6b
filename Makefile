# Two targets for newcomers. Everything else is in project.yml: `.venv/bin/python -m spacy project run --help`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: all test nightly

all: $(VENV)/.ready
	$(PY) -m spacy project run all

test: $(VENV)/.ready-to-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m spacy project run all
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses 2 --dist loadgroup

# What takes hours: the same tests with more rounds, fifty times the examples, ten minutes of random bytes per reader.
nightly: $(VENV)/.ready-to-test
	$(PY) -m pytest tests/test_kills.py tests/test_doccano_kills.py tests/test_faults.py -k "killed or full_disk" --rounds 100
	$(PY) -m pytest tests/test_properties_*.py tests/test_fuzz.py --hypothesis-profile nightly --fuzz-seconds 600

# The exact versions of requirements.txt: of what the project needs, and of what its tests need on top.
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --constraint requirements.txt

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) setuptools wheel
	$(PIP) --no-build-isolation --editable .
	touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready
	$(PIP) --use-pep517 --editable '.[dev]'
	touch $@
