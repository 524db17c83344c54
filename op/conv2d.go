package op

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Conv2DConfig is how a convolution slides over its images.
type Conv2DConfig struct {
	Stride   int         // rows and columns between outputs; 0 means 1
	Padding  int         // zeros on each side
	Dilation int         // rows and columns from one tap of the kernel to the next; 0 means 1
	Groups   int         // groups of channels, each seen by its own filters only; 0 means 1
	Columns  ConvColumns // where these are not as the rows
}

// ConvColumns is how a convolution goes along the columns, where the fields of the
// same names in Conv2DConfig say how it goes along the rows. The zero value means
// alike; a Stride of 1 makes it none.
type ConvColumns struct{ Stride, Padding, Dilation int }

type conv2D struct{ Conv2DConfig }

// Conv2D returns the two-dimensional convolution (cross-correlation, as is
// usual) of x, of shape [n c h w], with w, of [o c/groups kh kw], plus b, of [o]
// or nil:
//
//	y[n,o,i,j] = b[o] + Σ over c, ky, kx of w[o,c,ky,kx] x[n,g+c,i·stride+ky·dilation-pad,j·stride+kx·dilation-pad]
//
// where g is the first channel of the group that filter o belongs to: one chain
// of fused multiply-adds from the bias, in the order of the weights, without those
// that fall into the padding.
func Conv2D(x, w, b *autograd.Value, cfg Conv2DConfig) *autograd.Value {
	return autograd.Apply1(conv2D{cfg}, withBias(x, w, b)...)
}

func (c Conv2DConfig) groups() int { return cmp.Or(c.Groups, 1) }

// rows and columns return how the convolution goes along each axis.
func (c Conv2DConfig) rows() ConvColumns    { return ConvColumns{c.Stride, c.Padding, c.Dilation} }
func (c Conv2DConfig) columns() ConvColumns { return cmp.Or(c.Columns, c.rows()) }

// shape returns the convolution of one image.
func (c Conv2DConfig) shape(x, w []int) kernel.ConvShape {
	rows, cols := c.rows(), c.columns()
	return kernel.ConvShape{
		Channels: x[1], Height: x[2], Width: x[3],
		Filters: w[0], KernelH: w[2], KernelW: w[3],
		StrideH: cmp.Or(rows.Stride, 1), StrideW: cmp.Or(cols.Stride, 1), PadH: rows.Padding, PadW: cols.Padding,
		DilationH: cmp.Or(rows.Dilation, 1), DilationW: cmp.Or(cols.Dilation, 1),
		Groups: c.groups(),
	}
}

// planCache keeps the plans of the shapes met lately: a network has few, but a
// server may be sent images of any size.
type planCache struct {
	mu    sync.Mutex
	plans map[planKey]*kernel.ConvPlan
}

type planKey struct {
	shape    kernel.ConvShape
	x        kernel.Block // the layout on the input's side
	channels int          // of the images that those of the shape are some of; 0: the shape's
}

const maxPlans = 64

var convPlans planCache

func (c *planCache) get(s kernel.ConvShape, x kernel.Block) *kernel.ConvPlan {
	return c.make(planKey{s, x, 0}, func() *kernel.ConvPlan { return kernel.NewConvPlan(s, x, s.Y()) })
}

// inChannels returns the plan for some of the channels, of as many filters, of
// images that lie in rows and columns.
func (c *planCache) inChannels(s kernel.ConvShape, x kernel.Block, channels int) *kernel.ConvPlan {
	y := s.Y()
	x.Apart, y.Apart = false, false
	return c.make(planKey{s, x, channels}, func() *kernel.ConvPlan {
		p := kernel.NewConvPlan(s, x, y)
		p.XStep, p.YStep = channels*s.Height*s.Width, channels*s.OutH()*s.OutW()
		return p
	})
}

func (c *planCache) make(key planKey, plan func() *kernel.ConvPlan) *kernel.ConvPlan {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.plans[key]
	if p == nil {
		if c.plans == nil || len(c.plans) >= maxPlans {
			c.plans = map[planKey]*kernel.ConvPlan{}
		}
		p = plan()
		c.plans[key] = p
	}
	return p
}

