package gradcheck

import (
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// fickle gives something else every second time.
type fickle struct {
	autograd.Op
	times *int
}

func (f fickle) Forward(in, out []*tensor.Tensor) {
	f.Op.Forward(in, out)
	if *f.times++; *f.times%2 == 0 {
		f.Op.Forward(out, out)
	}
}

// byPlace weighs each element of its first input by where it lies.
type byPlace struct{ op.Operation }

func (b byPlace) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	weights := make([]float64, x.Spec().Elements())
	for i := range weights {
		weights[i] = float64(i)
	}
	w := autograd.Const(tensor.FromSlice(weights, x.Shape()...).Convert(x.DType()))
	return op.Apply(b.Operation, append([]*autograd.Value{op.Mul(x, w)}, in[1:]...)...)
}

// lastSum is a sum along the last axis.
type lastSum struct{ op.Operation }

func (lastSum) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{op.Sum(in[0], -1)}
}

// planted returns an operation of the table with its operations exchanged.
func planted(t *testing.T, name string, change func(op.Operation) op.Operation) op.Entry {
	e := entry(t, name)
	for i, c := range e.Cases {
		e.Cases[i].Op = change(c.Op)
	}
	return e
}

func TestACounterexampleIsASmallProgram(t *testing.T) {
	times := 0
	for _, p := range []struct {
		entry op.Entry
		holds property
	}{
		{planted(t, "neg", func(o op.Operation) op.Operation { return fickle{o.(autograd.Op), &times} }), viewsAreLikeCopies},
		{planted(t, "add", func(o op.Operation) op.Operation { return byPlace{o} }), repeatingIsExpanding},
		{planted(t, "argmax", func(o op.Operation) op.Operation { return byPlace{lastSum{o}} }), layoutDoesNotShow},
	} {
		text := counterexampleOf(t, p.entry, p.holds)
		for _, line := range strings.Split(text, "\n") {
			if len(line) > 200 {
				t.Errorf("want smaller inputs than in\n%s", text)
			}
		}
		goTool(t, "vet", text)
	}
}

// The program shows what is wrong when it is run.
func TestACounterexampleShowsBothSides(t *testing.T) {
	exp := entry(t, "exp")
	exp.Linear = [][]int{{0}}
	text := counterexampleOf(t, exp, linear)
	both, weighted := 1.75*2-0.6*2, 1.75*math.Exp(2)-0.6*math.Exp(2)
	want := fmt.Sprintf("f(ax + by)     output 0 [] [%.8s", fmt.Sprint(math.Exp(both)))
	want2 := fmt.Sprintf("a f(x) + b f(y) output 0 [] [%.8s", fmt.Sprint(weighted))
	if out := goTool(t, "run", text); !strings.Contains(out, want) || !strings.Contains(out, want2) {
		t.Errorf("it prints\n%s\nwant\n%s…\n%s…\nof\n%s", out, want, want2, text)
	}
}

// counterexampleOf returns the program that a property of a broken operation ends
// with.
func counterexampleOf(t *testing.T, e op.Entry, holds property) string {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.shrinktime", "24h") // until nothing gets smaller, however busy the machine is
	tb := &recorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		rapid.Check(tb, func(r *rapid.T) { holds(r, e) })
	}()
	<-ended
	_, text, ok := strings.Cut(tb.log.String(), "this program shows it:\n\n")
	if !ok || !tb.failed {
		t.Fatalf("%s: no counterexample was found:\n%s", e.Name, tb.log.String())
	}
	text, _, _ = strings.Cut(text, "\x00")
	return text
}

// setFlag sets a flag of the command line for the rest of the test.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	before := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Value.Set(before) })
}

// goTool runs go vet or go run on a program and returns what it prints.
func goTool(t *testing.T, verb, text string) string {
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", verb, path).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s\nof\n%s", verb, err, out, text)
	}
	return string(out)
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	log    strings.Builder
	failed bool
}

func (r *recorder) Helper()                           {}
func (r *recorder) Logf(format string, args ...any)   { fmt.Fprintf(&r.log, format+"\x00", args...) }
func (r *recorder) Log(args ...any)                   { fmt.Fprint(&r.log, append(args, "\x00")...) }
func (r *recorder) Errorf(format string, args ...any) { r.Logf(format, args...); r.Fail() }
func (r *recorder) Error(args ...any)                 { r.Log(args...); r.Fail() }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); r.FailNow() }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); r.FailNow() }
func (r *recorder) Fail()                             { r.failed = true }
func (r *recorder) FailNow()                          { r.failed = true; runtime.Goexit() }
func (r *recorder) Failed() bool                      { return r.failed }
