.PHONY: check test bench generate fmt

check:
	.ci/run

test:
	go test ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

generate:
	go generate ./...

fmt:
	gofmt -w .
