# The few words a newcomer types. Each is one line that calls cargo, the binary or a script of this tree.
# One target folder outside the checkout, shared by every command, so that nothing is built twice.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/hydrogen/target

HYDROGEN := $(CARGO_TARGET_DIR)/release/hydrogen
ONCE ?=
CHEATS ?= 0

.PHONY: help build demo testnet test fix contracts

help:
	@sed -n 's/^## //p' Makefile

## make demo       a task from creation to paid result on a fresh testnet (ONCE=1 stops it, CHEATS=1 adds a cheat)
demo: build
	@$(HYDROGEN) demo $(if $(filter 1,$(ONCE)),--once) --cheats $(CHEATS)

## make testnet    four validators, five compute nodes and a relay, until Ctrl-C
testnet: build
	@$(HYDROGEN) testnet up

## make build      the binary, in release
build:
	@.ci/prepare build
	cargo build --release -p hydrogen

## make test       everything this repository can check about itself
test:
	@.ci/prepare test
	@.ci/test

## make contracts  rebuild the committed .wasm files from their sources
contracts:
	@.ci/prepare test
	@contracts/build

## make fix        format
fix:
	cargo fmt --all
	cd contracts && cargo fmt --all
