# Each target is what CI calls too. `make run` and `make test` are all that a newcomer needs.
CARGO ?= cargo
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

.PHONY: run test check fmt lint contract screenshots bench tools up up-observed down

run: ## Build and start everything on an embedded default
	$(CARGO) run --bin mayfly

test: tools ## Install what is missing and run the whole suite
	$(CARGO) nextest run --workspace

check: fmt lint test ## What CI runs

fmt:
	$(CARGO) fmt --all --check

lint: tools
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) deny --log-level error check licenses bans sources
	cd crates/gateway && PATH=$$PWD/web-tests/node_modules/.bin:$$PATH tsc -p web-tests/tsconfig.json
	cd crates/gateway && PATH=$$PWD/web-tests/node_modules/.bin:$$PATH eslint --config web-tests/eslint.config.js web web-tests

up: ## Every role in containers over PostgreSQL and Redis; `make up SCALE="--scale gateway=2"` for more replicas
	deploy/secrets.sh
	$(COMPOSE) up --build --detach $(SCALE)

up-observed: export COMPOSE_PROFILES = observability
up-observed: export MAYFLY_TELEMETRY__OTLP_ENDPOINT = http://otel-collector:4317
up-observed: up ## The same with Jaeger, Prometheus and Grafana

down: export COMPOSE_PROFILES = observability
down: ## Stop it; databases and secrets are kept
	$(COMPOSE) down --remove-orphans

contract: ## Random input against the OpenAPI document (schemathesis, from PyPI)
	$(CARGO) build --bin mayfly
	crates/gateway/contract/run target/debug/mayfly

screenshots: tools ## Every view of the page into docs/images
	mkdir -p docs/images
	MAYFLY_SCREENSHOTS=$(CURDIR)/docs/images $(CARGO) nextest run --package mayfly-server -E 'test(a_person_uses_the_page)'

bench: tools ## Ratios against peers measured in the same run
	$(CARGO) bench --package mayfly-server

tools: ## Programs that tests and benches use, from Debian's packages and crates.io
	deploy/tools.sh
