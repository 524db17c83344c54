package main

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// Both sides build a network from the same description.

func conv(in, out, kernel, stride, padding int) wire.Layer {
	return wire.Layer{Kind: "conv", In: in, Out: out, Kernel: kernel, Stride: stride, Padding: padding}
}

func linear(in, out int) wire.Layer { return wire.Layer{Kind: "linear", In: in, Out: out} }

func withoutBias(l wire.Layer) wire.Layer {
	l.NoBias = true
	return l
}

func maxPool(kernel, stride int) wire.Layer {
	return wire.Layer{Kind: "maxpool", Kernel: kernel, Stride: stride}
}

func avgPool(kernel, stride int) wire.Layer {
	return wire.Layer{Kind: "avgpool", Kernel: kernel, Stride: stride}
}

// poolings are the operations that pool.
var poolings = map[string]func(x *autograd.Value, cfg op.Pool2DConfig) *autograd.Value{
	"maxpool": op.MaxPool2D,
	"avgpool": op.AvgPool2D,
}

var (
	relu    = wire.Layer{Kind: "relu"}
	tanh    = wire.Layer{Kind: "tanh"}
	flatten = wire.Layer{Kind: "flatten"}

	meanPool = wire.Layer{Kind: "meanpool"}
)

func batchNorm(channels int) wire.Layer { return wire.Layer{Kind: "batchnorm", In: channels} }

// convNorm is a convolution that keeps the size, divided by its stride, and batch
// normalisation.
func convNorm(in, out, kernel, stride, groups int) []wire.Layer {
	c := withoutBias(conv(in, out, kernel, stride, kernel/2))
	c.Groups = groups
	return []wire.Layer{c, batchNorm(out)}
}

func residual(layers ...wire.Layer) wire.Layer { return wire.Layer{Kind: "residual", Layers: layers} }

var lenet5 = wire.Network{Input: []int{1, 28, 28}, Classes: 47, Layers: []wire.Layer{
	conv(1, 6, 5, 1, 2), relu, maxPool(2, 2),
	conv(6, 16, 5, 1, 0), relu, maxPool(2, 2), flatten,
	linear(400, 120), relu, linear(120, 84), relu, linear(84, 47),
}}

var mlp = wire.Network{Input: []int{784}, Classes: 10, Layers: []wire.Layer{
	linear(784, 1024), relu, linear(1024, 1024), relu, linear(1024, 10),
}}

// small are made up to be unlike each other and unlike what anybody tuned for.
var small = []wire.Network{
	{Input: []int{1, 28, 28}, Classes: 47, Layers: []wire.Layer{
		conv(1, 5, 3, 1, 1), tanh, avgPool(2, 2),
		conv(5, 12, 5, 1, 0), tanh, avgPool(2, 2), flatten,
		linear(300, 37), tanh, linear(37, 47),
	}},
	{Input: []int{3, 32, 32}, Classes: 10, Layers: []wire.Layer{
		conv(3, 12, 3, 1, 1), relu, conv(12, 20, 3, 2, 1), relu, conv(20, 37, 3, 2, 1), relu, flatten,
		linear(37*8*8, 10),
	}},
	{Input: []int{3, 24, 24}, Classes: 10, Layers: []wire.Layer{
		withoutBias(conv(3, 20, 7, 2, 3)), relu, maxPool(2, 2),
		conv(20, 37, 1, 1, 0), relu, conv(37, 20, 3, 1, 1), relu, flatten,
		withoutBias(linear(720, 10)),
	}},
	{Input: []int{1, 32, 32}, Classes: 10, Layers: []wire.Layer{
		conv(1, 12, 5, 1, 2), relu, maxPool(2, 2),
		residual(withoutBias(conv(12, 12, 3, 1, 1)), relu, withoutBias(conv(12, 12, 3, 1, 1))), relu, avgPool(2, 2), flatten,
		linear(768, 37), tanh, linear(37, 10),
	}},
	{Input: []int{3, 28, 28}, Classes: 47, Layers: []wire.Layer{
		conv(3, 5, 1, 1, 0), relu, conv(5, 12, 3, 1, 0), relu, maxPool(3, 2),
		conv(12, 20, 3, 1, 0), relu, avgPool(2, 2), flatten,
		linear(500, 47),
	}},
}

