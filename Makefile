# Thin: each target is one command that can be typed by hand. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
STACK ?= dev
# More arguments for `up`, such as --all or --json.
ARGS ?=
BIN := .venv/bin
SANDBOX := $(BIN)/python -m sandbox

.PHONY: help up preview refresh down status shell check workflows test bench lock pin-cli

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

# Exact versions with hashes; installed again only when they change. Standard output stays empty: `up` may print JSON to it.
.venv/installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed; this is " + sys.version.split()[0] + ": run make PYTHON=python3.12 ...")'
	@echo "first: the pinned Python packages into .venv (once: about 2 minutes, 900 MB)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Published as source alone; its modules are pinned by hash in go.sum.
$(BIN)/actionlint: .github/actionlint/go.mod .github/actionlint/go.sum .venv/installed
	go -C .github/actionlint build -o $(CURDIR)/$@ github.com/rhysd/actionlint/cmd/actionlint

up: .venv/installed ## bring STACK (dev, prod) up on this machine: real engine, real provider, emulated AWS
	@$(SANDBOX) up --stack $(STACK) $(ARGS)

preview: .venv/installed ## what `up` would change, judged by the policy pack
	@$(SANDBOX) preview --stack $(STACK)

refresh: .venv/installed ## compare the state with the emulated account
	@$(SANDBOX) refresh --stack $(STACK)

down: .venv/installed ## destroy STACK; leaves no process and no state
	@$(SANDBOX) down --stack $(STACK)

status: .venv/installed ## what runs, and what was called that nobody emulates
	@$(SANDBOX) status --stack $(STACK)

shell: .venv/installed ## a shell in which plain `pulumi preview` and `aws` speak to STACK's sandbox
	@$(SANDBOX) shell --stack $(STACK)

check: .venv/installed ## format, lint, types, unit, stack and policy tests (about three minutes)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet .github
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory workflows; \
	else echo "there is no go on the PATH: actionlint does not look at the workflows here, CI does"; fi
	$(BIN)/pytest tests/unit tests/stack tests/policies --numprocesses 2 --dist loadfile

workflows: $(BIN)/actionlint ## actionlint, with ShellCheck, over .github/workflows; needs Go
	PATH=$(CURDIR)/$(BIN):$$PATH actionlint

# Four at once on two cores: bringing a stack up is mostly waiting.
test: check ## check, then the sandbox tests: real engine, real provider, both stacks
	$(BIN)/pytest tests/sandbox --numprocesses 4 --dist loadfile --no-loadscope-reorder

bench: .venv/installed ## measure against the limits we promise
	$(BIN)/python -m tests.bench

lock: .venv/installed ## resolve pyproject.toml into requirements/*.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --output-file requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --all-extras --output-file requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --constraint requirements/runtime.txt --output-file policies/requirements.txt policies/requirements.in

pin-cli: .venv/installed ## record the hashes of the pinned Pulumi release; needs a network
	$(BIN)/python -m sandbox.toolchain.pin_cli
