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

// Every sum that goes on has the bits of that over the batch in one, where the pieces but the last
// are whole groups of 16: also of products so small that they become zeros of either sign.
func TestSumsThatGoOn(t *testing.T) {
	tested := map[string]bool{}
	for n, ways := range map[int][][]int{35: {{16, 16, 3}, {32, 3}, {35}}, 32: {{16, 16}, {32}}} {
		for _, c := range batchCases(n) {
			o, ok := c.op.(op.BatchSum)
			if !ok || !c.allReady() || o.Running(argSpecs(c.args)) == nil {
				continue
			}
			tested[c.name] = true
			for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
				for _, tiny := range []bool{false, true} {
					for _, pieces := range ways {
						t.Run(fmt.Sprintf("%v/%v/%v/%v", c, d, tiny, pieces), func(t *testing.T) { testGoingOn(t, o, c, n, d, tiny, pieces) })
					}
				}
			}
		}
	}
	for _, name := range []string{"conv2d_weight", "linear_weight", "sum"} {
		if !tested[name] {
			t.Errorf("%s never goes on", name)
		}
	}
}

func testGoingOn(t *testing.T, o op.BatchSum, c batchCase, batch int, d tensor.DType, tiny bool, pieces []int) {
	var in []*autograd.Value
	for i, a := range c.args {
		x := autograd.Const(gradcheck.Sample(a, random.New(uint64(i), 1)).Convert(d))
		if tiny && i == 0 {
			x = op.Scale(op.Abs(x), 1e-25)
		} else if tiny {
			x = op.Scale(op.Abs(x), -1e-25)
		}
		in = append(in, x)
	}
	want := autograd.Apply1(o, in...)
	var state, total *autograd.Value
	for first, rest := 0, pieces; len(rest) > 0; rest = rest[1:] {
		piece := slices.Clone(in)
		for i, x := range in {
			if x.Shape()[0] == batch {
				piece[i] = op.Slice(x, op.Range{Start: first, Stop: first + rest[0]})
			}
		}
		first += rest[0]
		var specs []tensor.Spec
		for _, x := range piece {
			specs = append(specs, x.Spec())
		}
		sum := o.Running(specs)
		if state == nil {
			state = autograd.Const(tensor.Full(d, sum.Zero, sum.State.Shape...))
		}
		state = sum.Add(state, piece)
		if !state.Spec().Equal(sum.State) {
			t.Fatalf("the state is %v, want %v", state.Spec(), sum.State)
		}
		total = sum.Total(state)
	}
	if !sameBits(total.Tensor(), want.Tensor()) {
		t.Errorf("%v, want the bits of %v", total.Tensor(), want.Tensor())
	}
}
