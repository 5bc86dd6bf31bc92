# Two commands do everything on a fresh machine: `make demo` runs the main job, `make test` passes the tests.
GO       ?= go
BIN      := bin/breakeven
LINT     := 2.15.0
ADDR     ?= 127.0.0.1:8080

.PHONY: build demo test test-go test-web lint generate clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/breakeven

# Decides on the example call log, then serves the web app until it is interrupted.
demo: build
	$(BIN) decide examples/scenario.yaml --usage examples/coding-assistant.csv.gz
	@echo
	$(BIN) serve --addr $(ADDR)

test: test-go test-web

test-go:
	$(GO) vet ./...
	$(GO) test ./...

# Browser tests need Node.js and Chromium; scripts/browser installs what is missing.
test-web: build
	scripts/browser
	cd web && BREAKEVEN_BIN=$(CURDIR)/$(BIN) npx playwright test

lint:
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT) run

# Rewrites what is generated: the web app's bundle.
generate: web/node_modules
	$(GO) generate ./...

web/node_modules: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

clean:
	rm -rf bin web/node_modules web/test-results
