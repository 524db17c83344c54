package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/op"
)

// smallBench is work of both kinds that takes no time.
func smallBench() []benchItem {
	return []benchItem{
		{"network", 8, func() measure.Work { return measure.Unary(op.ReLU, 4) }},
		{"kernel", 0, func() measure.Work { return measure.MatMul(2, 3, 4) }},
	}
}

func TestBenchMeasuresEverything(t *testing.T) {
	r, err := runBench(context.Background(), smallBench(), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Threads < 1 || r.CorePeak <= 0 || r.Peak < r.CorePeak || len(r.Networks) != 1 || len(r.Kernels) != 1 {
		t.Fatalf("got %+v", r)
	}
	if n := r.Networks[0]; n.Name != "network" || n.Batch != 8 || n.Images != 8/n.Seconds {
		t.Errorf("network %+v", n)
	}
	if k := r.Kernels[0]; k.Name != "kernel" || k.GFLOPS != 2*2*3*4/k.Seconds/1e9 || k.Share != k.GFLOPS/r.Peak {
		t.Errorf("kernel %+v", k)
	}
}

func TestBenchStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := runBench(ctx, smallBench(), time.Millisecond); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestBenchNamesItsWorkOnce(t *testing.T) {
	seen := map[string]bool{}
	networks := 0
	for _, item := range benchWork() {
		key := fmt.Sprint(item.name, item.batch)
		if seen[key] {
			t.Errorf("%q comes twice", key)
		}
		seen[key] = true
		if item.batch > 0 {
			networks++
		}
	}
	if networks != 6 || len(seen) != 16 {
		t.Errorf("%d networks of %d items", networks, len(seen))
	}
}

func TestBenchPrintsATable(t *testing.T) {
	r := &benchReport{
		Threads: 2, CorePeak: 170.4, Peak: 339.6,
		Networks: []benchNetwork{{"LeNet-5 training", 64, 0.0015, 42666.7}},
		Kernels:  []benchKernel{{"convolution 3×3", 0.25e-6, 123.44, 0.364}, {"product", 2, 0.04, 0}},
	}
	r.Environment.Version, r.Environment.Kernels = "v9", "avx512"
	var b strings.Builder
	printBench(&output{Writer: &b}, r)
	for _, want := range []string{
		"Odyssey v9,", "avx512, 2 threads\n", "peak: 170 GFLOP/s on one thread, 340 on all\n",
		"\n  LeNet-5 training     64  1.50 ms    42,667\n",
		"\n  convolution 3×3  250 ns    123.4         36 %\n",
		"\n  product          2.00 s      0.0          0 %\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

func TestBenchReportIsJSON(t *testing.T) {
	var b strings.Builder
	if err := (&output{Writer: &b}).writeJSON(benchReport{Networks: []benchNetwork{{Name: "n"}}, Kernels: []benchKernel{{Name: "k"}}}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"environment", "threads", "core_peak_gflops", "peak_gflops", "networks", "kernels"} {
		if _, ok := got[name]; !ok {
			t.Errorf("no %q in %s", name, b.String())
		}
	}
}

func TestBenchRefusesNoTime(t *testing.T) {
	for _, s := range []string{"0", "-1", "NaN", "1e9"} {
		refuse(t, statusError, []string{"bench", "--seconds=" + s}, []string{"--seconds", "more than 0"})
	}
}

func TestInUnits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 s", 2e-9: "2.00 ns", 1.5e-5: "15.0 µs", 0.1234: "123 ms", 1: "1.00 s", 12345: "12345 s",
	} {
		if got := inUnits(v); got != want {
			t.Errorf("%v s is %q, want %q", v, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999.4: "999", 999.6: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := thousands(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
