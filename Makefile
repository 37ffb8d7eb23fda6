# Each target is what CI calls too. `make run` and `make test` are all that a newcomer needs.
CARGO ?= cargo

.PHONY: run test check fmt lint contract bench tools

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

contract: ## Random input against the OpenAPI document (schemathesis, from PyPI)
	$(CARGO) build --bin mayfly
	crates/gateway/contract/run target/debug/mayfly

bench: tools ## Ratios against peers measured in the same run
	$(CARGO) bench --package mayfly-server

tools: ## Programs that tests and benches use, from Debian's packages and crates.io
	deploy/tools.sh
