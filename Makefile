# The two commands of a newcomer are `make run` and `make test`.
GO          ?= go
DATA        ?= build/demo
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: run build test check lint mutants bench golden campaigns clean

# Build, fill a ledger with nine campaigns (once), and show around.
run: build
	bin/reliefledger demo --data $(DATA) --tour

build:
	$(GO) build -o bin/reliefledger ./cmd/reliefledger

# Everything: static checks, all tests with the race detector where goroutines
# meet, the rest without.
test: lint
	$(GO) test ./domain ./cmd/...
	$(GO) test -race ./eventstore/... ./projections

# Format, vet, staticcheck and the fast tests; under a minute once built.
check: lint
	$(GO) test -short ./...

lint:
	@out=$$(gofmt -l domain eventstore projections cmd testdata); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }
	$(GO) vet ./... ./testdata/campaigns/...
	$(GO) run $(STATICCHECK) ./... ./testdata/campaigns/...

# For each of the twelve rules: switch its check off, and see the property tests
# find the breach.
mutants:
	$(GO) test -tags mutants -run TestMutants -v ./domain

bench:
	$(GO) test -run '^$$' -bench . ./...

# Write the golden summaries again; read the difference before committing it.
golden:
	$(GO) test ./cmd/reliefledger -run TestSummaries -update

# Write the nine campaigns again. FIGURES is the source's figures.jsonl, if the
# figures are to be copied anew.
campaigns:
	cd testdata/campaigns && $(GO) run ./generate $(FIGURES)

clean:
	rm -rf bin build
