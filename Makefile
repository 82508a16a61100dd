# ganviz: `make run` opens the explorer, `make test` runs the tests. Both set up .venv first, quickly the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: run test lint coverage bench bench-long docs clean

run: $(STAMP)
	@$(BIN)/python -m app.start

test: $(STAMP)
	@$(BIN)/python -m app.start --prepare
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy

# Branch coverage of the tests, by package; subprocesses and threads count. The lines not reached are in out/coverage/html.
coverage: $(STAMP)
	@$(BIN)/python -m app.start --prepare
	@rm -rf out/coverage && mkdir -p out/coverage
	@$(BIN)/python -m coverage run -m pytest -n 2 --dist loadfile
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage html --quiet --directory out/coverage/html
	@for package in ganviz trainers app; do echo "$$package: \
	    $$($(BIN)/python -m coverage report --format=total --precision=1 --include="$$package/*") %"; done

# Figures as tables, in out/bench.md and out/bench.json; under ten minutes on two idle cores.
# What a benchmark compares with may be missing here; it then says so and is left out.
BENCH = GANVIZ_ALLOW_SKIPS=1 $(BIN)/python -m pytest tests/benchmarks -o addopts="-q -s --import-mode=importlib" -p no:xdist -W default

bench: $(STAMP) $(VENV)/bench-installed
	@$(BIN)/python -m app.start --prepare
	@$(BIN)/python -m compileall -q app ganviz trainers
	@$(BENCH) -m "benchmark and not long"

bench-long: $(STAMP) $(VENV)/bench-installed
	@$(BIN)/python -m app.start --prepare
	@$(BENCH) -m "benchmark and long"

$(VENV)/bench-installed: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]" && touch $@ || \
	    echo "What the benchmarks compare with cannot be installed; those lines are left out."

# The pages into out/site, without the network; a warning fails.
docs: $(STAMP) $(VENV)/docs-installed
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --quiet && echo "out/site/index.html"

$(VENV)/docs-installed: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]" && touch $@

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; say which one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	    { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing ganviz and what it needs into $(VENV) (some hundred megabytes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@$(BIN)/python -m compileall -q app ganviz trainers
	@touch $(STAMP)

clean:
	rm -rf $(VENV) out
