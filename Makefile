# The commands of this repository. `make demo` and `make test` install what is missing; `make check` is what CI runs.
#
# RocksDB takes a quarter of an hour to compile. So that it is compiled once, every cargo call uses the release profile, the whole
# workspace, and the features of the development dependencies; the last is why `make build` builds the examples too.

export PATH := /usr/lib/ccache:$(PATH)
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help deps build test check demo bench interop gen vectors fix

help:
	@echo "make demo     build, then run the whole story on a throw-away log"
	@echo "make test     build, then run all tests"
	@echo "make interop  build, then let foreign tools read a log, and a second verifier many"
	@echo "make build    leaves trucelog and trucelogd in $(TARGET)/release"
	@echo "make bench    what a log does on this machine, beside what the machine can do"
	@echo "make check    lint, generated code, tests; changes nothing (CI)"
	@echo "make fix      format and apply lint suggestions"
	@echo "make gen      generate code from the schema, and tables of the documentation"
	@echo "make vectors  write the test vectors"

deps:
	@scripts/deps

build: deps
	cargo build --release --workspace --bins --examples

test: deps
	cargo test --release --workspace
	scripts/fuzz-seeds

check: deps
	scripts/check

demo: build
	$(TARGET)/release/trucelog demo

bench: build
	for what in ingest verify proof query open; do $(TARGET)/release/trucelog bench $$what || exit 1; done

interop: build
	scripts/interop

gen: deps
	cargo build --release --workspace --bins --examples
	$(TARGET)/release/examples/gen
	$(TARGET)/release/examples/docs

vectors: deps
	cargo build --release --workspace --bins --examples
	$(TARGET)/release/examples/vectors

fix:
	cargo fmt --all
	cargo clippy --release --workspace --all-targets --fix --allow-dirty --allow-staged
