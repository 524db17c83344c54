package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestCasesHaveNamesAndTargets(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if seen[c.name] || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(c.name) || target(c.name) <= 0 {
			t.Errorf("case %q, target %v", c.name, target(c.name))
		}
		seen[c.name] = true
	}
	if len(seen) < 40 {
		t.Errorf("%d cases", len(seen))
	}
}

func TestTheMostParticularTargetCounts(t *testing.T) {
	for name, want := range map[string]float64{
		"lenet5-train-16": 5, "lenet5-train-64": 4, "lenet5-train-256": 3, "lenet5-infer-1": 5, "lenet5-infer-64": 2,
		"net3-train-64": 3, "gemm-1024-threads-2": 0.95, "gemm-small-64x120x400": 1.5, "exp": 1, "memory": 3, "peer-born": 20,
	} {
		if got := target(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestSelectCases(t *testing.T) {
	all := []comparison{{name: "a-1"}, {name: "b-1"}, {name: "b-2"}}
	for pattern, want := range map[string]int{"": 3, "b": 2, "^b-1$|a": 2, "c": 0, "(": 0} {
		got, err := selectCases(all, pattern)
		if len(got) != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d cases, %v", pattern, len(got), err)
		}
	}
}

// The description is the network that package model has.
func TestLeNet5IsTheModel(t *testing.T) {
	ours, theirs := build(lenet5.Layers, random.New(1)), model.NewLeNet5(47, 1)
	a, b := nn.Values(nn.Parameters(ours)), nn.Values(nn.Parameters(theirs))
	if len(a) != len(b) {
		t.Fatalf("%d parameters, want %d", len(a), len(b))
	}
	for i := range a {
		a[i].Tensor().CopyFrom(b[i].Tensor())
	}
	x := autograd.Const(measure.Normal(1, 2, 1, 28, 28))
	if !ours.Forward(x).Tensor().Equal(theirs.Forward(x).Tensor()) {
		t.Error("other scores")
	}
}

func TestNetworksBuildAndTrain(t *testing.T) {
	for i, net := range append([]wire.Network{mlp}, small...) {
		ours := build(net.Layers, random.New(1))
		x := autograd.Const(measure.Normal(1, append([]int{2}, net.Input...)...))
		if got := ours.Forward(x).Spec(); !got.Equal(tensor.NewSpec(tensor.Float32, 2, net.Classes)) {
			t.Errorf("network %d gives %v", i, got)
		}
		measure.Training(ours, net.Input, net.Classes, 2).Step()
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{1, 2, 3, 10}, 2.5}} {
		if got := median(c.of); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
}

// fake hands out figures one after the other.
func fake(setting string, figures ...float64) contender {
	return contender{setting, func(float64) (float64, error) {
		f := figures[0]
		figures = figures[1:]
		return f, nil
	}}
}

func TestCompareTakesTheBestRival(t *testing.T) {
	h := &harness{flags: flags{rounds: 3}, ctx: context.Background()}
	r, err := h.compare(comparison{name: "exp", sides: func(*harness) (contender, []contender, error) {
		return fake("", 2, 1, 9), []contender{fake("slow", 9, 9, 1), fake("fast", 7, 6, 1)}, nil
	}})
	if err != nil || r.Ours != 2 || r.Peer != 6 || r.PeerSetting != "fast" || r.Ratio != 3 || !r.Met || len(r.OurRounds) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCompareMissesATarget(t *testing.T) {
	h := &harness{flags: flags{rounds: 3}, ctx: context.Background()}
	r, err := h.compare(comparison{name: "memory", rounds: 1, sides: func(*harness) (contender, []contender, error) {
		return fake("", 10), []contender{fake("", 29)}, nil
	}})
	if err != nil || r.Met || r.Unit != "MiB" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCompareReportsFailures(t *testing.T) {
	h := &harness{flags: flags{rounds: 1}, ctx: context.Background()}
	wrong := errors.New("wrong")
	_, err := h.compare(comparison{name: "exp", sides: func(*harness) (contender, []contender, error) {
		return contender{measure: func(float64) (float64, error) { return 0, wrong }}, nil, nil
	}})
	if !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

func TestTables(t *testing.T) {
	r := &report{Date: "2026-01-02", Processor: "Z80", CPUs: 2, Kernels: "portable", Go: "go1", PyTorch: "PyTorch 1", Rounds: 5, Seconds: 0.5, Results: []result{
		{Case: "exp", Unit: "s", Ours: 0.0015, Peer: 0.003, PeerSetting: "2 threads", Ratio: 2, Target: 1, Met: true},
		{Case: "memory", Unit: "MiB", Ours: 100, Peer: 250, Ratio: 2.5, Target: 3},
		{Case: "sum", Target: 1, Error: "no PyTorch"},
	}}
	var plain, markdown strings.Builder
	r.print(&plain, false)
	r.print(&markdown, true)
	for _, want := range []string{
		"2026-01-02, Z80, 2 CPUs, kernels portable, go1, PyTorch 1; medians of 5 rounds of 0.5 s\n",
		"exp     1.50 ms  3.00 ms  2.00   1       met     2 threads\n",
		"memory  100 MiB  250 MiB  2.50   3       missed",
		"failed  no PyTorch\n", "\n1 of 3 targets met\n",
	} {
		if !strings.Contains(plain.String(), want) {
			t.Errorf("no %q in:\n%s", want, plain.String())
		}
	}
	if want := "| exp | 1.50 ms | 3.00 ms | 2.00 | 1 | met | 2 threads |\n"; !strings.Contains(markdown.String(), want) {
		t.Errorf("no %q in:\n%s", want, markdown.String())
	}
}

func TestAmount(t *testing.T) {
	for v, want := range map[float64]string{2: "2.00 s", 0.25: "250.00 ms", 0.0015: "1.50 ms", 2.5e-6: "2.5 µs"} {
		if got := amount(v, "s"); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// The test's binary is also a process to talk to.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_TEST_PEER") != "" {
		wire.Serve(func() float32 { return 2 })
		return
	}
	os.Exit(m.Run())
}

func TestProcessAnswers(t *testing.T) {
	p, err := start(context.Background(), []string{"BENCH_TEST_PEER=1"}, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for range 2 {
		if a, err := p.ask(wire.Request{Seconds: 0.001}); err != nil || a.Loss != 2 || !(a.Seconds > 0) {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestProcessThatEndsIsAnError(t *testing.T) {
	p, err := start(context.Background(), nil, "true")
	if err != nil {
		t.Skip(err)
	}
	defer p.close()
	if a, err := p.ask(wire.Request{}); err == nil {
		t.Errorf("answered %+v", a)
	}
}

func TestPeakMemory(t *testing.T) {
	if highWater(os.Getpid()) == 0 {
		t.Skip("no /proc")
	}
	cat := exec.Command("cat") // runs until its input ends
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	got, err := peakMemory(func(pid int) float64 {
		mib := highWater(pid)
		if mib > 0.1 {
			in.Close()
		}
		return mib
	}, cat)
	if err != nil || !(got > 0.1 && got < 50) {
		t.Errorf("cat takes %v MiB, %v", got, err)
	}
	if _, err := peakMemory(highWater, exec.Command("false")); err == nil {
		t.Error("a program that failed is no error")
	}
}

func TestGoRelease(t *testing.T) {
	if got := goRelease(); !regexp.MustCompile(`^go1\.\d+$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestOurThreads(t *testing.T) {
	before, during := runtime.GOMAXPROCS(0), 0
	side := odyssey(measure.Work{Step: func() { during = runtime.GOMAXPROCS(0) }}, before+1)
	if _, err := side.measure(0.001); err != nil {
		t.Fatal(err)
	}
	if during != before+1 || runtime.GOMAXPROCS(0) != before {
		t.Errorf("%d threads before, %d during, %d after", before, during, runtime.GOMAXPROCS(0))
	}
}
