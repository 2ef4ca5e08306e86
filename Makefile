# Everything that is done to Ward. It needs Rust with a C linker, Python 3.9 or later with venv, and make.

PYTHON ?= python3
VENV_PYTHON = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup run test fmt lint docs footprint bench clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Fetch ONNX Runtime and the Python client's packages (into .onnxruntime and .venv)
	@$(PYTHON) scripts/setup.py

# WARD_LISTEN and WARD_ADMIN_LISTEN are the addresses, where those of ward.toml do not suit.
run: setup ## Build Ward, start it, ask it an age and a chat, leave it serving
	cargo build --locked --release --package service
	@$(VENV_PYTHON) scripts/run.py

# `cargo test` also builds the program `ward`, for tests of its own; the ones in Python take the same.
test: setup lint docs ## Run every check and every test
	cargo test --locked --workspace
	$(VENV_PYTHON) -m unittest discover --start-directory tests

fmt: ## Format the Rust sources
	cargo fmt --all

lint: ## Check format, lints and floors
	cargo fmt --all --check
	$(PYTHON) scripts/floors.py
	cargo clippy --locked --workspace --all-targets -- --deny warnings

docs: ## Build the documentation of the crates (into target/doc)
	RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps --document-private-items

footprint: setup ## Measure time until ready and memory, as JSON
	cargo build --locked --release --package service
	$(VENV_PYTHON) scripts/footprint.py

# CHATS are files of chats to draw messages from, where the load test's own lines are not enough.
bench: setup ## Measure speed and overload against the models alone, as a table (half an hour)
	cargo build --locked --release --workspace
	cargo bench --locked --package models --bench raw_limit --no-run
	$(VENV_PYTHON) scripts/bench.py $(CHATS)

clean: ## Remove all that was built and fetched
	cargo clean
	rm -rf .venv .onnxruntime
