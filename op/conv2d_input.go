package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// conv2DInput returns the gradient of a convolution's input, images of Height x
// Width, from that of its output and the weights.
type conv2DInput struct {
	Conv2DConfig
	Height, Width int
}

func (c Conv2DConfig) inputGrad(g, w *autograd.Value, x []int) *autograd.Value {
	return autograd.Apply1(conv2DInput{c, x[2], x[3]}, g, w)
}

func (conv2DInput) Name() string { return "conv2d_input" }

func (o conv2DInput) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n o h w] and [o c/groups kh kw]"); err != nil {
		return nil, err
	}
	g, w := in[0].Shape, in[1].Shape
	x := []int{g[0], w[1] * o.groups(), o.Height, o.Width}
	out, err := o.outShape(x, w)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(out, g) {
		return nil, fmt.Errorf("want a gradient %v for an input %v", out, x)
	}
	return one(in[0].DType, x...), nil
}

func (o conv2DInput) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { convInput(&scratch32, o.Conv2DConfig, in, out[0]) },
		func() { convInput(&scratch64, o.Conv2DConfig, in, out[0]) })
}

func convInput[T kernel.Float](pool *parallel.Scratch[T], cfg Conv2DConfig, in []*tensor.Tensor, out *tensor.Tensor) {
	dx, dy, w := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	shape := cfg.shape(out.Shape(), in[1].Shape())
	plan := convPlans.get(shape, shape.X())
	xSize, ySize := imageSize(out), imageSize(in[0])
	images := out.Shape()[0]
	if shape.Winograd() {
		winogradInput(pool, plan, images, dx, dy, w)
		return
	}
	if kernel.InputPlanes[T](plan) {
		eachPlanes(pool, plan, images, func(lo, hi int, scratch []T) {
			kernel.ConvInputPlanes(plan, lo, hi, dx, dy, w, scratch)
		})
		return
	}
	if d := cfg.depthwise(images, out.Shape(), in[1].Shape()); d != nil {
		eachDepthwise(d, pool, d.plan.InputScratch(), func(_, images, i, o, k, _ int, scratch []T) {
			kernel.ConvInput(d.plan, images, dx[i:], dy[o:], w[k:], scratch)
		})
		return
	}
	if bands := plan.InputBands(); bands > 0 {
		eachBand(pool, images, bands, plan.InputBandScratch(), func(lo, hi, band int, scratch []T) {
			kernel.ConvInputBand(plan, band, hi-lo, dx[lo*xSize:hi*xSize], dy[lo*ySize:hi*ySize], w, scratch)
		})
		return
	}
	c := blockConv[T]{from: plan.Y, to: plan.X, parts: plan.InputParts(), part: func(part int, dx, dy, _ []T) {
		kernel.ConvInputPart(plan, part, dx, dy, w, nil)
	}}
	c.run(pool, images, dx, dy)
}

func (o conv2DInput) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	g, w, up := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		down[0] = Conv2D(up, w, nil, o.Conv2DConfig)
	}
	if call.Needs[1] {
		down[1] = o.weightGrad(up, g, w.Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "conv2d_input", Kind: Convolution, Formula: "Σ w[o,c,ky,kx] g[n,o,y-ky,x-kx]", Shapes: "[n o h′ w′], [o c/groups kh kw] → [n c h w]", Bound: 1e-5,
	Linear:    [][]int{{0}, {1}},
	Reference: PerElement(conv2DInput.element),
	Cases: []Case{
		{conv2DInput{Conv2DConfig{}, 5, 4}, []Arg{In(2, 4, 3, 3), In(4, 3, 3, 2)}},
		{conv2DInput{Conv2DConfig{Padding: 2}, 5, 6}, []Arg{In(2, 3, 5, 6), In(3, 1, 5, 5)}},
		{conv2DInput{Conv2DConfig{Stride: 2, Padding: 1}, 6, 5}, []Arg{In(3, 2, 3, 3), In(2, 2, 3, 3)}},
		{conv2DInput{Conv2DConfig{Stride: 3}, 7, 8}, []Arg{In(1, 2, 2, 3), In(2, 3, 2, 1)}},
		{conv2DInput{Conv2DConfig{}, 4, 4}, []Arg{In(0, 3, 2, 2), In(3, 2, 3, 3)}},
		{conv2DInput{Conv2DConfig{Groups: 2}, 3, 3}, []Arg{In(2, 4, 2, 2), In(4, 1, 2, 2)}},
		{conv2DInput{Conv2DConfig{Dilation: 2, Padding: 1}, 5, 4}, []Arg{In(2, 2, 3, 4), In(2, 1, 3, 2)}},
		{conv2DInput{Conv2DConfig{Stride: 2, Columns: ConvColumns{3, 2, 2}}, 3, 7}, []Arg{In(1, 2, 1, 3), In(2, 2, 2, 3)}},
		{conv2DInput{Conv2DConfig{Padding: 1}, 7, 10}, []Arg{In(2, 16, 7, 10), In(16, 18, 3, 3)}},
	},
})