// maxSlide bounds strides, paddings and dilations, so that no size overflows.
const maxSlide = 1 << 20

// outShape returns the shape of a convolution's output, or an error.
func (c Conv2DConfig) outShape(x, w []int) ([]int, error) {
	rows, cols := c.rows(), c.columns()
	least := min(rows.Stride, rows.Padding, rows.Dilation, cols.Stride, cols.Padding, cols.Dilation)
	most := max(rows.Stride, rows.Padding, rows.Dilation, cols.Stride, cols.Padding, cols.Dilation)
	if least < 0 || c.Groups < 0 || most > maxSlide {
		return nil, fmt.Errorf("want no negative stride, padding, dilation or number of groups, and none above %d, not %+v", maxSlide, c)
	}
	if x[1] != w[1]*c.groups() {
		return nil, fmt.Errorf("want an input of %d channels for these weights", w[1]*c.groups())
	}
	if w[0]%c.groups() != 0 {
		return nil, fmt.Errorf("want filters that make %d equal groups, not %d", c.groups(), w[0])
	}
	h, width := rows.extent(w[2]), cols.extent(w[3])
	paddedH, paddedW := x[2]+2*rows.Padding, x[3]+2*cols.Padding
	if min(x[1], x[2], x[3], w[0], w[2], w[3]) < 1 || paddedH < h || paddedW < width {
		return nil, fmt.Errorf("want images of at least %d×%d with padding, and no empty axis but the batch", h, width)
	}
	if block := int64(paddedH) * int64(paddedW) * int64(max(x[1], w[0])) * kernel.Lanes; block > math.MaxInt32 {
		return nil, fmt.Errorf("want images of at most %d elements with padding and all channels, not %d", math.MaxInt32/kernel.Lanes, block/kernel.Lanes)
	}
	return []int{x[0], w[0], (paddedH-h)/cmp.Or(rows.Stride, 1) + 1, (paddedW-width)/cmp.Or(cols.Stride, 1) + 1}, nil
}

// extent returns how many elements a kernel of some taps spans.
func (c ConvColumns) extent(kernel int) int { return (kernel-1)*cmp.Or(c.Dilation, 1) + 1 }

func (conv2D) Name() string { return "conv2d" }

func (o conv2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if len(in) > 1 && in[1].DType.IsPacked() {
		return nil, errors.New("want weights of a float type; see Conv2DPacked")
	}
	if err := wantWeights(in, 4, "[n c h w] and [o c kh kw]"); err != nil {
		return nil, err
	}
	out, err := o.outShape(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, out...), nil
}

func (o conv2D) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { convForward(&scratch32, o.Conv2DConfig, kernel.None, in, out[0]) },
		func() { convForward(&scratch64, o.Conv2DConfig, kernel.None, in, out[0]) })
}

func convForward[T kernel.Float](pool *parallel.Scratch[T], cfg Conv2DConfig, e kernel.Epilogue, in []*tensor.Tensor, out *tensor.Tensor) {
	y, x, w := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	var bias []T
	if len(in) == 3 {
		bias = tensor.Data[T](in[2])
	}
	convolve(pool, cfg, e, in[0].Shape(), in[1].Shape(), y, x, w, bias)
}

