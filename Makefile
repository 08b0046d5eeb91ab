# SyncTV. `make help` lists what there is; `make run` and `make test` need nothing prepared.

GO        ?= go
BINARY    := synctv
WEB_SRC   := $(shell find web/src web/public web/scripts -type f 2>/dev/null) web/index.html web/package-lock.json web/vite.config.ts
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.release=$(shell git describe --tags --always --dirty 2>/dev/null || echo dev)"

.DEFAULT_GOAL := help
.PHONY: help run build dev test gen lint bench bench-sync clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## Build and start the server (http://localhost:8080)
	./$(BINARY)

build: web/dist/index.html ## Build the one binary, web client inside
	CGO_ENABLED=0 $(GO) build $(GOFLAGS_BUILD) -o $(BINARY) .

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SRC)
	cd web && npm run build --silent
	@touch $@

dev: web/node_modules/.package-lock.json ## Server and Vite side by side, pages reload as you type
	scripts/dev

test: ## Install what tests need, then run all of them against real peers
	scripts/test

gen: ## Regenerate code from proto/ and the configuration page
	scripts/gen

lint: ## Format, vet and staticcheck
	scripts/lint

bench: build ## Measure; tables on the screen (see bench/README.md)
	$(GO) run ./bench all

bench-sync: build ## Measure how well browsers stay in sync
	$(GO) run ./bench sync

clean: ## Remove what was built; the data folder stays
	rm -rf $(BINARY) web/dist/assets web/dist/index.html* .cache .tools
