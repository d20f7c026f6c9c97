# make help lists the commands. PYTHON=python3.13 make test picks the interpreter.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := .venv/$(VERSION)
PY := $(VENV)/bin/python
# Stored outputs are for the shipped tracks and show no sliders, whatever started make.
# The tests of real tracks take the file that NNFS_DATA named, under another name.
SHIPPED := env -u NNFS_DATA -u JPY_SESSION_NAME -u COLAB_RELEASE_TAG NNFS_REAL="$$NNFS_DATA"
# DATA goes to the tools through the environment: neither make nor a shell reads what is in it.
unexport DATA
ifneq ($(value DATA),)
export NNFS_DATA := $(value DATA)
endif
# Windows' Linux has the computer's own name as NAME in its environment.
ifeq ($(origin NAME),environment)
NAME :=
endif
# Without a network: `make wheelhouse` where there is one, then WHEELHOUSE=1 installs from that folder.
ifneq ($(WHEELHOUSE),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := wheelhouse
endif
# What installs, and what to say when it cannot. Python compiles a module when it is first imported:
# to compile all of them at once takes longer than all the rest of the installation.
PIP := -m pip install -q --disable-pip-version-check --no-compile -r
OFFLINE := { echo "Installing needs the network, this once, or a wheelhouse (CONTRIBUTING.md): see what pip says above." >&2; exit 1; }

.PHONY: help run test check learner progress milestone challenge mutants lab export exercise results bench marks soak fuzz colab matrix fork hooks wheelhouse site lite slides clean
help:  ## list the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/'

run: $(VENV)/run.txt  ## run all notebooks; DATA=path/to/tracks.csv for your own tracks, STAGE=6 for one
	@$(PY) -m tools.run $(if $(STAGE),--stage $(STAGE))

test: check $(VENV)/site.txt  ## everything CI checks: static checks, unit tests, notebooks under nbval, the website
	$(SHIPPED) $(PY) -m pytest -q -n 2 --cov=nnfs_core tests
	$(SHIPPED) OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env -W default notebooks
	OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -q site/tests

check: $(VENV)/test.txt  ## the static checks
	$(PY) -m ruff check -q
	$(PY) -m ruff format -q --check
	$(PY) -m tools.check

learner: $(VENV)/run.txt  ## write learner/, the notebooks with functions for you to write; FROM=1: stage 1, too
	@$(PY) -m tools.learner $(FROM)

progress: $(VENV)/run.txt  ## what of learner/ is right, wrong, not attempted yet; COPIES=folder for a class
	@$(PY) -m tools.progress $(if $(COPIES),--class "$$COPIES")

milestone: $(VENV)/run.txt  ## what your functions of learner/ can do so far, drawn; NAME=xor for one
	@$(PY) -m tools.milestone $(NAME)

challenge: $(VENV)/run.txt  ## for teachers: hold rows back, DATA=table.csv, GROUP=column; then RUN=folder NAME=who is scored on them, once
	@$(PY) -m tools.challenge $(if $(RUN),score "$$RUN" --name "$$NAME",seal $(if $(GROUP),--group "$$GROUP"))

mutants: $(VENV)/test.txt  ## ask each judge about small changes of the right answers; takes minutes
	OPENBLAS_NUM_THREADS=1 $(SHIPPED) $(PY) -m tools.mutants

lab: $(VENV)/run.txt  ## JupyterLab at the first notebook
	$(PY) -m jupyter lab --ServerApp.root_dir=. notebooks/00_overview.ipynb

export: $(VENV)/test.txt  ## package, stored outputs and README from the notebooks
	$(PY) -m ruff format -q notebooks
	$(PY) -m ruff check -q --fix notebooks
	$(SHIPPED) $(PY) -m tools.export

results: $(VENV)/run.txt  ## make the README's results again, ten minutes or more; DATA=... for yours
	@$(PY) -m tools.results

bench: $(VENV)/run.txt  ## time a step of training against the plain formulas, and against libraries
	@env -u OPENBLAS_CORETYPE $(PY) -m tools.bench
	@env -u OPENBLAS_CORETYPE $(PY) -m benchmarks

marks: $(VENV)/test.txt  ## measure what the course promises of its classifiers; ten minutes
	@$(SHIPPED) $(PY) -m tools.marks

soak: $(VENV)/test.txt  ## kill runs 200 times, and let the disk fail at each step of writing
	@OPENBLAS_NUM_THREADS=1 $(SHIPPED) $(PY) -m tools.soak

fuzz: $(VENV)/test.txt  ## give hostile files to whatever reads files, by thousands
	@OPENBLAS_NUM_THREADS=1 $(SHIPPED) $(PY) -m tools.fuzz

colab: $(VENV)/test.txt  ## each notebook alone, with exactly Colab's versions; STAGE=6 for one; needs Python 3.13
	@$(SHIPPED) $(PY) -m tools.colab $(STAGE)

matrix: $(VENV)/test.txt  ## versions of Python and libraries, kernels of OpenBLAS; hours; ONLY="kernels haswell", STAGE=6
	@$(PY) -m tools.matrix --only "$(ONLY)" $(if $(STAGE),--stage $(STAGE))

site: $(VENV)/site.txt  ## the website, into build/site/ and build/site.zip
	@$(PY) -m tools.site

lite: $(VENV)/lite.txt  ## the course with a kernel in the browser, build/lite/site; needs npm
	@$(PY) -m tools.lite

slides: $(VENV)/site.txt  ## the slides of a lesson, into build/slides/: make slides STAGE=4
	@$(PY) -m tools.slides $(STAGE)

exercise: $(VENV)/test.txt  ## the skeleton of a new exercise: make exercise STAGE=4 NAME=depth
	$(PY) -m tools.exercise $(STAGE) $(NAME)

hooks: $(VENV)/test.txt  ## git asks make check before each commit, and shows notebooks cell by cell
	$(PY) -m pip install -q --disable-pip-version-check pre-commit nbdime
	$(PY) -m pre_commit install
	$(PY) -m nbdime config-git --enable
	git config diff.jupyternotebook.command '"$(CURDIR)/$(VENV)/bin/git-nbdiffdriver" diff'
	git config merge.jupyternotebook.driver '"$(CURDIR)/$(VENV)/bin/git-nbmergedriver" merge %O %A %B %L %P'

wheelhouse: $(VENV)/run.txt  ## all packages into wheelhouse/; where no network is, make run WHEELHOUSE=1 takes them
	$(PY) -m pip wheel -q --disable-pip-version-check -w wheelhouse -r requirements-dev.txt

fork: $(VENV)/test.txt  ## your own address in all files: make fork REPO=owner/name
	@$(PY) -m tools.fork "$$REPO"

clean:  ## remove what the commands made
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is a folder per Python version; the stamp is a copy of what was installed.
$(VENV)/run.txt: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	@$(PY) $(PIP) requirements.txt || $(OFFLINE)
	@cp requirements.txt $@

$(VENV)/lite.txt: $(VENV)/run.txt requirements-lite.txt
	@$(PY) $(PIP) requirements-lite.txt || $(OFFLINE)
	@cp requirements-lite.txt $@

$(VENV)/test.txt: $(VENV)/run.txt requirements-dev.txt
	@$(PY) $(PIP) requirements-dev.txt || $(OFFLINE)
	@cp requirements-dev.txt $@

$(VENV)/site.txt: $(VENV)/test.txt requirements-site.txt
	@$(PY) $(PIP) requirements-site.txt || $(OFFLINE)
	@cp requirements-site.txt $@