// convolve is convForward of mere numbers, for inputs and weights of the given shapes.
func convolve[T kernel.Float](pool *parallel.Scratch[T], cfg Conv2DConfig, e kernel.Epilogue, xShape, wShape []int, y, x, w, bias []T) {
	shape, images := cfg.shape(xShape, wShape), xShape[0]
	plan := convPlans.get(shape, shape.X())
	xSize, ySize := len(x)/max(1, images), len(y)/max(1, images)
	if shape.Winograd() {
		winogradForward(pool, plan, images, y, x, w, bias, e)
		return
	}
	if kernel.ForwardPlanes[T](plan) {
		eachPlanes(pool, plan, images, func(lo, hi int, scratch []T) {
			kernel.ConvForwardPlanes(plan, lo, hi, y, x, w, bias, scratch, e)
		})
		return
	}
	if shape.Flat(images) && kernel.FlatWith(shape, w) {
		convForwardFlat(pool, plan, images, y, x, w, bias, e)
		return
	}
	if d := cfg.depthwise(images, xShape, wShape); d != nil {
		eachDepthwise(d, pool, d.plan.ForwardScratch(), func(_, images, i, o, k, filter int, scratch []T) {
			var b []T
			if bias != nil {
				b = bias[filter:]
			}
			kernel.ConvForward(d.plan, images, y[o:], x[i:], w[k:], b, scratch, e)
		})
		return
	}
	if bands := plan.ForwardBands(); bands > 0 {
		eachBand(pool, images, bands, plan.ForwardBandScratch(), func(lo, hi, band int, scratch []T) {
			kernel.ConvForwardBand(plan, band, hi-lo, y[lo*ySize:hi*ySize], x[lo*xSize:hi*xSize], w, bias, scratch, e)
		})
		return
	}
	c := blockConv[T]{from: plan.X, to: plan.Y, parts: plan.ForwardParts(), part: func(part int, y, x, _ []T) {
		kernel.ConvForwardPart(plan, part, y, x, w, bias, e)
	}}
	c.run(pool, images, y, x)
}

// imageSize returns the elements of one image of a batch.
func imageSize(t *tensor.Tensor) int { return tensor.Elements(t.Shape()[1:]) }

func (o conv2D) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, w, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, len(call.In))
	if call.Needs[0] {
		down[0] = o.inputGrad(g, w, x.Shape())
	}
	if call.Needs[1] {
		down[1] = o.weightGrad(x, g, w.Shape())
	}
	if len(call.In) == 3 && call.Needs[2] {
		down[2] = Sum(g, 0, 2, 3)
	}
	return down
}

var _ = register(Entry{
	Name: "conv2d", Kind: Convolution, Formula: "b + Σ w[o,c,ky,kx] x[n,c,y+ky,x+kx]", Call: "Conv2D(x, w, b, cfg)", Shapes: "[n c h w], [o c/groups kh kw], [o] → [n o h′ w′]", Bound: 1e-5,
	Linear:    [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(conv2D.element),
	Cases: []Case{
		{conv2D{}, []Arg{In(2, 3, 5, 4), In(4, 3, 3, 2), In(4)}},
		{conv2D{Conv2DConfig{Padding: 2}}, []Arg{In(2, 1, 5, 6), In(3, 1, 5, 5), In(3)}},
		{conv2D{Conv2DConfig{Stride: 2, Padding: 1}}, []Arg{In(3, 2, 6, 5), In(2, 2, 3, 3)}},
		{conv2D{Conv2DConfig{Stride: 3}}, []Arg{In(1, 2, 7, 8), In(7, 2, 2, 1), In(7)}},
		{conv2D{}, []Arg{In(18, 1, 3, 3), In(2, 1, 2, 2), In(2)}},
		{conv2D{}, []Arg{In(0, 2, 4, 4), In(3, 2, 3, 3), In(3)}},
		{conv2D{Conv2DConfig{Groups: 2, Padding: 1}}, []Arg{In(2, 4, 3, 2), In(6, 2, 2, 2), In(6)}},
		{conv2D{Conv2DConfig{Groups: 3, Stride: 2}}, []Arg{In(2, 3, 4, 5), In(3, 1, 2, 3)}},
		{conv2D{Conv2DConfig{Dilation: 2, Padding: 1}}, []Arg{In(2, 1, 5, 4), In(2, 1, 3, 2), In(2)}},
		{conv2D{Conv2DConfig{Stride: 2, Columns: ConvColumns{3, 2, 2}}}, []Arg{In(1, 2, 3, 7), In(2, 2, 2, 3)}},
		{conv2D{Conv2DConfig{Padding: 1}}, []Arg{In(2, 16, 8, 9), In(17, 16, 3, 3), In(17)}},
		{conv2D{Conv2DConfig{Columns: ConvColumns{Padding: 2}}}, []Arg{In(8, 17, 11, 5), In(16, 17, 3, 3)}},
	},
})
