GO ?= go

.PHONY: test check
test: check
	$(GO) test -race ./...

check:
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) test -short ./...
