# The one door for people. Only Python 3.11+ and make must be on the machine; everything else goes into .venv.
# Another interpreter: make clean venv PYTHON=python3.13. Arguments for pytest: make test ARGS="-k multipart".

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint bench docs clean

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

venv: $(VENV)  ## the virtual environment .venv with the project and all that development needs

# A stamp file, so that only a changed pyproject.toml installs again.
$(VENV): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one: make PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev --editable ".[postgres,validation,jwt,prometheus,otel,openai,anthropic,google,langgraph,pydantic-ai]" && touch $@

demo: $(VENV)  ## the demo page on http://127.0.0.1:8000 (another port: AGUI_PORT=9000 make demo)
	@$(BIN)/agui-runtime demo

test: $(VENV)  ## all tests
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)  ## ruff, mypy, pyright and the layer rules
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python && $(BIN)/lint-imports

bench: $(VENV)  ## streaming side by side with the TypeScript runtimes and raw aiohttp (writes docs/benchmarks.md)
	@$(BIN)/python -m benchmarks.stream --write docs/benchmarks.md
	@$(BIN)/python -m benchmarks.agui --write docs/benchmarks.md

docs: $(VENV)  ## the documentation as a site in build/docs; a link that leads nowhere fails
	@$(BIN)/python -m agui_runtime.composition.settings_page >docs/settings.md
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:  ## remove .venv, builds and caches
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
