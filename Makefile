PYTHON ?= python3
JOBS ?= 2
# Submissions in the class of test-cluster.
CLASS ?= 2000

BIN := .venv/bin
READY := .venv/.ready
NBGRADER := .venv-nbgrader
CLUSTER := .venv-cluster
PEERS := .venv-peers

.DEFAULT_GOAL := help
.PHONY: help demo test test-course test-nbgrader test-cluster web test-web web-verdicts web-speed lint lint-course docs keys axe yaml-language-server bench bench-course bench-peers diagnosis wrong-answers efficiency numerics soak fuzz clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## Grade the sample class and show the table.
	rm -rf build/demo-grades
	$(BIN)/autograder grade examples/submissions --out build/demo-grades

test: $(READY) ## Run the tests.
	@echo "Running the tests, some 6,500: about seven minutes on two idle processors. They are counted first."
	$(BIN)/python -m pytest -n $(JOBS) --timeout 300

test-course: $(READY) ## Run the tests of the course's content: every exercise, its answers and mistakes.
	$(BIN)/python -m pytest -m course -n $(JOBS) --timeout 300

test-nbgrader: $(NBGRADER)/.ready ## Run the tests with nbgrader, the whole cycle included.
	PATH="$(CURDIR)/$(NBGRADER)/bin:$$PATH" $(NBGRADER)/bin/python -m pytest tests/nbgrader \
		-m nbgrader -n $(JOBS) --timeout 600

test-cluster: $(CLUSTER)/.ready ## Run the tests with a scheduler and workers of dask.distributed.
	CLUSTER_CLASS=$(CLASS) $(CLUSTER)/bin/python -m pytest tests/cluster -m cluster -rs --timeout 1800

web: web/node_modules/.ready ## Build the pages of release --web into the package.
	cd web && npm run --silent check && npm run --silent build

test-web: $(READY) web/node_modules/.ready build/pyodide/.ready ## Test those pages in Chromium.
	$(BIN)/python -m pytest tests/web -rs --timeout 1800

web-verdicts: $(READY) build/pyodide/.ready ## Hold verdicts in the browser against CPython's.
	$(BIN)/python -W ignore -m tests.web.verdicts

web-speed: $(READY) build/pyodide/.ready ## Measure how much those pages load, and how fast they check.
	$(BIN)/python -W ignore -m tests.web.measure

lint: $(READY) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lint-course: $(READY) ## Hold every exercise against its solution, mistakes and mutants: a minute.
	$(BIN)/autograder lint

docs: .venv/.docs ## Build the documentation as a site, without a broken link.
	$(BIN)/python docs/make_site.py

keys: $(READY) ## Write the tables of YAML keys into docs/, and the schemas into schema/.
	$(BIN)/python docs/write_key_tables.py
	$(BIN)/autograder schema --write

axe: $(READY) ## Check the pages of reports for accessibility, with axe-core from npm.
	@command -v npm > /dev/null || { echo "error: there is no npm, which brings axe-core" >&2; exit 1; }
	npm install --prefix build/axe --no-audit --no-fund axe-core
	$(BIN)/python -m pytest tests/browser/test_report_pages.py -rs

yaml-language-server: $(READY) ## Try what editors say of YAML, with the language server from npm.
	@command -v npm > /dev/null || { echo "error: there is no npm, which brings the server" >&2; exit 1; }
	npm install --prefix build/yaml-language-server --no-audit --no-fund yaml-language-server
	$(BIN)/python -m pytest tests/integration/test_yaml_language_server.py -rs

bench: $(READY) ## Measure how fast a class of many different answers is graded.
	$(BIN)/python benchmarks/mixed_class.py

bench-course: $(READY) ## Measure a thousand students of 19 exercises, and the memory of all processes.
	$(BIN)/python benchmarks/whole_course.py

bench-peers: $(READY) $(PEERS)/.ready ## Measure a class beside nbgrader, otter-grader, check50 and gradescope-utils.
	$(BIN)/python benchmarks/peers.py --peers $(PEERS)

diagnosis: $(READY) ## Measure how many wrong answers are explained, and how many falsely.
	$(BIN)/python -m tests.diagnosis.measure

wrong-answers: $(READY) ## Measure how many wrong answers get full points.
	$(BIN)/python -W ignore -m tests.wrong_answers.measure

efficiency: $(READY) ## See whether efficiency tests say the same on a busy machine, 20 times.
	$(BIN)/python -m tests.efficiency.measure

soak: $(READY) ## Grade 5,000 submissions, some hostile, and print what it costs.
	$(BIN)/python -m tests.security.soak

fuzz: $(READY) ## Look for input that crashes the grader or fails a test, for eleven minutes.
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile random -n $(JOBS)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris --editable '.[fuzz]'
	$(BIN)/python -m tests.security.fuzz

numerics: $(READY) ## Hold error estimates against mpmath, and right answers under 100 seeds (hours).
	$(BIN)/python -m tests.numerics.gradients_on_trial 4000
	$(BIN)/python -W ignore -m tests.numerics.right_answers_on_trial 100

clean: ## Delete the virtual environment and everything that was built.
	rm -rf .venv $(NBGRADER) $(CLUSTER) $(PEERS) build dist web/node_modules .coverage htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .autograder_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment, made anew when the dependencies may have changed.
$(READY): pyproject.toml
	@command -v $(PYTHON) > /dev/null \
		|| { echo "error: there is no $(PYTHON); install Python 3.11 or newer, or call make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: $$($(PYTHON) --version) is too old; install Python 3.11 or newer, or call make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null \
		|| { echo "error: $(PYTHON) has no module venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	@echo "Installing what the project needs into .venv; this takes about a minute."
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev,test]'
	@# Nothing else compiles an editable package where Python is told not to write bytecode.
	@$(BIN)/python -m compileall -q autograder
	@touch $@

web/node_modules/.ready: web/package.json web/package-lock.json
	@command -v npm > /dev/null || { echo "error: there is no npm, which brings esbuild" >&2; exit 1; }
	cd web && npm ci --no-audit --no-fund
	@touch $@

build/pyodide/.ready: $(READY)
	$(BIN)/python -m tests.web.runtime build/pyodide
	@touch $@

.venv/.docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

# Another one for nbgrader, whose hundred packages nobody else needs. psycopg: for the gradebook
# in PostgreSQL.
$(NBGRADER)/.ready: $(READY)
	rm -rf $(NBGRADER)
	$(PYTHON) -m venv $(NBGRADER)
	@echo "Installing nbgrader and its hundred packages into $(NBGRADER)."
	$(NBGRADER)/bin/python -m pip install --disable-pip-version-check \
		--editable '.[nbgrader,test]' 'psycopg[binary]'
	@touch $@

# Another one for dask.distributed, which is forty megabytes that nobody else needs.
$(CLUSTER)/.ready: $(READY)
	rm -rf $(CLUSTER)
	$(PYTHON) -m venv $(CLUSTER)
	@echo "Installing dask.distributed into $(CLUSTER)."
	$(CLUSTER)/bin/python -m pip install --disable-pip-version-check --editable '.[cluster]' \
		'hypothesis>=6.100' 'pytest>=8' 'pytest-timeout>=2.3'
	@touch $@

# Another one for the graders that benchmarks/peers.py holds this one against.
$(PEERS)/.ready: $(READY)
	rm -rf $(PEERS)
	$(PYTHON) -m venv $(PEERS)
	@echo "Installing other graders into $(PEERS)."
	$(PEERS)/bin/python -m pip install --disable-pip-version-check \
		nbgrader otter-grader check50 gradescope-utils
	@touch $@
