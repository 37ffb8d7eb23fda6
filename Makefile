# CI calls these targets too. Start with `make run` and `make test`.
CARGO ?= cargo
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

# Tests wait as much as they compute.
TEST_THREADS ?= $(shell n=$$(nproc); echo $$((n + n / 2)))

.PHONY: install run gen test check fmt lint contract clients dist publish screenshots site bench bench-instructions fuzz tools up up-observed upgrade down

install: ## Release build; puts mayfly into ~/.cargo/bin
	$(CARGO) install --locked --path crates/server

run: ## Build and start all roles in one process on SQLite
	@test -e "$${CARGO_TARGET_DIR:-target}/debug/mayfly" || echo 'The first build takes 5 to 15 minutes on two cores; later builds take seconds.'
	$(CARGO) run --bin mayfly

gen: ## Write docs/CONFIGURATION.md and the constants of docs/LIMITS.md from the code, and the PrometheusRules from the alerts
	deploy/kubernetes/components/prometheus-operator/generate.sh
	$(CARGO) run --quiet --bin mayfly -- config reference > docs/CONFIGURATION.md.new
	mv docs/CONFIGURATION.md.new docs/CONFIGURATION.md
	UPDATE_LIMITS=1 UPDATE_CLI=1 $(CARGO) nextest run --workspace -E 'test(limits_page_lists_every_constant) | test(command_line_page_is_current)'

test: tools ## Install missing programs and run the whole suite
	$(CARGO) nextest run --workspace --test-threads $(TEST_THREADS)

check: fmt lint test ## What CI runs

fmt:
	$(CARGO) fmt --all --check

lint: tools
	.ci/words
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) deny --log-level error check licenses bans sources
	cd crates/gateway && PATH=$$PWD/web-tests/node_modules/.bin:$$PATH tsc -p web-tests/tsconfig.page.json
	cd crates/gateway && PATH=$$PWD/web-tests/node_modules/.bin:$$PATH tsc -p web-tests/tsconfig.json
	cd crates/gateway && PATH=$$PWD/web-tests/node_modules/.bin:$$PATH eslint --config web-tests/eslint.config.js web web-tests

up: export COMPOSE := $(COMPOSE)
up: ## Every role in its own containers over PostgreSQL and Redis; more replicas: `make up SCALE="--scale gateway=2"`
	deploy/secrets.sh
	deploy/compose/up.sh $(SCALE)

up-observed: export COMPOSE_PROFILES = observability
up-observed: export MAYFLY_TELEMETRY__OTLP_ENDPOINT = http://otel-collector:4317
up-observed: up ## The same with Jaeger, Prometheus and Grafana

upgrade: export COMPOSE := $(COMPOSE)
upgrade: ## Replace the containers of every role one at a time: a new version or changed settings, without an interruption
	deploy/compose/upgrade.sh

down: export COMPOSE_PROFILES = observability,acme
down: ## Stop the containers; keeps databases and secrets
	$(COMPOSE) down --remove-orphans

contract: tools ## The OpenAPI document: a validator, generated clients, and schemathesis against a server
	$(CARGO) build --workspace --bin mayfly
	crates/gateway/contract/run "$${CARGO_TARGET_DIR:-target}/debug/mayfly"

clients: tools ## Write the generated parts of the client libraries, and build their packages into target/clients
	$(CARGO) build --workspace --bin mayfly
	clients/with-server "$${CARGO_TARGET_DIR:-target}/debug/mayfly" clients/generate
	clients/build

dist: clients ## The release into target/dist: static binaries, SBOMs, images, chart and client packages; docs/RELEASING.md
	deploy/tools.sh dist
	deploy/dist/run

publish: ## Upload what `make dist` built: a draft release and the image
	deploy/dist/publish

screenshots: tools ## Screenshots of every view of the page into docs/images
	mkdir -p docs/images
	MAYFLY_SCREENSHOTS=$(CURDIR)/docs/images $(CARGO) nextest run --package mayfly-server -E 'test(page::browser::)'

site: tools ## The documentation site into target/site; every warning is an error
	docs/site/build target/site

bench: tools ## Ratios against other servers, measured in the same run; BENCHES="--quick search" runs some
	$(CARGO) bench --package mayfly-server --bench peers -- $(BENCHES)

bench-instructions: tools ## Instructions of the hot paths against the baseline; UPDATE_BASELINE=1 rewrites it
	$(CARGO) bench --profile dev --workspace --bench instructions -- $(if $(UPDATE_BASELINE),--update) $(PATHS)

fuzz: ## Fuzz every parser of foreign input; FUZZ_SECONDS=600 for each of them, 60 by default
	fuzz/run $(or $(FUZZ_SECONDS),60)

tools: ## Install programs of tests and benches, from Debian, crates.io, PyPI and npm
	deploy/tools.sh
