package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Counted is an operation that says how many floating-point operations it takes:
// one with products of vectors. A product that is added to a sum counts 2.
type Counted interface {
	autograd.Op
	FLOPs(in, out []tensor.Spec) int64
}

// FLOPs returns how many floating-point operations an operation takes. What moves
// elements takes none; all that do not count themselves take one for each element
// of the largest of their inputs and outputs, elementary functions too.
func FLOPs(o autograd.Op, in, out []tensor.Spec) int64 {
	if c, ok := o.(Counted); ok {
		return c.FLOPs(in, out)
	}
	if movesOnly(o) {
		return 0
	}
	most := 0
	for _, s := range slices.Concat(in, out) {
		if s.DType.IsFloat() {
			most = max(most, s.Elements())
		}
	}
	return int64(most)
}

// movesOnly reports whether an operation computes nothing.
func movesOnly(o autograd.Op) bool {
	if autograd.IsView(o) {
		return true
	}
	e, _ := Lookup(o.Name())
	return e.Kind == Shape || e.Kind == Sorting
}

// products returns the FLOPs of n sums of k products each.
func products(n, k int) int64 { return 2 * int64(n) * int64(k) }

// FLOPs counts all taps of each output, those in the padding too.
func (conv2D) FLOPs(in, out []tensor.Spec) int64 { return flopsOfTaps(out[0], in[1]) }

// FLOPs are those of the convolution.
func (conv2DInput) FLOPs(in, _ []tensor.Spec) int64 { return flopsOfTaps(in[0], in[1]) }

// FLOPs are those of the convolution.
func (conv2DWeight) FLOPs(in, out []tensor.Spec) int64 { return flopsOfTaps(in[1], out[0]) }

// flopsOfTaps counts a convolution that gives y with weights [out …].
func flopsOfTaps(y, w tensor.Spec) int64 { return products(y.Elements(), tensor.Elements(w.Shape[1:])) }

// FLOPs counts a product for each weight and example.
func (linear) FLOPs(in, _ []tensor.Spec) int64 { return products(in[0].Shape[0], in[1].Elements()) }

// FLOPs are those of the layer.
func (linearWeight) FLOPs(in, out []tensor.Spec) int64 {
	return products(in[0].Shape[0], out[0].Elements())
}

// FLOPs counts a product for each element that is summed.
func (o matMul) FLOPs(in, out []tensor.Spec) int64 {
	k := in[0].Shape[in[0].Rank()-1]
	if o.TransA {
		k = in[0].Shape[in[0].Rank()-2]
	}
	return products(out[0].Elements(), k)
}

// FLOPs counts scores and the sums of values, of what a query may look at but for a
// mask.
func (o attention) FLOPs(in, _ []tensor.Spec) int64 {
	n, _ := o.sizes(in)
	return products(o.pairs(n), n.d+n.e)
}

// FLOPs counts three products with keys or queries, and two with values.
func (o attentionGrad) FLOPs(in, _ []tensor.Spec) int64 {
	n, _ := o.sizes(in)
	return products(o.pairs(n), 3*n.d+2*n.e)
}

// pairs returns how often a query looks at a key.
func (o attention) pairs(n attentionSizes) int {
	if !o.Causal {
		return n.b * n.h * n.t * n.s
	}
	pairs := 0
	for i := range n.t {
		pairs += min(i+1, n.s)
	}
	return n.b * n.h * pairs
}
