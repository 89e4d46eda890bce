# Two commands on a fresh machine: `make run` and `make test`. GNU make 3.81 is enough.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
DEMO := sqlite:///$(CURDIR)/var/demo.db

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format check bench messages pictures clean

help: ## what can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort

run: $(STAMP) ## build the environment, migrate, deploy, seed demo users, and serve
	@$(BIN)/chengnuo serve

demo: $(STAMP) ## serve var/demo.db: 200 simulated cases of four months, built once, on an adjustable clock
	@mkdir -p var && test -f var/demo.ready || { rm -f var/demo.db*; \
	  DATABASE_URL="$(DEMO)" $(BIN)/chengnuo simulate --cases 200 --days 120 --seed 1 || test $$? -eq 1; } && touch var/demo.ready
	@DATABASE_URL="$(DEMO)" CLOCK=adjustable $(BIN)/chengnuo serve

test: $(DEV_STAMP) ## run the tests (PYTEST_ARGS adds arguments)
	@$(BIN)/pytest -n 2 --dist loadgroup -q $(PYTEST_ARGS)

lint: $(DEV_STAMP) ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/mypy --no-error-summary

format: $(DEV_STAMP) ## sort imports and mend what ruff can mend
	@$(BIN)/ruff check --fix-only .

check: $(STAMP) ## lint processes/, forms/ and handlers/
	@$(BIN)/chengnuo check

bench: $(DEV_STAMP) ## benchmarks (BENCH=step|pages|conformance BPMN=FILE INSTANCES=N HISTORY=K CASES=N JSON=1)
	@$(BIN)/python -m benchmarks $(if $(BENCH),$(BENCH),step) $(if $(BPMN),--bpmn "$(BPMN)") $(if $(INSTANCES),--instances $(INSTANCES)) $(if $(HISTORY),--history $(HISTORY)) $(if $(CASES),--cases $(CASES)) $(if $(JSON),--json)

messages: $(DEV_STAMP) ## collect texts to translate into app/translations
	@$(BIN)/pybabel -q extract -F babel.cfg -k _l -o $(VENV)/messages.pot . && $(BIN)/pybabel -q update --no-fuzzy-matching -i $(VENV)/messages.pot -d app/translations -l zh && $(BIN)/pybabel -q compile -f -d app/translations

pictures: $(DEV_STAMP) ## take docs/img/*.png from the running product (needs chromium; some minutes)
	@$(BIN)/python tools/take_pictures.py

clean: ## remove the environment (the data under var/ stays)
	@rm -rf $(VENV)

$(STAMP): requirements.txt tools/setup.sh
	@sh tools/setup.sh $(VENV) requirements.txt && touch $(STAMP)

$(DEV_STAMP): requirements-dev.txt requirements.txt tools/setup.sh $(STAMP)
	@sh tools/setup.sh $(VENV) requirements-dev.txt && touch $(DEV_STAMP)
