# The two commands of a newcomer are `make run` and `make test`.
GO          ?= go
# Where the events are: empty is the folder itself; esdb://host:2113?tls=false
# is a node or a cluster.
STORE       ?=
DATA        ?= build/demo$(if $(STORE),-elsewhere)
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector, but for one package that is not ours: EventStoreDB's client
# reads a call's headers while gRPC may still write them, when the call's context
# has just ended (esdb/client.go, AppendToStream). What calls it is watched.
RACE = -race -gcflags=github.com/EventStore/EventStore-Client-Go/v4/esdb=-race=false

.PHONY: run build test tools check lint race soak soak-race simulate exhaustive kills mutants bench bench-compare bench-ledger bench-growth bench-peers golden campaigns fonts clean

# Build, fill a ledger with nine campaigns (once), and show around.
run: build
	bin/reliefledger demo --data $(DATA) $(if $(STORE),--store '$(STORE)') --tour

build:
	$(GO) build -o bin/reliefledger ./cmd/reliefledger

# Everything: static checks, all tests with the race detector where goroutines
# meet, the rest without; so also most cuts of the simulation. The clients of
# other languages come from npm by the tests themselves.
test: lint tools
	$(GO) test ./domain $$($(GO) list ./cmd/... | grep -v /office$$)
	$(GO) test $(RACE) ./eventstore/... ./projections ./cmd/internal/office
	$(GO) test ./eventstore/ledger -run TestSimulate -simulate.cuts=2000 -simulate.faults=200

# What the tests need beside Go, Node and npm: Debian's PostgreSQL, of which
# they start a server of their own, hledger and ledger, which are peers, and
# poppler's pdftotext, which reads papers.
tools:
	@command -v hledger >/dev/null && command -v ledger >/dev/null || \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y hledger ledger >/dev/null; } || \
	{ echo "the tests need hledger and ledger: apt-get install hledger ledger"; exit 1; }
	@command -v pdftotext >/dev/null || \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y poppler-utils >/dev/null; } || \
	{ echo "the tests need pdftotext: apt-get install poppler-utils"; exit 1; }
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y postgresql >/dev/null; } || \
	{ echo "the tests need PostgreSQL: apt-get install postgresql"; exit 1; }
	@command -v npm >/dev/null || { echo "the tests need Node.js (20 or later) and npm"; exit 1; }

# A county's busiest day against a node with 200 readers; five minutes.
SOAK ?= 5m
soak:
	$(GO) test ./eventstore/ledger -run TestSoak -soak $(SOAK) -timeout 30m -v

# The same for ten minutes with the race detector, which slows it some tenfold.
soak-race:
	$(GO) test $(RACE) ./eventstore/ledger -run TestSoak -soak 10m -soak.readers 50 -timeout 40m -v

# All tests with the race detector; `make test` has those packages in which
# goroutines meet. The domain has none, and its long tests, of every sequence of
# commands, would take the detector an hour: its short ones are run.
race: tools
	$(GO) test $(RACE) -short ./domain
	$(GO) test $(RACE) -timeout 40m $$($(GO) list ./... | grep -v /domain$$)

# Histories drawn from SEEDS seeds, cut at every sync and opened again, and as
# many on disks that break; some 220 cuts a seed. A failure says how to see it
# again.
SEEDS ?= 230
simulate:
	$(GO) test ./eventstore/ledger -run TestSimulate -simulate.seeds=$(SEEDS) -simulate.faults=$(SEEDS) -timeout 6h -v

# Every sequence of LENGTH commands over a tiny ledger.
LENGTH ?= 4
exhaustive:
	$(GO) test ./domain -run TestExhaustive -exhaustive=$(LENGTH) -timeout 6h -v

# Whole processes: a demonstration that is killed KILLS times, sixteen at one
# folder, full disks (as root, who may mount small ones).
KILLS ?= 100
kills:
	$(GO) test ./cmd/reliefledger -run 'TestKilledDemo|TestSixteenAtOnce|TestFullDisk' -kills=$(KILLS) -timeout 1h -v

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

# The benchmarks of each hot path, COUNT times, into build/bench.txt; and two
# such files compared: make bench-compare OLD=before.txt.
COUNT     ?= 6
BENCHSTAT ?= golang.org/x/perf/cmd/benchstat@v0.0.0-20250813145418-2f7363a06fe1
bench:
	@mkdir -p build
	$(GO) test -run '^$$' -bench . -count $(COUNT) ./... | tee build/bench.txt

bench-compare:
	$(GO) run $(BENCHSTAT) $(OLD) build/bench.txt

# A whole ledger of PAYMENTS payments, filled and measured on this disk; and how
# that grows, as a table, build/growth.json and a picture, build/growth.svg.
PAYMENTS ?= 100000
GROWTH   ?= 10000,100000,1000000
bench-ledger: build
	bin/reliefledger bench --payments $(PAYMENTS)

bench-growth: build
	@mkdir -p build
	bin/reliefledger bench --payments $(GROWTH) --json > build/growth.json
	$(GO) run ./cmd/benchplot < build/growth.json > build/growth.svg

# The same payments with PostgreSQL, hledger and ledger, ours in the same run.
PEERS ?= 100000
bench-peers: tools
	$(GO) test ./cmd/internal/bench -run TestPeers -peers $(PEERS) -peers.json $(CURDIR)/build/peers.json -timeout 1h -v

# Write the golden summaries and previews again; read the difference before committing it.
golden:
	$(GO) test ./cmd/reliefledger -run TestSummaries -update
	$(GO) test ./cmd/internal/sheets -run TestPreviews -update

# Write the nine campaigns again. FIGURES is the source's figures.jsonl, if the
# figures are to be copied anew.
campaigns:
	cd testdata/campaigns && $(GO) run ./generate $(FIGURES)

# Cut the Chinese font of the papers again, from the whole one in npm.
FONT ?= @expo-google-fonts/noto-sans-sc@0.4.3
fonts:
	@/usr/bin/python3 -c 'import fontTools' 2>/dev/null || { echo "cutting the font needs fonttools: apt-get install python3-fonttools"; exit 1; }
	@dir=$$(mktemp -d) && trap "rm -rf $$dir" EXIT && npm pack --silent --pack-destination $$dir $(FONT) >/dev/null && \
	tar xzf $$dir/*.tgz -C $$dir && cp $$dir/package/LICENSE_FONT cmd/internal/paper/fonts/OFL.txt && \
	/usr/bin/python3 cmd/internal/paper/fonts/cut.py $$dir/package/400Regular/NotoSansSC_400Regular.ttf

clean:
	rm -rf bin build
