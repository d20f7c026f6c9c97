# make help lists the commands. PYTHON=python3.13 make test picks the interpreter.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := .venv/$(VERSION)
PY := $(VENV)/bin/python
# Stored outputs are for the shipped tracks and show no sliders, whatever started make.
SHIPPED := env -u NNFS_DATA -u JPY_SESSION_NAME -u COLAB_RELEASE_TAG

.PHONY: help run test check learner lab export bench clean
help:  ## list the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/'

run: $(VENV)/run.txt  ## run all notebooks in order; DATA=path/to/tracks.csv for your own tracks
	@$(PY) -m tools.run $(if $(DATA),"$(DATA)")

test: check  ## everything CI checks: static checks, unit tests, notebooks under nbval
	$(SHIPPED) $(PY) -m pytest -q -n 2 --cov=nnfs_core tests
	$(SHIPPED) OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env -W default notebooks

check: $(VENV)/test.txt  ## the static checks
	$(PY) -m ruff check -q
	$(PY) -m ruff format -q --check
	$(PY) -m tools.check

learner: $(VENV)/run.txt  ## write learner/, the notebooks with the functions for you to write
	$(PY) -m tools.learner

lab: $(VENV)/run.txt  ## JupyterLab at notebook 01
	$(PY) -m jupyter lab --ServerApp.root_dir=. notebooks/01_preprocessing.ipynb

export: $(VENV)/test.txt  ## package, stored outputs and README from the notebooks
	$(PY) -m ruff format -q notebooks
	$(PY) -m ruff check -q --fix notebooks
	$(SHIPPED) $(PY) -m tools.export

bench: $(VENV)/run.txt  ## time a step of training against the plain formulas
	@env -u OPENBLAS_CORETYPE $(PY) -m tools.bench

clean:  ## remove what the commands made
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is a folder per Python version; the stamp is a copy of what was installed.
$(VENV)/run.txt: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r requirements.txt
	@cp requirements.txt $@

$(VENV)/test.txt: $(VENV)/run.txt requirements-dev.txt
	$(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@cp requirements-dev.txt $@
