package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Reduce is what becomes of the losses of single examples or elements.
type Reduce int

// The ways to reduce: ReduceMean, unless told otherwise.
const (
	ReduceMean Reduce = iota // their mean: with weights, Σ loss / Σ weight where it is said so
	ReduceSum                // their sum
	ReduceNone               // each by itself
)

var reduceNames = []string{ReduceMean: "mean", ReduceSum: "sum", ReduceNone: "none"}

// String returns PyTorch's word.
func (r Reduce) String() string {
	if r < 0 || int(r) >= len(reduceNames) {
		return fmt.Sprintf("reduce %d", int(r))
	}
	return reduceNames[r]
}

// MarshalText writes String.
func (r Reduce) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// of reduces losses.
func (r Reduce) of(loss *autograd.Value) *autograd.Value { return r.weighed(loss, nil) }

// weighed reduces losses that already are multiplied by weights, over whose sum
// a mean is: over the number of losses where weights are nil.
func (r Reduce) weighed(loss, weights *autograd.Value) *autograd.Value {
	switch {
	case r == ReduceNone:
		return loss
	case r == ReduceSum:
		return Sum(loss)
	case r != ReduceMean:
		tensor.Fail("loss", nil, "want ReduceMean, ReduceSum or ReduceNone, not %v", r)
	case weights != nil:
		return Div(Sum(loss), Sum(weights))
	}
	return Mean(loss)
}

// wantAlike refuses inputs that are not floats of one type and shape: between a
// result and its target, broadcasting is mostly a mistake.
func wantAlike(name string, in ...*autograd.Value) {
	for _, v := range in {
		if !v.DType().IsFloat() || !v.Spec().Equal(in[0].Spec()) {
			tensor.Fail(name, specsOf(in), "want inputs of one float type and one shape")
		}
	}
}

// wantPerRow refuses a value that is not of the float type of x, with one element
// for each of its rows.
func wantPerRow(name string, x, v *autograd.Value) {
	rank := x.Spec().Rank()
	if rank == 0 || !v.Spec().Equal(tensor.NewSpec(x.DType(), x.Shape()[:max(0, rank-1)]...)) {
		tensor.Fail(name, specsOf([]*autograd.Value{x, v}), "want rows [… n] and a target for each, […], of their type")
	}
}

// lossReference is the reference of a loss whose single losses have the shape of
// the first input, or of its rows.
func lossReference[O Operation](reduction func(O) Reduce, rows bool, f func(o O, in []Array, index []int) float64) Reference {
	return func(o Operation, in []Array) []Array {
		shape := in[0].Shape()
		if rows {
			shape = shape[:len(shape)-1]
		}
		losses := NewArray(shape...)
		next := 0
		Each(shape, func(index []int) {
			losses.Data[next] = f(o.(O), in, index)
			next++
		})
		return []Array{reduced(reduction(o.(O)), losses, float64(len(losses.Data)))}
	}
}

// reduced is the reference of Reduce.weighed.
func reduced(r Reduce, losses Array, weight float64) Array {
	if r == ReduceNone {
		return losses
	}
	y := NewArray()
	for _, l := range losses.Data {
		y.Data[0] += l
	}
	if r == ReduceMean {
		y.Data[0] /= weight
	}
	return y
}

// pairCases are the shapes that a loss of two inputs of one shape is judged on.
func pairCases(loss func(Reduce) Operation, x, target func(Arg) Arg) []Case {
	var cases []Case
	for i, shape := range [][]int{{}, {7}, {3, 1}, {2, 0}, {2, 3, 5}, {5, 3}} {
		r := Reduce((i + 2) % 3)
		if i == 3 {
			r = ReduceSum // the mean of nothing is NaN
		}
		cases = append(cases, Case{loss(r), []Arg{x(In(shape...)), target(In(shape...))}})
	}
	return cases
}

// probability keeps values off 0 and 1.
func probability(a Arg) Arg { return a.From(0.05, 0.95) }
