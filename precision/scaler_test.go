package precision

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// A step that overflows leaves the guarded variables alone, and halves the scale until it does not.
func TestAScalerRecovers(t *testing.T) {
	s := NewScaler(1 << 20)
	w := autograd.Variable("w", tensor.FromSlice([]float32{1, 2}, 2))
	steps := autograd.Buffer("steps", tensor.Scalar(int64(0)))
	step := func(in []*autograd.Value) (out []*autograd.Value) {
		Guard([]*autograd.Value{w, steps}, func() *autograd.Value {
			loss := op.Sum(op.Mul(op.Mul(w, w), in[0]))
			grads, finite := s.Unscaled(autograd.Grad(s.Scaled(loss), w))
			autograd.Assign(w, op.Sub(w, op.Scale(grads[0], 0.25)))
			autograd.Assign(steps, op.Cast(op.Add(op.Cast(steps, tensor.Float64), op.Scalar(tensor.Float64, 1)), tensor.Int64))
			out = []*autograd.Value{finite}
			return op.All(finite)
		})
		return out
	}
	x := tensor.FromSlice([]float32{1, math.MaxFloat32 / (1 << 20)}, 2)
	p := program.Record(append([]*autograd.Value{w, steps}, s.Variables()...), []tensor.Spec{x.Spec()}, step)
	for want := float32(1 << 20); want > 1<<17; want /= 2 {
		if s.Scale() != want {
			t.Fatalf("the scale is %v, want %v", s.Scale(), want)
		}
		finite := tensor.Data[bool](p.Run(x)[0])[0]
		if overflow := want > 1<<18; finite == overflow {
			t.Fatalf("with a scale of %v: finite %v", want, finite)
		}
		if got := tensor.Data[float32](w.Tensor()); !finite && (got[0] != 1 || got[1] != 2) || finite && got[0] != 0.5 {
			t.Errorf("with a scale of %v: the parameter is %v", want, got)
		}
		if got := steps.Tensor().Item(); (got == 1) != finite {
			t.Errorf("with a scale of %v: %v steps", want, got)
		}
		if !s.Observe(!finite) {
			t.Fatal("the scale cannot become smaller")
		}
		if finite {
			return
		}
	}
}

func TestAScaleGrowsAndHasAnEnd(t *testing.T) {
	s := NewScaler(2)
	s.Every = 3
	for i := range 3 {
		if s.Scale() != 2 {
			t.Errorf("after %d steps the scale is %v", i, s.Scale())
		}
		s.Observe(false)
	}
	if s.Scale() != 4 {
		t.Errorf("the scale is %v, want 4", s.Scale())
	}
	for i, want := range []bool{true, true, false, false} {
		if s.Observe(true) != want {
			t.Errorf("overflow %d: want %v", i, want)
		}
	}
}