// separable is a small MobileNet without its normalisations: convolutions of each
// channel by itself, and of channels with each other.
var separable = wire.Network{Input: []int{3, 32, 32}, Classes: 10, Layers: slices.Concat(
	[]wire.Layer{conv(3, 32, 3, 1, 1), relu},
	separableBlock(32, 64, 1), separableBlock(64, 128, 2), separableBlock(128, 128, 1),
	separableBlock(128, 256, 2), separableBlock(256, 256, 1), separableBlock(256, 512, 2),
	[]wire.Layer{avgPool(4, 4), flatten, linear(512, 10)},
)}

func separableBlock(in, out, stride int) []wire.Layer {
	depthwise := conv(in, in, 3, stride, 1)
	depthwise.Groups = in
	return []wire.Layer{depthwise, relu, conv(in, out, 1, 1, 0), relu}
}

// resNet20 is that of He et al., "Deep Residual Learning for Image Recognition",
// 2015, for small images, with projections where the number of channels changes.
func resNet20(input []int) wire.Network {
	layers := append(convNorm(input[0], 16, 3, 1, 1), relu)
	in := 16
	for _, out := range []int{16, 32, 64} {
		for i := range 3 {
			stride, block := 1, wire.Layer{Kind: "residual"}
			if i == 0 && out != in {
				stride = 2
				block.Shortcut = convNorm(in, out, 1, stride, 1)
			}
			block.Layers = slices.Concat(convNorm(in, out, 3, stride, 1), []wire.Layer{relu}, convNorm(out, out, 3, 1, 1))
			layers = append(layers, block, relu)
			in = out
		}
	}
	return wire.Network{Input: input, Classes: 10, Layers: append(layers, meanPool, linear(64, 10))}
}

// mobileNet is that of Howard et al., "MobileNets", 2017, at half its width, and for
// small images: the first two strides are 1.
var mobileNet = func() wire.Network {
	layers := append(convNorm(3, 16, 3, 1, 1), relu)
	in := 16
	for _, l := range [][2]int{{32, 1}, {64, 1}, {64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {256, 1}, {256, 1}, {256, 1}, {256, 1}, {512, 2}, {512, 1}} {
		layers = slices.Concat(layers, convNorm(in, in, 3, l[1], in), []wire.Layer{relu}, convNorm(in, l[0], 1, 1, 1), []wire.Layer{relu})
		in = l[0]
	}
	return wire.Network{Input: []int{3, 32, 32}, Classes: 10, Layers: append(layers, meanPool, linear(in, 10))}
}()

// build returns our network of a description.
func build(layers []wire.Layer, r *random.Stream) nn.Sequential {
	var net nn.Sequential
	for _, l := range layers {
		net = append(net, buildLayer(l, r))
	}
	return net
}

func buildLayer(l wire.Layer, r *random.Stream) nn.Module {
	switch l.Kind {
	case "conv":
		c := nn.NewConv2D(l.In, l.Out, l.Kernel, op.Conv2DConfig{Stride: l.Stride, Padding: l.Padding, Groups: l.Groups}, r)
		if l.NoBias {
			c.Bias = nil
		}
		return c
	case "linear":
		c := nn.NewLinear(l.In, l.Out, r)
		if l.NoBias {
			c.Bias = nil
		}
		return c
	case "relu":
		return nn.Func(op.ReLU)
	case "tanh":
		return nn.Func(op.Tanh)
	case "flatten":
		return nn.Func(op.Flatten)
	case "batchnorm":
		return nn.NewBatchNorm2D(l.In)
	case "meanpool":
		return nn.Func(func(x *autograd.Value) *autograd.Value { return op.Mean(x, 2, 3) })
	case "residual":
		return &residualBlock{build(l.Layers, r), build(l.Shortcut, r)}
	}
	pool := poolings[l.Kind]
	if pool == nil {
		panic(fmt.Sprintf("unknown layer %q", l.Kind))
	}
	cfg := op.Pool2DConfig{Kernel: l.Kernel, Stride: l.Stride, Padding: l.Padding}
	return nn.Func(func(x *autograd.Value) *autograd.Value { return pool(x, cfg) })
}

// residualBlock adds what its shortcut makes of its input to what its layers make
// of it.
type residualBlock struct{ Layers, Shortcut nn.Sequential }

func (b *residualBlock) Forward(x *autograd.Value) *autograd.Value {
	return op.Add(b.Shortcut.Forward(x), b.Layers.Forward(x))
}
