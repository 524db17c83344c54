package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type conv2DPacked struct {
	Conv2DConfig
	KernelH, KernelW int
}

// Conv2DPacked is Conv2D with weights w of a packed type, of shape [o c/groups·kh·kw],
// which have no gradient: kernelH and kernelW say what their shape does not. The bits are
// those of Conv2D with the weights in float32.
func Conv2DPacked(x, w, b *autograd.Value, kernelH, kernelW int, cfg Conv2DConfig) *autograd.Value {
	return autograd.Apply1(conv2DPacked{cfg, kernelH, kernelW}, withBias(x, w, b)...)
}

func (conv2DPacked) Name() string { return "conv2d_packed" }

func (o conv2DPacked) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantPackedWeights(in, 4, "[n c h w] and [o c·kh·kw]"); err != nil {
		return nil, err
	}
	if min(o.KernelH, o.KernelW) < 1 || max(o.KernelH, o.KernelW) > maxSlide || in[1].Shape[1]%(o.KernelH*o.KernelW) != 0 {
		return nil, fmt.Errorf("want rows of weights that are kernels of %d×%d, at least 1×1", o.KernelH, o.KernelW)
	}
	out, err := o.outShape(in[0].Shape, o.weightShape(in[1].Shape))
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, out...), nil
}

// weightShape returns that of the weights [o c kh kw].
func (o conv2DPacked) weightShape(packed []int) []int {
	return []int{packed[0], packed[1] / (o.KernelH * o.KernelW), o.KernelH, o.KernelW}
}

func (o conv2DPacked) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { convPacked(&scratch32, o, in, out[0]) },
		func() { convPacked(&scratch64, o, in, out[0]) })
}

// decodedWeights is how many weights of a convolution are numbers at a time.
const decodedWeights = 1 << 17

// filterPieces returns into how many pieces the filters are cut: of whole groups, or of so
// many that the convolution is the same kind of one.
func (o conv2DPacked) filterPieces(s kernel.ConvShape, w []int) int {
	wanted := (tensor.Elements(w) + decodedWeights - 1) / decodedWeights
	switch {
	case o.groups() > 1:
		return min(wanted, o.groups())
	case s.Winograd():
		return min(wanted, w[0]/16)
	}
	return min(wanted, w[0])
}

// convPacked convolves with some filters after the other.
func convPacked[T kernel.Float](pool *parallel.Scratch[T], o conv2DPacked, in []*tensor.Tensor, out *tensor.Tensor) {
	c := packedConv[T]{
		conv2DPacked: o, pool: pool, y: tensor.Data[T](out), x: tensor.Data[T](in[0]), weights: matrixOf(in[1]),
		xShape: in[0].Shape(), wShape: o.weightShape(in[1].Shape()), outputs: tensor.Elements(out.Shape()[2:]),
	}
	if len(in) == 3 {
		c.bias = tensor.Data[T](in[2])
	}
	units := 1 // filters that stay together
	if o.groups() > 1 {
		units = c.wShape[0] / o.groups()
	}
	pieces := o.filterPieces(o.shape(c.xShape, c.wShape), c.wShape)
	all := c.wShape[0] / units
	for i := range pieces {
		c.filters(all*i/pieces*units, all*(i+1)/pieces*units)
	}
}

// packedConv is such a convolution on its way.
type packedConv[T kernel.Float] struct {
	conv2DPacked
	pool           *parallel.Scratch[T]
	y, x, bias     []T
	weights        kernel.PackedMatrix
	xShape, wShape []int
	outputs        int // of a filter
}

// filters convolves with the filters [lo, hi).
func (c *packedConv[T]) filters(lo, hi int) {
	w := c.pool.Get((hi - lo) * c.weights.Row)
	defer c.pool.Put(w)
	parallel.For(hi-lo, 1+grain/c.weights.Row, func(i, end int) {
		decodePacked((*w)[i*c.weights.Row:], c.weights.Row, &c.weights, lo+i, lo+end, 0, c.weights.Row)
	})
	cfg, wShape, xShape := c.Conv2DConfig, slices.Clone(c.wShape), slices.Clone(c.xShape)
	wShape[0] = hi - lo
	images, channel := xShape[0], 0
	if groups := c.groups(); groups > 1 {
		cfg.Groups = groups * (hi - lo) / c.wShape[0]
		xShape[1] = cfg.Groups * wShape[1]
		channel = lo / (c.wShape[0] / groups) * wShape[1]
	}
	var bias []T
	if c.bias != nil {
		bias = c.bias[lo:hi]
	}
	plane := xShape[2] * xShape[3]
	x, putX := channelsOf(c.pool, c.x, images, c.xShape[1]*plane, channel*plane, xShape[1]*plane)
	defer putX()
	ySize := c.wShape[0] * c.outputs
	if hi-lo == c.wShape[0] || images == 1 {
		convolve(c.pool, cfg, kernel.None, xShape, wShape, c.y[lo*c.outputs:][:images*(hi-lo)*c.outputs], x, *w, bias)
		return
	}
	y := c.pool.Get(images * (hi - lo) * c.outputs)
	defer c.pool.Put(y)
	some := (hi - lo) * c.outputs
	convolve(c.pool, cfg, kernel.None, xShape, wShape, (*y)[:images*some], x, *w, bias)
	parallel.For(images, 1+grain/some, func(i, end int) {
		for ; i < end; i++ {
			copy(c.y[i*ySize+lo*c.outputs:][:some], (*y)[i*some:])
		}
	})
}

