# CareHub from a checkout: needs a POSIX shell, make and Python >= 3.11, nothing else.
# `make up PORT=8001` or `make up ARGS="--port 8001 --reset"` pass options to `carehub up`.

PYTHONS = $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14
BIN = .venv/bin
PORT_OPTION = $(if $(filter command,$(firstword $(origin PORT))),--port $(PORT))
COMPILE = pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml

.PHONY: help up test quick bench bench-quick checks standalone development venv lock clean
.NOTPARALLEL:

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

up: standalone ## run everything on this machine, with a demo practice; Ctrl-C stops it
	@exec $(BIN)/python -m carehub up $(PORT_OPTION) $(ARGS)

test: checks ## everything that CI runs
	$(BIN)/python -m pytest -n 2 $(ARGS)

quick: checks ## lint, types, contracts and the quick tests
	$(BIN)/python -m pytest -q -n 2 -m quick $(ARGS)

bench: development ## measure the hot path beside its baselines; an hour, on a machine that does nothing else
	$(BIN)/python -m tests.bench $(ARGS)

bench-quick: development ## the same with small rounds, in minutes
	$(BIN)/python -m tests.bench --quick $(ARGS)

lock: ## renew the pinned packages in deploy/requirements (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	uv $(COMPILE) -o deploy/requirements/production.txt
	uv $(COMPILE) --extra standalone -o deploy/requirements/standalone.txt
	uv $(COMPILE) --extra development -o deploy/requirements/development.txt

clean: ## delete the virtual environment and caches (the demo's data: make up ARGS=--reset)
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache
	find carehub config tests -name __pycache__ -type d -prune -exec rm -rf {} +

checks: development
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	@# Types are read from the settings, which want an installation's variables; nothing is connected to.
	DATABASE_URL=postgres://none REDIS_URL=redis://none SECRET_KEY=types $(BIN)/python -m mypy
	$(BIN)/lint-imports

standalone development: venv
	@$(BIN)/python carehub/standalone/install.py deploy/requirements/$@.txt

# A usable environment is kept; one that is missing, half-made or left behind by an older Python is made anew.
venv:
	@if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		chosen=; bare=; \
		for python in $(PYTHONS); do \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			if $$python -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$python; break; fi; \
			bare=$${bare:-$$python}; \
		done; \
		if test -n "$$chosen"; then \
			echo "Making .venv with `$$chosen --version` ..."; \
			$$chosen -m venv --clear .venv; \
		elif test -n "$$bare"; then \
			package=`$$bare -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'`; \
			echo "$$bare cannot make virtual environments: on Debian or Ubuntu, apt install $$package"; \
			exit 1; \
		else \
			echo "CareHub needs Python 3.11 or newer and found none: on Debian or Ubuntu, apt install python3-venv;"; \
			echo "elsewhere see https://www.python.org/downloads/, then make up PYTHON=/path/to/python3"; \
			exit 1; \
		fi; \
	fi
	@printf '#!/bin/sh\nPYTHONPATH="%s$${PYTHONPATH:+:$$PYTHONPATH}" exec "%s/$(BIN)/python" -m carehub "$$@"\n' \
		"$(CURDIR)" "$(CURDIR)" > $(BIN)/carehub && chmod +x $(BIN)/carehub
