.PHONY: check test bench generate fmt

check:
	.ci/run

test:
	go test ./...

# Beside PyTorch and others, see docs/benchmarks.md. BENCH has flags: make bench BENCH='-run lenet5 -markdown'
bench:
	bench/install.sh
	go -C bench run . $(BENCH)

generate:
	go generate ./...

fmt:
	gofmt -w .