// channelsOf returns some elements of each image, one after the other, and what gives
// their memory back.
func channelsOf[T kernel.Float](pool *parallel.Scratch[T], x []T, images, size, from, n int) (some []T, put func()) {
	if n == size || images == 1 {
		return x[from:][:images*n], func() {}
	}
	s := pool.Get(images * n)
	for i := range images {
		copy((*s)[i*n:][:n], x[i*size+from:])
	}
	return (*s)[:images*n], func() { pool.Put(s) }
}

func (o conv2DPacked) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, w, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] {
		numbers := Reshape(Cast(w, g.DType()), o.weightShape(w.Shape())...)
		down[0] = o.inputGrad(g, numbers, x.Shape())
	}
	if len(call.In) == 3 && call.Needs[2] {
		down[2] = Sum(g, 0, 2, 3)
	}
	return down
}

// element is that of the convolution, for its reference.
func (o conv2DPacked) element(in []Array, index []int) float64 {
	w := in[1]
	w.Spec = tensor.NewSpec(tensor.Float64, o.weightShape(w.Shape())...)
	return conv2D{o.Conv2DConfig}.element(append([]Array{in[0], w}, in[2:]...), index)
}

var _ = register(Entry{
	Name: "conv2d_packed", Kind: Convolution, Formula: "b + Σ w[o,c,ky,kx] x[n,c,y+ky,x+kx], w packed", Call: "Conv2DPacked(x, w, b, kh, kw, cfg)",
	Shapes: "[n c h w], [o c/groups·kh·kw], [o] → [n o h′ w′]", Bound: 1e-5,
	Linear:    [][]int{{0, 2}},
	Whole:     "weights are decoded once for all examples",
	Reference: PerElement(conv2DPacked.element),
	Cases: []Case{
		{conv2DPacked{Conv2DConfig{}, 3, 2}, []Arg{In(2, 3, 5, 4), Packed(tensor.MXFP4, 4, 18), In(4)}},
		{conv2DPacked{Conv2DConfig{Padding: 2}, 5, 5}, []Arg{In(2, 1, 5, 6), Packed(tensor.NVFP4, 3, 25), In(3)}},
		{conv2DPacked{Conv2DConfig{Stride: 2, Padding: 1}, 3, 3}, []Arg{In(3, 2, 6, 5), Packed(tensor.MXINT8, 2, 18)}},
		{conv2DPacked{Conv2DConfig{}, 2, 2}, []Arg{In(18, 1, 3, 3), Packed(tensor.BFloat16, 2, 4), In(2)}},
		{conv2DPacked{Conv2DConfig{}, 3, 3}, []Arg{In(0, 2, 4, 4), Packed(tensor.MXFP8E4M3, 3, 18), In(3)}},
		{conv2DPacked{Conv2DConfig{Groups: 2, Padding: 1}, 2, 2}, []Arg{In(2, 4, 3, 2), Packed(tensor.Float8E4M3, 6, 8), In(6)}},
		{conv2DPacked{Conv2DConfig{Groups: 3, Stride: 2}, 2, 3}, []Arg{In(2, 3, 4, 5), Packed(tensor.MXFP6E2M3, 3, 6)}},
		{conv2DPacked{Conv2DConfig{Dilation: 2, Padding: 1}, 3, 2}, []Arg{In(2, 1, 5, 4), Packed(tensor.Float4E2M1, 2, 6), In(2)}},
		{conv2DPacked{Conv2DConfig{Stride: 2, Columns: ConvColumns{3, 2, 2}}, 2, 3}, []Arg{In(1, 2, 3, 7), Packed(tensor.MXFP4, 2, 12)}},
		{conv2DPacked{Conv2DConfig{Padding: 1}, 3, 3}, []Arg{In(2, 16, 8, 9), Packed(tensor.MXFP4, 17, 144), In(17)}},
	},
})
