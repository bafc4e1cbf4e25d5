# make help lists the targets.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector looks at our code and at what it calls, but not into what only reckons: SQLite, which is C made Go by a machine, its allocator, and
# scrypt. Watching these takes two thirds of the time of all tests. They have no generic code, whose instances others would share.
UNWATCHED := -race=false -d=checkptr=0
RACE := -race -gcflags='modernc.org/...=-d=checkptr=0' -gcflags='modernc.org/sqlite/lib=$(UNWATCHED)' \
	-gcflags='modernc.org/memory=$(UNWATCHED)' -gcflags='golang.org/x/crypto/scrypt=$(UNWATCHED)'

.PHONY: help check fmt vet staticcheck test interop fips tour bench soak

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

check: fmt vet staticcheck test tour ## all that must be green before a change lands

fmt: ## fail if a file is not gofmt's
	@out=$$(gofmt -l .); test -z "$$out" || { echo "not gofmt's:"; echo "$$out"; exit 1; }

vet: ## go vet
	go vet ./...
	cd internal/bench && go vet ./...

staticcheck: ## staticcheck
	go run $(STATICCHECK) ./...

test: ## all tests with the race detector, on SQLite and Postgres
	BAILIWICK_REQUIRE_POSTGRES=1 go test $(RACE) -p 3 -timeout 20m ./...

interop: ## what other projects read of ours, and we of theirs (downloads some 10 MB of modules)
	cd internal/interop && go vet ./... && go test ./...
	cd internal/interop/sentry && go vet ./... && go test ./...
	cd internal/interop/vault && go vet ./... && go test ./...
	cd internal/interop/standardwebhooks && go vet ./... && go test ./...

fips: ## the vault, webhooks and API tokens where only the algorithms of FIPS 140-3 are allowed
	GODEBUG=fips140=on go test ./vault ./vault/webhook ./rbac/apitoken
	GODEBUG=fips140=only go test ./vault ./vault/webhook ./rbac/apitoken

tour: ## every promise, tried and held, on both databases
	go run ./examples/tour
	go run ./examples/tour -postgres throwaway

bench: ## measure beside the peers and the floors (BENCH=regexp, TIME=1s, COUNT=1)
	cd internal/bench && go test -tags peers -run '^$$' -bench '$(or $(BENCH),.)' -benchtime $(or $(TIME),1s) -count $(or $(COUNT),1) -benchmem .

soak: ## the long tests: millions of operations, attacks, crashes and histories (hours; FUZZ=2m a target of redact)
	BAILIWICK_SOAK=1 BAILIWICK_REQUIRE_POSTGRES=1 go test -count=1 -timeout 8h -run "Soak|UnderStress" -v ./tenancy/...
	BAILIWICK_SOAK=1 BAILIWICK_REQUIRE_POSTGRES=1 go test -count=1 -timeout 12h -v ./audit/...
	BAILIWICK_SOAK=1 BAILIWICK_REQUIRE_POSTGRES=1 go test -count=1 -timeout 4h -v ./rbac/... ./consent/... ./supportgrant/... ./dsar/...
	BAILIWICK_SOAK=1 BAILIWICK_REQUIRE_POSTGRES=1 go test -count=1 -timeout 4h -v ./vault/...
	BAILIWICK_SOAK=1 go test -count=1 -timeout 4h -run FiftyOrganisations -v ./examples/helpdesk
	go test -count=1 -timeout 4h ./redact -rapid.checks=5000
	@for f in $$(go test -list '^Fuzz' ./redact | grep '^Fuzz'); do \
		go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(or $(FUZZ),2m) ./redact || exit 1; done
