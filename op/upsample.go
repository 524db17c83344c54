package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Upsample2DConfig is how images are brought to another size, a smaller one too.
type Upsample2DConfig struct {
	Scale         float64 // of both axes, sizes rounded down; 0: Height and Width say the size
	Height, Width int
	Linear        bool // between the nearest rows and columns; otherwise the nearest element
	AlignCorners  bool // the first and last elements of linear axes stay where they are
}

// upsampling is an Upsample2DConfig for images, or for images of one row, which stays.
type upsampling struct {
	Upsample2DConfig
	Row bool
}

type upsample2D struct{ upsampling }

// Upsample2D brings images x, of shape [n c h w], to another size, as PyTorch's
// interpolate does. Along an axis of n elements that get m, or with a scale s, element
// i is that at position ⌊i·n/m⌋, or ⌊i/s⌋; a linear one lies at (i+½)·n/m - ½, or
// (i+½)/s - ½, at least 0, or with AlignCorners at i·(n-1)/(m-1), between two
// elements whose weights are one less their distances.
func Upsample2D(x *autograd.Value, cfg Upsample2DConfig) *autograd.Value {
	return autograd.Apply1(upsample2D{upsampling{cfg, false}}, x)
}

func (upsample2D) Name() string { return "upsample2d" }

// upsampled returns the shape of images [n c h w] at their new size.
func (c upsampling) upsampled(x []int) ([]int, error) {
	if !(c.Scale >= 0) || c.Scale > maxSlide || c.Scale > 0 && (c.Height != 0 || c.Width != 0) {
		return nil, fmt.Errorf("want a scale, or a height and width, not %+v", c)
	}
	if c.AlignCorners && !c.Linear {
		return nil, fmt.Errorf("want aligned corners with linear upsampling only")
	}
	h, w := c.Height, c.Width
	if c.Scale > 0 {
		h, w = int(float64(x[2])*c.Scale), int(float64(x[3])*c.Scale)
	}
	if c.Row {
		h = x[2]
	}
	if min(x[2], x[3], h, w) < 1 {
		return nil, fmt.Errorf("want images and upsampled images that are not empty, not ones of %d×%d", h, w)
	}
	return []int{x[0], x[1], h, w}, nil
}

// samples returns how an axis of n elements becomes one of m.
func samples[T kernel.Float](c upsampling, n, m int) kernel.Samples[T] {
	s := kernel.Samples[T]{Size: n}
	for i := range m {
		if !c.Linear {
			s.Low = append(s.Low, min(c.nearest(i, n, m), n-1))
			continue
		}
		at := c.position(i, n, m)
		low := min(int(at), n-1)
		s.Low, s.High = append(s.Low, low), append(s.High, min(low+1, n-1))
		s.Weight = append(s.Weight, T(at-float64(low)))
	}
	return s
}

func (c upsampling) nearest(i, n, m int) int {
	if c.Scale > 0 {
		return int(float64(i) * (1 / c.Scale))
	}
	return i * n / m
}

func (c upsampling) position(i, n, m int) float64 {
	switch {
	case n == 1, c.AlignCorners && m == 1:
		return 0
	case c.AlignCorners:
		return float64(i) * (float64(n-1) / float64(m-1))
	}
	step := float64(n) / float64(m)
	if c.Scale > 0 {
		step = 1 / c.Scale
	}
	return max(0, float64((float64(i)+0.5)*step)-0.5)
}

// resampling is how images [n c h w] become ones of another size.
func resampling[T kernel.Float](c upsampling, x, y []int) kernel.Resampling[T] {
	return kernel.Resampling[T]{Rows: samples[T](c, x[2], y[2]), Cols: samples[T](c, x[3], y[3])}
}

func (o upsample2D) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	out, err := o.upsampled(in[0].Shape)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, out...), nil
}

func (o upsample2D) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { resampleForward(o.upsampling, in[0], out[0], in[0], out[0], kernel.Resample[float32]) },
		func() { resampleForward(o.upsampling, in[0], out[0], in[0], out[0], kernel.Resample[float64]) })
}

