package op_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Infer takes or refuses inputs of any types and shapes: it never panics, and what
// it takes has no negative sizes.
func TestInferTakesOrRefusesAnything(t *testing.T) {
	for _, e := range op.Table() {
		for i, c := range e.Cases {
			r := random.New(uint64(i))
			for range 60 {
				infer(t, fmt.Sprintf("%s: case %d %+v", e.Name, i, c.Op), c.Op, distorted(argSpecs(c.In), r))
			}
		}
	}
}

func infer(t *testing.T, where string, o op.Operation, in []tensor.Spec) {
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("%s of %v: %v", where, in, cause)
		}
	}()
	out, err := op.Infer(o, in)
	for _, s := range out {
		if err == nil && slices.ContainsFunc(s.Shape, func(n int) bool { return n < 0 }) {
			t.Errorf("%s of %v gives %v", where, in, out)
		}
	}
}

// distorted changes sizes, ranks and types of some inputs.
func distorted(in []tensor.Spec, r *random.Stream) []tensor.Spec {
	in = slices.Clone(in)
	for i := range in {
		shape := slices.Clone(in[i].Shape)
		switch r.IntN(8) {
		case 0:
			shape = shape[:r.IntN(len(shape)+1)]
		case 1:
			shape = append(shape, r.IntN(4))
		case 2:
			shape = slices.Insert(shape, r.IntN(len(shape)+1), 1+r.IntN(2))
		case 3:
			if len(shape) > 0 {
				shape[r.IntN(len(shape))] = r.IntN(4)
			}
		case 4:
			in[i].DType = tensor.Float32 + tensor.DType(r.IntN(int(tensor.NVFP4)))
		}
		in[i].Shape = shape
	}
	return in
}

// What Infer takes of packed elements can be done.
func TestPackedInputsAreTakenOrRefused(t *testing.T) {
	for _, e := range op.Table() {
		for _, c := range e.Cases {
			for i := range c.In {
				for _, d := range packedTypes() {
					args := slices.Clone(c.In)
					args[i].Spec.DType = d
					applyIfInferred(t, c.Op, args)
				}
			}
		}
	}
}

func applyIfInferred(t *testing.T, o op.Operation, args []op.Arg) {
	if _, err := op.Infer(o, argSpecs(args)); err != nil {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("Infer takes %v, Apply says: %v", argSpecs(args), cause)
		}
	}()
	var in []*autograd.Value
	r := random.New(1)
	for _, a := range args {
		in = append(in, autograd.Const(gradcheck.Sample(a, r)))
	}
	op.Apply(o, in...)
}
