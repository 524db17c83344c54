package op

import (
	"cmp"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// ConvTranspose2DConfig is how a transposed convolution slides over its outputs.
type ConvTranspose2DConfig struct {
	Stride        int                  // rows and columns between the outputs of neighbouring inputs; 0 means 1
	Padding       int                  // rows and columns that are cut off each side
	OutputPadding int                  // rows and columns more at the end, less than Stride
	Dilation      int                  // rows and columns from one tap of the kernel to the next; 0 means 1
	Groups        int                  // groups of channels, each of which makes its own; 0 means 1
	Columns       ConvTransposeColumns // where these are not as the rows
}

// ConvTransposeColumns is how a transposed convolution goes along the columns, as
// ConvColumns is for a convolution.
type ConvTransposeColumns struct{ Stride, Padding, OutputPadding, Dilation int }

type convTranspose2D struct{ ConvTranspose2DConfig }

// ConvTranspose2D returns the transposed convolution of x, of shape [n c h w],
// with w, of [c o/groups kh kw], plus b, of [o] or nil. It is the gradient of the
// input of a Conv2D with the same weights and config: each element of x adds the
// kernel, times itself, to the output. (Zeiler et al., "Deconvolutional Networks",
// 2010.) Each output is a chain of fused multiply-adds from 0 over (c, ky, kx), and
// the bias is added to it. Of h rows it makes
//
//	(h-1)·stride - 2·padding + dilation·(kh-1) + outputPadding + 1
func ConvTranspose2D(x, w, b *autograd.Value, cfg ConvTranspose2DConfig) *autograd.Value {
	return Apply1(convTranspose2D{cfg}, withBias(x, w, b)...)
}

func (convTranspose2D) Name() string { return "conv_transpose2d" }

func (o convTranspose2D) Compose(in []*autograd.Value) []*autograd.Value {
	x, w := in[0], in[1]
	rows := ConvTransposeColumns{o.Stride, o.Padding, o.OutputPadding, o.Dilation}
	cols := cmp.Or(o.Columns, rows)
	if err := wantRank([]tensor.Spec{x.Spec(), w.Spec()}, 4, "[n c h w] and [c o/groups kh kw]"); err != nil {
		tensor.Fail("", nil, "%v", err)
	}
	for _, c := range []ConvTransposeColumns{rows, cols} {
		if err := c.check(); err != nil {
			tensor.Fail("", nil, "%v", err)
		}
	}
	if x.Shape()[1] != w.Shape()[0] {
		tensor.Fail("", nil, "want an input of %d channels for these weights", w.Shape()[0])
	}
	height, width := rows.size(x.Shape()[2], w.Shape()[2]), cols.size(x.Shape()[3], w.Shape()[3])
	if min(height, width) < 1 {
		tensor.Fail("", nil, "want an output that is not empty, not one of %d×%d", height, width)
	}
	cfg := Conv2DConfig{
		Stride: rows.Stride, Padding: rows.Padding, Dilation: rows.Dilation, Groups: o.Groups,
		Columns: ConvColumns{max(1, cols.Stride), cols.Padding, cols.Dilation},
	}
	y := autograd.Apply1(conv2DInput{cfg, height, width}, x, w)
	if len(in) < 3 {
		return []*autograd.Value{y}
	}
	b, filters := in[2], y.Shape()[1]
	if s := b.Shape(); len(s) != 1 || s[0] != filters {
		tensor.Fail("", nil, "want a bias [%d]", filters)
	}
	return []*autograd.Value{Add(y, Reshape(b, 1, filters, 1, 1))}
}

func (c ConvTransposeColumns) check() error {
	if min(c.Stride, c.Padding, c.Dilation) < 0 || max(c.Stride, c.Padding, c.Dilation) > maxSlide {
		return fmt.Errorf("want no negative stride, padding or dilation, and none above %d, not %+v", maxSlide, c)
	}
	if c.OutputPadding < 0 || c.OutputPadding >= cmp.Or(c.Stride, 1) {
		return fmt.Errorf("want an output padding from 0 to below the stride, not %d", c.OutputPadding)
	}
	return nil
}

// size returns that of the output along an axis.
func (c ConvTransposeColumns) size(in, kernel int) int {
	return (in-1)*cmp.Or(c.Stride, 1) - 2*c.Padding + cmp.Or(c.Dilation, 1)*(kernel-1) + c.OutputPadding + 1
}

// element is the reference: it scans all that could add to an element.
func (o convTranspose2D) element(in []Array, index []int) float64 {
	x, w := in[0], in[1]
	cols := o.Columns
	if cols == (ConvTransposeColumns{}) {
		cols = ConvTransposeColumns{o.Stride, o.Padding, o.OutputPadding, o.Dilation}
	}
	groups, filters := max(1, o.Groups), w.Shape()[1] // filters of a group
	sum := total(x.Shape()[1:], func(from []int) float64 {
		if from[0]/(x.Shape()[1]/groups) != index[1]/filters {
			return 0
		}
		return total(w.Shape()[2:], func(k []int) float64 {
			if from[1]*max(1, o.Stride)+k[0]*max(1, o.Dilation)-o.Padding != index[2] ||
				from[2]*max(1, cols.Stride)+k[1]*max(1, cols.Dilation)-cols.Padding != index[3] {
				return 0
			}
			return x.At(index[0], from[0], from[1], from[2]) * w.At(from[0], index[1]%filters, k[0], k[1])
		})
	})
	if len(in) == 3 {
		sum += in[2].At(index[1])
	}
	return sum
}

var _ = register(Entry{
	Name: "conv_transpose2d", Kind: Convolution, Formula: "b + Σ w[c,o,ky,kx] x[n,c,y-ky,x-kx]", Call: "ConvTranspose2D(x, w, b, cfg)", Shapes: "[n c h w], [c o/groups kh kw], [o] → [n o h′ w′]", Bound: 4e-6,
	Linear:    [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(convTranspose2D.element),
	Cases: []Case{
		{convTranspose2D{}, []Arg{In(2, 3, 3, 2), In(3, 2, 2, 3), In(2)}},
		{convTranspose2D{ConvTranspose2DConfig{Stride: 2, Padding: 1, OutputPadding: 1}}, []Arg{In(1, 2, 3, 2), In(2, 1, 3, 3), In(1)}},
		{convTranspose2D{ConvTranspose2DConfig{Dilation: 2, Padding: 1}}, []Arg{In(2, 1, 3, 4), In(1, 2, 2, 3)}},
		{convTranspose2D{ConvTranspose2DConfig{Groups: 2, Stride: 3}}, []Arg{In(1, 4, 2, 1), In(4, 1, 2, 2), In(2)}},
		{convTranspose2D{ConvTranspose2DConfig{Stride: 2, Columns: ConvTransposeColumns{3, 2, 1, 2}}}, []Arg{In(1, 2, 2, 3), In(2, 1, 2, 3)}},
		{convTranspose2D{}, []Arg{In(0, 2, 2, 2), In(2, 3, 2, 2), In(3)}},
	},
})
