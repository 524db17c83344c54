package op

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// FixedPreparer is an operation that can get ready further where it knows that
// the elements of some inputs stay as they are until it is prepared anew.
type FixedPreparer interface {
	Preparer
	PrepareFixed(in, out []*tensor.Tensor, fixed []bool) (run func())
}

// packedRows is a batch for which a product spends most of its time on reading the
// weights: the packed ones come faster. For one example only those do that stay in the
// caches: others come as fast as the memory gives them, and packed ones would take more of it.
const (
	packedRows    = 4
	packedWeights = 1 << 19 // for one example
)

// PrepareFixed packs weights that stay as they are, for a batch of few examples.
func (o linear) PrepareFixed(in, out []*tensor.Tensor, fixed []bool) func() {
	m, large := out[0].Shape()[0], in[1].Len() > packedWeights
	if !fixed[1] || m == 0 || m > packedRows || m == 1 && large {
		return o.Prepare(in, out)
	}
	return prepare(out[0].DType(),
		func() func() { return preparePacked(&products32, in, out[0]) },
		func() func() { return preparePacked(&products64, in, out[0]) })
}

func preparePacked[T kernel.Float](pool *productScratch[T], in []*tensor.Tensor, out *tensor.Tensor) func() {
	m, n, k := out.Shape()[0], out.Shape()[1], in[0].Shape()[1]
	y, x, bias := tensor.Data[T](out), tensor.Data[T](in[0]), []T(nil)
	if len(in) == 3 {
		bias = tensor.Data[T](in[2])
	}
	w := kernel.PackB(true, n, k, tensor.Data[T](in[1]), k, make([]T, kernel.PackedLen[T](n, k)))
	return func() {
		scratch := pool.work.Get(kernel.GemmScratch)
		defer pool.work.Put(scratch)
		for i := 0; i < m && bias != nil; i++ {
			copy(y[i*n:(i+1)*n], bias)
		}
		kernel.GemmPacked(false, m, 0, n, y, n, x, k, w, bias != nil, *scratch)
	}
}

// PrepareFixed is that of the layer, and a pass over its output.
func (o linearReLU) PrepareFixed(in, out []*tensor.Tensor, fixed []bool) func() {
	layer, rectify := o.linear.PrepareFixed(in, out, fixed), preparePointwise(relu{}, out, out)
	return func() {
		layer()
		rectify()
	}
}