// resampleForward shares out the planes of small images and upsampled ones: from
// those that are read to those that are written.
func resampleForward[T kernel.Float](c upsampling, small, large, from, to *tensor.Tensor, f func(r kernel.Resampling[T], planes int, large, small []T)) {
	r := resampling[T](c, small.Shape(), large.Shape())
	src, dst, planes := tensor.Data[T](from), tensor.Data[T](to), from.Shape()[0]*from.Shape()[1]
	if planes == 0 {
		return
	}
	read, written := len(src)/planes, len(dst)/planes
	parallel.For(planes, 1+grain/(read+written), func(lo, hi int) {
		f(r, hi-lo, dst[lo*written:hi*written], src[lo*read:hi*read])
	})
}

// Block resamples 16 images side by side.
func (o upsample2D) Block(in, out []tensor.Spec, _ []bool) *Block {
	return resampleBlock(o.upsampling, in[0].Shape, out[0].Shape, in[0].DType,
		func(r kernel.Resampling[float32], in, out kernel.Block, y, x []float32) {
			kernel.ResampleLanes(r, in, out, y, x)
		},
		func(r kernel.Resampling[float64], in, out kernel.Block, y, x []float64) {
			kernel.ResampleLanes(r, in, out, y, x)
		})
}

func resampleBlock(c upsampling, small, large []int, d tensor.DType,
	f32 func(r kernel.Resampling[float32], in, out kernel.Block, dst, src []float32), f64 func(r kernel.Resampling[float64], in, out kernel.Block, dst, src []float64)) *Block {
	return &Block{Split: []bool{true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		r32, r64 := resampling[float32](c, small, large), resampling[float64](c, small, large)
		return typedBlock(d, 0,
			func(c *BlockCall) {
				f32(r32, blocks[0], outs[0], tensor.Data[float32](c.Out[0]), tensor.Data[float32](c.In[0]))
			},
			func(c *BlockCall) {
				f64(r64, blocks[0], outs[0], tensor.Data[float64](c.Out[0]), tensor.Data[float64](c.In[0]))
			})
	}}
}

func (o upsample2D) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0].Shape()
	return []*autograd.Value{autograd.Apply1(upsample2DGrad{o.upsampling, x[2], x[3]}, grad[0])}
}

// upsample2DGrad adds each element of g, row by row and from 0, to those of images of
// InHeight x InWidth that it would be upsampled from, times their weights.
type upsample2DGrad struct {
	upsampling
	InHeight, InWidth int
}

func (upsample2DGrad) Name() string { return "upsample2d_grad" }

func (o upsample2DGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 4, "[n c h w]"); err != nil {
		return nil, err
	}
	x := []int{in[0].Shape[0], in[0].Shape[1], o.InHeight, o.InWidth}
	out, err := o.upsampled(x)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(in[0].Shape, out) {
		return nil, fmt.Errorf("want upsampled images %v", out)
	}
	return one(in[0].DType, x...), nil
}

func (o upsample2DGrad) Forward(in, out []*tensor.Tensor) {
	forward(in[0].DType(),
		func() { resampleForward(o.upsampling, out[0], in[0], in[0], out[0], kernel.ResampleGrad[float32]) },
		func() { resampleForward(o.upsampling, out[0], in[0], in[0], out[0], kernel.ResampleGrad[float64]) })
}

// Block adds the gradients of 16 images side by side.
func (o upsample2DGrad) Block(in, out []tensor.Spec, _ []bool) *Block {
	return resampleBlock(o.upsampling, out[0].Shape, in[0].Shape, in[0].DType,
		func(r kernel.Resampling[float32], in, out kernel.Block, dx, g []float32) {
			kernel.ResampleGradLanes(r, out, in, dx, g)
		},
		func(r kernel.Resampling[float64], in, out kernel.Block, dx, g []float64) {
			kernel.ResampleGradLanes(r, out, in, dx, g)
		})
}

