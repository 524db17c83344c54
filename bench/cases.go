package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// cases are the rows of the table, in order.
func cases() (all []comparison) {
	for _, batch := range []int{16, 64, 256} {
		all = append(all, training("lenet5", lenet5, batch))
	}
	all = append(all, inference("lenet5", lenet5, 1), inference("lenet5", lenet5, 64), training("mlp", mlp, 128))
	for i, net := range small {
		all = append(all, training(fmt.Sprintf("net%d", i+1), net, 64))
	}
	all = append(all,
		training("resnet20", resNet20([]int{3, 32, 32}), 64), training("resnet20-28", resNet20([]int{1, 28, 28}), 64),
		training("mobilenet", mobileNet, 64), inference("mobilenet", mobileNet, 64),
		transformer(4, 4, 128, 16, 64), transformer(6, 6, 384, 8, 256))
	all = append(all, training("separable", separable, 64), inference("separable", separable, 64))
	all = append(all, convolutions("conv", measure.Convolution{Channels: 64, Size: 56, Batch: 16})...)
	all = append(all, convolutions("conv", measure.Convolution{Channels: 256, Size: 14, Batch: 16})...)
	for _, c := range depthwise {
		all = append(all, convolutions("depthwise", c)...)
	}
	all = append(all, products()...)
	all = append(all, elementwise()...)
	for _, p := range folders {
		all = append(all, loading(p))
	}
	return append(all, scaling(), memory(), goPeer("gorgonia"), goPeer("gomlx"), goPeer("born"))
}

// targets are the ratios to reach, by the beginning of a case's name: the longest
// that fits.
var targets = []struct {
	prefix string
	ratio  float64
}{
	{"lenet5-train-16", 5}, {"lenet5-train-64", 4}, {"lenet5-train-256", 3},
	{"lenet5-infer-1", 5}, {"lenet5-infer-64", 2},
	{"mlp", 1.2}, {"net", 3}, {"resnet20", 1.2}, {"mobilenet", 1.2}, {"conv", 1}, {"depthwise", 2}, {"separable", 2}, {"gemm-small", 1.5}, {"gemm", 0.95},
	{"threads", 1.85}, {"memory", 3}, {"peer", 20}, {"images", 0.5},
	{"", 1}, // elementwise
}

// target returns the ratio that a case is to reach.
func target(name string) float64 {
	longest, ratio := -1, 0.0
	for _, t := range targets {
		if strings.HasPrefix(name, t.prefix) && len(t.prefix) > longest {
			longest, ratio = len(t.prefix), t.ratio
		}
	}
	return ratio
}

// training compares a step of training. PyTorch must have built as many
// parameters as we did, and a loss like ours: that of guessing.
func training(name string, net wire.Network, batch int) comparison {
	r := wire.Request{Work: "train", Network: &net, Batch: batch}
	return comparison{name: fmt.Sprintf("%s-train-%d", name, batch), sides: func(h *harness) (contender, []contender, error) {
		ours := build(net.Layers, random.New(1))
		if err := checkNetwork(h, r, ours); err != nil {
			return contender{}, nil, err
		}
		rivals, err := h.torch.contenders(r, 1, threads)
		return odyssey(measure.Training(ours, net.Input, net.Classes, batch), threads), rivals, err
	}}
}

// transformer compares a step of training of a GPT, by AdamW.
func transformer(layers, heads, width, batch, context int) comparison {
	const vocabulary = 96
	r := wire.Request{Work: "gpt", Sizes: []int{layers, heads, width, batch, context, vocabulary}}
	return versus(fmt.Sprintf("gpt-%d-%d-train-%d", layers, width, batch), r, func() measure.Work {
		cfg := model.GPTConfig{Vocabulary: vocabulary, Context: context, Layers: layers, Heads: heads, Width: width}
		return measure.Transformer(model.NewGPT(cfg, 1), vocabulary, batch, context)
	})
}

func inference(name string, net wire.Network, batch int) comparison {
	r := wire.Request{Work: "infer", Network: &net, Batch: batch}
	return versus(fmt.Sprintf("%s-infer-%d", name, batch), r, func() measure.Work {
		return measure.Inference(build(net.Layers, random.New(1)), net.Input, batch)
	})
}

func checkNetwork(h *harness, r wire.Request, ours nn.Module) error {
	r.Threads, r.BLAS, r.Seconds = 1, 1, 0.01
	a, err := h.torch.processes[0].ask(r)
	if err != nil {
		return err
	}
	if want := nn.CountParameters(ours); a.Parameters != want {
		return fmt.Errorf("PyTorch has %d parameters, we have %d", a.Parameters, want)
	}
	if loss := float64(a.Loss); !(math.Abs(loss-math.Log(float64(r.Network.Classes))) < 1) {
		return errors.New("PyTorch's loss is not that of guessing")
	}
	return nil
}

