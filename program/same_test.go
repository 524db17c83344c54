package program

import (
	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// fataler is a test, of package testing or of rapid.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// wantSameRuns is sameRuns, in a test.
func wantSameRuns(t fataler, b builder, inputs func(run int) []*tensor.Tensor) {
	t.Helper()
	if _, err := sameRuns(b, inputs); err != nil {
		t.Fatalf("%v", err)
	}
}

func wantSame(t fataler, how, what string, run, i int, got, want *tensor.Tensor) {
	t.Helper()
	if !sameBits(got, want) {
		t.Fatalf("%s, run %d: %s %d is\n%v, want the bits of\n%v", how, run, what, i, got, want)
	}
}

// draw returns a tensor of values from -1 to 1.
func draw(d tensor.DType, seed uint64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float64, shape...)
	s := random.New(seed)
	for i := range tensor.Data[float64](t) {
		tensor.Data[float64](t)[i] = s.Uniform(-1, 1)
	}
	return t.Convert(d)
}

// labels returns int64 values from 0 to classes-1.
func labels(seed uint64, classes int, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, shape...)
	s := random.New(seed)
	for i := range tensor.Data[int64](t) {
		tensor.Data[int64](t)[i] = int64(s.IntN(classes))
	}
	return t
}

// script is choices that were drawn, to be made again and again.
type script struct {
	choices []int
	at      int
}

// drawScript draws up to so many choices; rapid's own slices would be short.
func drawScript(r *rapid.T, most int) []int {
	n := rapid.SampledFrom([]int{most / 8, most / 4, most / 2, most}).Draw(r, "most")
	return rapid.SliceOfN(rapid.IntRange(0, 1<<20), n/2, n).Draw(r, "choices")
}

// pick returns a number below n; 0 when all choices have been made.
func (s *script) pick(n int) int {
	if s.at == len(s.choices) {
		return 0
	}
	s.at++
	return s.choices[s.at-1] % n
}

func (s *script) more() bool { return s.at < len(s.choices) }

func oneOf[T any](s *script, choices ...T) T { return choices[s.pick(len(choices))] }

// outputsAmong returns some of the values, as they are now.
func (s *script) outputsAmong(pool values) values {
	var out values
	for _, v := range pool {
		if s.pick(4) == 1 {
			out = append(out, v.Detach())
		}
	}
	return out
}