func (o upsample2DGrad) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(upsample2D{o.upsampling}, grad[0])}
}

// sampled is the reference: the weight of element k of an axis of n in element i of
// the axis of m that it becomes.
func (c upsampling) sampled(i, k, n, m int) float64 {
	step := float64(n) / float64(m)
	if c.Scale > 0 {
		step = 1 / c.Scale
	}
	if !c.Linear {
		if k == min(int(math.Floor(float64(i)*step+1e-9)), n-1) {
			return 1
		}
		return 0
	}
	at := math.Max(0, (float64(i)+0.5)*step-0.5)
	if c.AlignCorners {
		at = float64(i*(n-1)) / math.Max(1, float64(m-1))
	}
	return math.Max(0, 1-math.Abs(math.Min(at, float64(n-1))-float64(k)))
}

// upsampleCases has cases of an operation with each config, on images of a size, and
// what they become.
func upsampleCases(of func(c upsampling, h, w int) Operation, in func(h, w, toH, toW int) (int, int)) (cases []Case) {
	for _, c := range []struct {
		n, channels, h, w, toH, toW int
		cfg                         Upsample2DConfig
	}{
		{2, 2, 2, 3, 4, 6, Upsample2DConfig{Scale: 2}},
		{1, 2, 3, 2, 5, 3, Upsample2DConfig{Height: 5, Width: 3}},
		{1, 1, 4, 5, 6, 7, Upsample2DConfig{Scale: 1.5, Linear: true}},
		{2, 1, 3, 4, 5, 7, Upsample2DConfig{Height: 5, Width: 7, Linear: true}},
		{2, 1, 3, 4, 5, 6, Upsample2DConfig{Height: 5, Width: 6, Linear: true, AlignCorners: true}},
		{1, 3, 5, 4, 1, 2, Upsample2DConfig{Height: 1, Width: 2, Linear: true, AlignCorners: true}},
		{18, 1, 1, 2, 2, 1, Upsample2DConfig{Height: 2, Width: 1, Linear: true}},
		{1, 2, 1, 3, 1, 6, Upsample2DConfig{Scale: 2}},
		{0, 2, 2, 2, 4, 4, Upsample2DConfig{Scale: 2}},
	} {
		h, w := in(c.h, c.w, c.toH, c.toW)
		cases = append(cases, Case{of(upsampling{c.cfg, c.h == 1 && c.toH == 1}, c.h, c.w), []Arg{In(c.n, c.channels, h, w)}})
	}
	return cases
}

var _ = register(Entry{
	Name: "upsample2d", Kind: Pooling, Formula: "x between its nearest elements", Call: "Upsample2D(x, cfg)", Shapes: "[n c h w] → [n c h′ w′]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o upsample2D, in []Array, index []int) float64 {
		x := in[0].Shape()
		out, _ := o.upsampled(x)
		return total(x[2:], func(at []int) float64 {
			return o.sampled(index[2], at[0], x[2], out[2]) * o.sampled(index[3], at[1], x[3], out[3]) * in[0].At(index[0], index[1], at[0], at[1])
		})
	}),
	Cases: upsampleCases(func(c upsampling, _, _ int) Operation { return upsample2D{c} }, func(h, w, _, _ int) (int, int) { return h, w }),
})

var _ = register(Entry{
	Name: "upsample2d_grad", Kind: Pooling, Formula: "g added to the elements that its are between", Shapes: "[n c h′ w′] → [n c h w]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o upsample2DGrad, in []Array, index []int) float64 {
		g := in[0].Shape()
		return total(g[2:], func(at []int) float64 {
			return o.sampled(at[0], index[2], o.InHeight, g[2]) * o.sampled(at[1], index[3], o.InWidth, g[3]) * in[0].At(index[0], index[1], at[0], at[1])
		})
	}),
	Cases: upsampleCases(func(c upsampling, h, w int) Operation { return upsample2DGrad{c, h, w} }, func(_, _, h, w int) (int, int) { return h, w }),
})
