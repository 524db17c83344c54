package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Conv1DConfig is how a convolution slides over its rows: as Conv2DConfig says it
// of images.
type Conv1DConfig struct{ Stride, Padding, Dilation, Groups int }

// ConvTranspose1DConfig is how a transposed convolution slides over its outputs: as
// ConvTranspose2DConfig says it of images.
type ConvTranspose1DConfig struct{ Stride, Padding, OutputPadding, Dilation, Groups int }

type (
	conv1D          struct{ Conv1DConfig }
	convTranspose1D struct{ ConvTranspose1DConfig }
)

// Conv1D is Conv2D of rows x, of shape [n c w], with w, of [o c/groups k], plus b,
// of [o] or nil.
func Conv1D(x, w, b *autograd.Value, cfg Conv1DConfig) *autograd.Value {
	return Apply1(conv1D{cfg}, withBias(x, w, b)...)
}

// ConvTranspose1D is ConvTranspose2D of rows x, of shape [n c w], with w, of
// [c o/groups k], plus b, of [o] or nil.
func ConvTranspose1D(x, w, b *autograd.Value, cfg ConvTranspose1DConfig) *autograd.Value {
	return Apply1(convTranspose1D{cfg}, withBias(x, w, b)...)
}

func (conv1D) Name() string          { return "conv1d" }
func (convTranspose1D) Name() string { return "conv_transpose1d" }

func (o conv1D) Compose(in []*autograd.Value) []*autograd.Value {
	return alongRows(in, "[o c/groups k]", func(x, w, b *autograd.Value) *autograd.Value {
		return Conv2D(x, w, b, Conv2DConfig{Groups: o.Groups, Columns: ConvColumns{o.Stride, o.Padding, o.Dilation}})
	})
}

func (o convTranspose1D) Compose(in []*autograd.Value) []*autograd.Value {
	return alongRows(in, "[c o/groups k]", func(x, w, b *autograd.Value) *autograd.Value {
		return ConvTranspose2D(x, w, b, ConvTranspose2DConfig{
			Groups: o.Groups, Columns: ConvTransposeColumns{o.Stride, o.Padding, o.OutputPadding, o.Dilation},
		})
	})
}

// alongRows applies a convolution of images to rows, with or without a bias.
func alongRows(in []*autograd.Value, weights string, f func(x, w, b *autograd.Value) *autograd.Value) []*autograd.Value {
	w := asImage(in[1], weights)
	var b *autograd.Value
	if len(in) == 3 {
		b = in[2]
	}
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value { return f(x, w, b) })
}

// ofOneRow makes a reference for images one for rows.
func ofOneRow(image func(in []Array, index []int) float64, in []Array, index []int) float64 {
	images := append([]Array{}, in...)
	for i, a := range images[:2] {
		s := a.Shape()
		images[i] = Array{tensor.NewSpec(tensor.Float64, s[0], s[1], 1, s[2]), a.Data}
	}
	return image(images, []int{index[0], index[1], 0, index[2]})
}

var _ = register(Entry{
	Name: "conv1d", Kind: Convolution, Formula: "b + Σ w[o,c,k] x[n,c,i+k]", Call: "Conv1D(x, w, b, cfg)", Shapes: "[n c w], [o c/groups k], [o] → [n o w′]", Bound: 4e-6,
	Linear: [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(func(o conv1D, in []Array, index []int) float64 {
		c := Conv2DConfig{Groups: o.Groups, Columns: ConvColumns{o.Stride, o.Padding, o.Dilation}}
		return ofOneRow(conv2D{c}.element, in, index)
	}),
	Cases: []Case{
		{conv1D{}, []Arg{In(2, 3, 5), In(4, 3, 2), In(4)}},
		{conv1D{Conv1DConfig{Padding: 2}}, []Arg{In(3, 1, 7), In(2, 1, 5)}},
		{conv1D{Conv1DConfig{Stride: 2, Padding: 1}}, []Arg{In(1, 2, 9), In(3, 2, 3), In(3)}},
		{conv1D{Conv1DConfig{Dilation: 3, Groups: 2}}, []Arg{In(2, 4, 8), In(2, 2, 3)}},
		{conv1D{}, []Arg{In(0, 2, 4), In(3, 2, 3), In(3)}},
	},
})

var _ = register(Entry{
	Name: "conv_transpose1d", Kind: Convolution, Formula: "b + Σ w[c,o,k] x[n,c,i-k]", Call: "ConvTranspose1D(x, w, b, cfg)", Shapes: "[n c w], [c o/groups k], [o] → [n o w′]", Bound: 4e-6,
	Linear: [][]int{{0, 2}, {1, 2}},
	Reference: PerElement(func(o convTranspose1D, in []Array, index []int) float64 {
		c := ConvTranspose2DConfig{Groups: o.Groups, Columns: ConvTransposeColumns{o.Stride, o.Padding, o.OutputPadding, o.Dilation}}
		return ofOneRow(convTranspose2D{c}.element, in, index)
	}),
	Cases: []Case{
		{convTranspose1D{}, []Arg{In(2, 3, 4), In(3, 2, 2), In(2)}},
		{convTranspose1D{ConvTranspose1DConfig{Stride: 2, Padding: 1, OutputPadding: 1}}, []Arg{In(3, 1, 5), In(1, 2, 3)}},
		{convTranspose1D{ConvTranspose1DConfig{Dilation: 2, Groups: 2}}, []Arg{In(1, 4, 3), In(4, 1, 3), In(2)}},
		{convTranspose1D{ConvTranspose1DConfig{Stride: 3}}, []Arg{In(18, 1, 2), In(1, 1, 2), In(1)}},
		{convTranspose1D{}, []Arg{In(0, 2, 4), In(2, 3, 3), In(3)}},
	},
})
