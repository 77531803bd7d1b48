# The targets that people and CI use. Everything that is downloaded comes from package registries and is kept
# in target/ and .tools/.

CARGO ?= cargo
TOOLS := .tools
ARGS ?=

.PHONY: run build pages test test-all test-rust test-ui test-e2e fuzz lint bench fmt clean

# The release build, served from ./planetstore-data. `make run ARGS="--listen 0.0.0.0:9000"` passes flags on.
run: build
	@server=$${PLANETSTORE_NATS_SERVER:-$$(nats/install)} && PLANETSTORE_NATS_SERVER="$$server" exec target/release/planetstore dev $(ARGS)

build: pages
	$(CARGO) build --release --locked -p planetstore

# The pages of the console, which become part of the program. They are built only if their sources are newer.
pages:
	@services/admin/build-pages

# Everything but the longest end-to-end cases, each of which has a shorter one beside it; `test-all` runs those too. The
# end-to-end tests take the binary that the Rust tests were built with, rather than build everything once more.
test: test-rust test-ui
	@PLANETSTORE_BINARY="$(CURDIR)/target/debug/planetstore" exec tests/run --short $(ARGS)

test-all: test-rust test-ui
	@PLANETSTORE_BINARY="$(CURDIR)/target/debug/planetstore" exec tests/run --all $(ARGS)

# Includes the tests against a real nats-server and those of the binary as a process, which gets the console's pages: the
# end-to-end tests drive them in a browser.
test-rust: pages
	server=$${PLANETSTORE_NATS_SERVER:-$$(nats/install)} && PLANETSTORE_NATS_SERVER="$$server" $(CARGO) test --workspace --locked

# What is pure in the console.
test-ui: pages
	cd ui && npm run --silent test

# Everyday clients, the wire, crashes and power losses, against the debug build. tests/run installs what it needs.
test-e2e: pages
	$(CARGO) build --locked -p planetstore
	@PLANETSTORE_BINARY="$(CURDIR)/target/debug/planetstore" exec tests/run --short $(ARGS)

lint: pages
	cd ui && npm run --silent lint
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) fmt --manifest-path tests/clients/rust/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny --all-features check licenses bans sources; \
	else echo "note: cargo-deny is not installed; licences are checked by the tests of planetstore"; fi
	@supply-chain/audit
	@for script in $$(git ls-files -coz --exclude-standard | xargs -0 grep -slE '^#!/(bin/sh|usr/bin/env sh)' || true); do \
	sh -n "$$script" || exit 1; done
	@for script in $$(git ls-files -coz --exclude-standard | xargs -0 grep -slE '^#!.*bash' || true); do \
	bash -n "$$script" || exit 1; done

# The load ladder beside the peers, as a table: `make bench ARGS="planetstore"` for this store alone.
bench:
	@exec bench/compare $(ARGS)

fmt:
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml
	$(CARGO) fmt --manifest-path tests/clients/rust/Cargo.toml

# Fuzzes every decoder of untrusted bytes, FUZZ_SECONDS (60) each; needs a C++ compiler.
# `make fuzz ARGS="xml policy"` runs those two.
fuzz:
	@CARGO="$(CARGO)" exec fuzz/run $(ARGS)

# What was built. Data in ./planetstore-data stays.
clean:
	$(CARGO) clean
	rm -rf $(TOOLS)
