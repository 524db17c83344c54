package op_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func arrayOf(t *tensor.Tensor) op.Array {
	return op.Array{Spec: t.Spec(), Data: tensor.Data[float64](t.Convert(tensor.Float64))}
}

// A gradient check tells that derivatives fit their function; this test tells
// that the function is the one it is said to be.
func TestValuesAgainstReferences(t *testing.T) {
	defer op.SetGrain(16)()
	for _, e := range op.Table() {
		if e.Reference == nil {
			t.Errorf("%s has no reference", e.Name)
			continue
		}
		for i, c := range e.Cases {
			t.Run(fmt.Sprintf("%s/%d", e.Name, i), func(t *testing.T) { wantReference(t, e.Reference, i, c) })
		}
	}
}

func wantReference(t *testing.T, reference op.Reference, i int, c op.Case) {
	var in []*autograd.Value
	var arrays []op.Array
	for k, a := range c.In {
		x := gradcheck.Sample(a, random.New(uint64(i), uint64(k)))
		in, arrays = append(in, autograd.Const(x)), append(arrays, arrayOf(x))
	}
	out := op.Apply(c.Op, in...)
	for k, want := range reference(c.Op, arrays) {
		got := arrayOf(out[k].Tensor())
		if !slices.Equal(got.Shape(), want.Shape()) {
			t.Errorf("output %d is %v, want %v", k, got.Shape(), want.Shape())
			continue
		}
		next := 0
		op.Each(got.Shape(), func(index []int) {
			v, w := got.Data[next], want.Data[next]
			if v != w && !(math.Abs(v-w) <= 1e-12*max(1, math.Abs(w))) {
				t.Errorf("output %d at %v is %v, want %v", k, index, v, w)
			}
			next++
		})
	}
}