// depthwise are convolutions as MobileNet has them, on small images and on those of
// its paper: with a stride where the images are halved.
var depthwise = []measure.Convolution{
	{Channels: 32, Size: 32, Batch: 64, Depthwise: true},
	{Channels: 64, Size: 32, Batch: 64, Stride: 2, Depthwise: true},
	{Channels: 128, Size: 16, Batch: 64, Depthwise: true},
	{Channels: 256, Size: 8, Batch: 64, Depthwise: true},
	{Channels: 512, Size: 4, Batch: 64, Depthwise: true},
	{Channels: 32, Size: 112, Batch: 16, Depthwise: true},
	{Channels: 64, Size: 112, Batch: 16, Stride: 2, Depthwise: true},
	{Channels: 256, Size: 28, Batch: 16, Depthwise: true},
	{Channels: 512, Size: 14, Batch: 16, Depthwise: true},
}

func convolutions(kind string, c measure.Convolution) (all []comparison) {
	stride, groups := max(1, c.Stride), 1
	name := fmt.Sprintf("%s-%d-%d-%d-", kind, c.Channels, c.Size, c.Batch)
	if c.Depthwise {
		groups = c.Channels
	}
	if stride > 1 {
		name += fmt.Sprintf("stride-%d-", stride)
	}
	request := func(work string) wire.Request {
		return wire.Request{Work: work, Sizes: []int{c.Channels, c.Size, c.Batch, stride, groups}}
	}
	return []comparison{
		versus(name+"forward", request("conv"), c.Forward),
		versus(name+"input", request("conv-input"), c.InputGradient),
		versus(name+"weight", request("conv-weight"), c.WeightGradient),
	}
}

// products are square ones on each number of threads, and those of LeNet-5's
// dense layers: m×n×k, forward and for the gradients.
func products() (all []comparison) {
	request := func(m, n, k int) wire.Request { return wire.Request{Work: "matmul", Sizes: []int{m, n, k}} }
	for _, n := range []int{256, 512, 1024, 2048} {
		for t := 1; t <= threads; t++ {
			name := fmt.Sprintf("gemm-%d-threads-%d", n, t)
			all = append(all, versusOn(t, name, request(n, n, n), func() measure.Work { return measure.MatMul(n, n, n) }))
		}
	}
	for _, s := range [][3]int{
		{64, 120, 400}, {64, 84, 120}, {64, 47, 84}, // forward
		{64, 400, 120}, {64, 120, 84}, {64, 84, 47}, // with respect to the input
		{120, 400, 64}, {400, 120, 64}, {84, 120, 64}, {47, 84, 64}, // with respect to the weights
	} {
		name := fmt.Sprintf("gemm-small-%dx%dx%d", s[0], s[1], s[2])
		all = append(all, versus(name, request(s[0], s[1], s[2]), func() measure.Work { return measure.MatMul(s[0], s[1], s[2]) }))
	}
	return all
}

// elementwise are operations whose time goes to memory or to one function.
func elementwise() []comparison {
	const n = 10_000_000
	unary := func(name string, f func(*autograd.Value) *autograd.Value, shape ...int) comparison {
		return versus(name, wire.Request{Work: name, Sizes: shape}, func() measure.Work { return measure.Unary(f, shape...) })
	}
	return []comparison{
		unary("exp", op.Exp, n),
		unary("tanh", op.Tanh, n),
		unary("sum", func(x *autograd.Value) *autograd.Value { return op.Sum(x) }, n),
		versus("adam", wire.Request{Work: "adam", Sizes: []int{n}}, func() measure.Work { return measure.Adam(n) }),
		unary("softmax", op.Softmax, 4096, 1000),
		versus("layernorm", wire.Request{Work: "layernorm", Sizes: []int{4096, 1000}}, func() measure.Work {
			return measure.Operation(func(in []*autograd.Value) *autograd.Value {
				return op.LayerNorm(in[0], in[1], in[2], 1e-5)
			}, []int{4096, 1000}, []int{1000}, []int{1000})
		}),
	}
}

// scaling compares ourselves on one thread with ourselves on two.
func scaling() comparison {
	return comparison{name: "threads", sides: func(*harness) (contender, []contender, error) {
		w := measure.Training(build(lenet5.Layers, random.New(1)), lenet5.Input, lenet5.Classes, 64)
		return odyssey(w, threads), []contender{odyssey(w, 1)}, nil
	}}
}
