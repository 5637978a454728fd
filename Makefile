# Every target sets up what it needs in .venv, from Python 3.11 or newer, make and git alone.
# Another interpreter: make verify PYTHON=python3.12

PYTHON ?= python3
SIZE   ?= quick

VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help verify test quick faults test-core suite torch lm dist bench docs clean FORCE

help:
	@echo 'make verify   judge every theorem (SIZE=quick or full); the appendix in build/report/'
	@echo 'make test     style, types, spelling, tests, doctests'
	@echo 'make quick    style, types, and the tests of one subject: make quick AT=gradient_flow'
	@echo 'make faults   plant known faults in a copy, one at a time, and see what notices them; hours'
	@echo 'make test-core  the tests again, in .venv-core, where no extra is installed'
	@echo 'make torch    add PyTorch (gigabytes), by which tests judge exported weights'
	@echo 'make lm       add PyTorch, transformers and PEFT, by which facts are told to a GPT-2'
	@echo 'make dist     the source archive and the wheel, built and checked, in dist/'
	@echo 'make bench    timings of tests/benchmarks'
	@echo 'make docs     the documentation, in build/docs/'
	@echo 'make clean    remove what the others built, except the environments'

verify: $(VENV)/.installed-core
	rm -f build/report/appendix-quick-seed0.sqlite*
	$(VENV)/bin/recall appendix --size $(SIZE) --out build/report

# What `make verify` has found with this very code is not computed again.
test: $(VENV)/.installed-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m codespell_lib
	@# One process for types, beside those of the tests; either failure is one.
	@mkdir -p build; $(PY) -m mypy >build/mypy.log 2>&1 & types=$$!; \
	$(PY) -m pytest -n auto --dist loadgroup; tests=$$?; \
	wait $$types; types=$$?; cat build/mypy.log; exit $$((tests || types))

# One subject, without the tests that take more than 5 s: see CONTRIBUTING.md.
quick: $(VENV)/.installed-test
	@$(PY) -m tests.helpers.at '$(AT)'
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -n auto --dist loadgroup -m 'not slow' $$($(PY) -m tests.helpers.at '$(AT)')

# A run that was interrupted goes on where it ended. Options: make faults FAULTS='--claims-only'
faults: $(VENV)/.installed-test
	$(PY) -m tests.faults.plant $(FAULTS)

# What needs an extra is skipped, with the name of the extra; all else must pass without it.
test-core:
	$(MAKE) VENV=.venv-core suite

suite: $(VENV)/.installed-bare
	$(PY) -m pytest -n auto --dist loadgroup $(TESTS)

torch: $(VENV)/.installed-torch

lm: $(VENV)/.installed-lm

dist: $(VENV)/.installed-release
	$(PY) -m tests.helpers.distribution

bench: $(VENV)/.installed-test
	$(PY) -m pytest tests/benchmarks --benchmark-only

docs: $(VENV)/.installed-docs
	$(PY) -m sphinx -W --keep-going -b html -d build/doctrees docs build/docs

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find assoc sims theory tests docs -name __pycache__ -prune -exec rm -rf {} +

# --- set-up -------------------------------------------------------------------------------------
# One stamp for each set of packages, written last, so that a broken installation leaves none. It
# holds the directory it was made in: a copied or moved checkout installs anew.

EXTRAS-core :=
EXTRAS-test := [test]
EXTRAS-docs := [docs]
EXTRAS-bare := [test-core]
EXTRAS-torch := [torch]
EXTRAS-lm := [lm]
EXTRAS-release := [release]
# What a change is judged with, in one go.
EXTRAS-all := [test,docs,release,torch]
ALSO-all := core test docs release torch

STAMPS := $(addprefix $(VENV)/.installed-,core test docs bare torch lm release all)
SOUND  := $(shell test -x $(PY) && echo yes)
STALE  := $(if $(SOUND),$(shell grep -sLxF -e '$(CURDIR)' $(STAMPS)),$(STAMPS))
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

$(STALE): FORCE

$(STAMPS): $(VENV)/.installed-%: pyproject.toml constraints.txt
	@rm -f $@ $(addprefix $(VENV)/.installed-,$(ALSO-$*))
	@$(PY) -c '$(RECENT)' 2>/dev/null && $(PY) -m pip --version >/dev/null 2>&1 || { \
	    command -v $(PYTHON) >/dev/null || { \
	        echo 'Python 3.11 or newer is needed, and there is no $(PYTHON) here.' \
	             'Name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python' >&2; exit 1; }; \
	    $(PYTHON) -c '$(RECENT)' || { \
	        echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	             'Name a newer one: make $(MAKECMDGOALS) PYTHON=/path/to/python' >&2; exit 1; }; \
	    echo 'Making $(VENV)'; \
	    $(PYTHON) -m venv --clear $(VENV); }
	$(PIP) install --editable '.$(EXTRAS-$*)' --constraint constraints.txt
	$(PY) -m tests.helpers.kernels
	@for set in $* $(ALSO-$*); do printf '%s\n' '$(CURDIR)' > $(VENV)/.installed-$$set; done
