package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

func floats(v *autograd.Value) []float64 {
	return tensor.Data[float64](v.Tensor().Convert(tensor.Float64))
}

func TestClipNorm(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float64, tensor.Float32} {
		grads := constants(gradients(d, 3))
		sum := 0.0
		for _, g := range grads {
			for _, v := range floats(g) {
				sum += v * v
			}
		}
		want := math.Sqrt(sum)
		for _, limit := range []float64{1, want * 0.9, want * 1.1} {
			clipped, n := ClipNorm(grads, limit)
			if got := n.Tensor().Item(); !(math.Abs(got-want) < 1e-6*want) {
				t.Errorf("%v: the norm is %v, want %v", d, got, want)
			}
			if got := Norm(clipped).Tensor().Item(); !(math.Abs(got-min(limit, want)) < 2e-6*want) {
				t.Errorf("%v: cut to %v the norm is %v", d, limit, got)
			}
			for i := range grads {
				if limit > want && !clipped[i].Tensor().Equal(grads[i].Tensor()) {
					t.Errorf("%v: gradient %d changes below the limit", d, i)
				}
			}
		}
	}
}

func TestClipValue(t *testing.T) {
	grads := constants(gradients(tensor.Float64, 3))
	cut := 0
	for i, g := range ClipValue(grads, 0.5) {
		for j, v := range floats(g) {
			before := floats(grads[i])[j]
			if want := min(max(before, -0.5), 0.5); v != want {
				t.Errorf("%v becomes %v, want %v", before, v, want)
			}
			if v != before {
				cut++
			}
		}
	}
	if cut == 0 {
		t.Error("nothing was cut off")
	}
}

// What is not finite is not hidden.
func TestClipKeepsNaN(t *testing.T) {
	g := []*autograd.Value{autograd.Const(tensor.FromSlice([]float64{1, math.NaN(), math.Inf(1)}, 3))}
	if got := floats(ClipValue(g, 0.5)[0]); got[0] != 0.5 || !math.IsNaN(got[1]) || got[2] != 0.5 {
		t.Errorf("clipped to %v", got)
	}
	clipped, n := ClipNorm(g, 0.5)
	if got := floats(clipped[0]); !math.IsNaN(got[1]) || !math.IsNaN(n.Tensor().Item()) {
		t.Errorf("clipped to %v of norm %v", got, n.Tensor())
	}
}

func TestClipWantsALimit(t *testing.T) {
	for _, limit := range []float64{0, -1, math.NaN()} {
		for _, f := range []func(){func() { ClipValue(nil, limit) }, func() { ClipNorm(nil, limit) }} {
			if err := mistake(f); err == nil || !strings.Contains(err.Error(), "want a limit above 0") {
				t.Errorf("limit %v: %v", limit, err)
			}
		}
	}
}
