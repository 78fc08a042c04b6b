# Two targets for newcomers. Everything else is in project.yml: `.venv/bin/python -m spacy project run --help`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: all test nightly

all: $(VENV)/.ready
	$(PY) -m spacy project run all

test: $(VENV)/.ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m spacy project run all
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses 2 --dist loadgroup

# What takes hours: the same tests with more rounds, fifty times the examples, ten minutes of random bytes per reader.
nightly: $(VENV)/.ready
	$(PY) -m pytest tests/test_kills.py tests/test_faults.py -k "killed or full_disk" --rounds 100
	$(PY) -m pytest tests/test_properties_*.py tests/test_fuzz.py --hypothesis-profile nightly --fuzz-seconds 600

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
