package program

import (
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// double is twice its input. The tests of this file break it on purpose.
type double struct{ autograd.Constant }

func (double) Name() string                                  { return "double" }
func (double) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return in, nil }
func (double) Forward(in, out []*tensor.Tensor) {
	x := autograd.Const(in[0])
	out[0].CopyFrom(op.Add(x, x).Tensor())
}

// slipping gives something else when its loop runs.
type slipping struct{ double }

func (slipping) Kernels() op.Kernels { return op.Kernels{F32: tripled[float32], F64: tripled[float64]} }

func tripled[T float32 | float64](dst, a, _, _ []T) {
	for i, v := range a {
		dst[i] = 3 * v
	}
}

// lost has a bug that shows in large batches only.
type lost struct{ double }

func (lost) Forward(in, out []*tensor.Tensor) {
	if in[0].Shape()[0] > 16 {
		panic("lost")
	}
	double{}.Forward(in, out)
}

func TestCheckFindsWhatIsWrongInPrograms(t *testing.T) {
	for about, o := range map[string]op.Operation{
		"never runs in blocks": double{},
		"want the bits of":     slipping{},
		"batch of 19":          lost{},
	} {
		e := op.Entry{Name: "double", Cases: []op.Case{{Op: o, In: []op.Arg{op.In(3, 4)}}}}
		if failures := strings.Join(Check(e), "\n"); !strings.Contains(failures, about) {
			t.Errorf("%T: want a failure about %q, got %q", o, about, failures)
		}
	}
	whole := op.Entry{Name: "double", Whole: "for a test", Cases: []op.Case{{Op: double{}, In: []op.Arg{op.In(3, 4)}}}}
	if failures := Check(whole); len(failures) > 0 {
		t.Error(failures)
	}
}
