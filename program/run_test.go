package program

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// small is a step of training a network with each kind of layer, in several phases.
func small(d tensor.DType) builder {
	return func(m *model, in values) values {
		n := newNetwork(m, d, nil, in)
		n.x = in[0]
		n.script = script{choices: []int{0, 1, 3, 1, 0, 1}} // 3×3, padded, 4 filters, a bias, then ReLU
		n.convolution(5)
		n.x = op.ReLU(n.normalised())
		n.x = op.MaxPool2D(n.x, op.Pool2DConfig{Kernel: 3, Stride: 2, Padding: 1})
		n.x = op.Add(n.dropped(), op.Mean(n.x, 0))
		n.script = script{choices: []int{1, 1, 0, 0, 2, 1, 1, 1, 1, 1}} // a bias, then ReLU; Adam; outputs
		n.dense(5)
		return append(n.step(in[1]), n.x.Detach())
	}
}

func smallInputs(d tensor.DType, batch int) func(run int) []*tensor.Tensor {
	return func(run int) []*tensor.Tensor {
		seed := uint64(3 * run)
		return []*tensor.Tensor{draw(d, seed, batch, 2, 5, 6), labels(seed+1, classes, batch), draw(d, seed+2, batch, 1)}
	}
}

func TestAnyNumberOfThreadsGivesTheSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b, inputs := small(tensor.Float32), smallInputs(tensor.Float32, 70)
	eager := &model{}
	var want [][]*tensor.Tensor
	for run := range 3 {
		want = append(want, b.eager(eager, inputs(run)))
	}
	for _, compiledWith := range []int{1, 2, 5} {
		for _, runWith := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(compiledWith)
			m := eager.twin()
			p := b.compile(m, inputs(0), true)
			runtime.GOMAXPROCS(runWith)
			how := fmt.Sprintf("%d threads, compiled with %d", runWith, compiledWith)
			for run := range want {
				for i, got := range p.Run(inputs(run)...) {
					wantSame(t, how, "output", run, i, got, want[run][i])
				}
			}
			for i, v := range m.variables {
				wantSame(t, how, "variable", len(want), i, v.Tensor(), eager.variables[i].Tensor())
			}
		}
	}
}

// A program for a few examples runs an operation at a time.
func TestBatchesOfAnySize(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
		for _, n := range []int{1, 2, fewExamples - 1, fewExamples, 15, 16, 17, 31, 32, 33} {
			wantSameRuns(t, small(d), smallInputs(d, n))
		}
	}
}

func TestProgramsWithoutVariables(t *testing.T) {
	for _, n := range []int{3, 16, 20} {
		wantSameRuns(t, func(_ *model, in values) values {
			y := op.Softmax(op.Tanh(in[0]))
			return values{y, op.Sum(y, 0), op.Sum(y), op.ArgMax(y, -1), in[0], op.Reshape(in[0], -1)}
		}, func(run int) []*tensor.Tensor { return []*tensor.Tensor{draw(tensor.Float64, uint64(run), n, 3)} })
		wantSameRuns(t, func(*model, values) values { return values{op.Tanh(op.Zeros(tensor.Float32, n, 2))} },
			func(int) []*tensor.Tensor { return nil })
	}
}

// What layouts of blocks must get right: each of these has failed.
func TestLayouts(t *testing.T) {
	for name, b := range map[string]func(m *model, x *autograd.Value) *autograd.Value{
		"a sum of everything": func(_ *model, x *autograd.Value) *autograd.Value { return op.Sum(op.Tanh(x)) },
		"a pointwise operation between borders": func(m *model, x *autograd.Value) *autograd.Value {
			return conv(m, op.Mul(op.Tanh(x), op.Sigmoid(x)), 3)
		},
		"a broadcast to what has a border": func(m *model, x *autograd.Value) *autograd.Value {
			return conv(m, op.Mul(op.SumKeep(x, 2), op.Tanh(x)), 5)
		},
		"a convolution of a view of other channels": func(m *model, x *autograd.Value) *autograd.Value {
			return conv(m, op.Reshape(op.Tanh(x), x.Shape()[0], 6, 2, 4), 3)
		},
		"both": func(m *model, x *autograd.Value) *autograd.Value {
			x = op.Tanh(x)
			return op.Mul(conv(m, x, 3), conv(m, op.Reshape(x, x.Shape()[0], 6, 2, 4), 3))
		},
		"a view that moves the batch to the first axis": func(_ *model, x *autograd.Value) *autograd.Value {
			n := x.Shape()[0]
			moved := op.Reshape(op.Permute(op.Flatten(x), 1, 0), n, 2, 6, 4)
			return op.Add(moved, op.Tanh(op.Reshape(x, n, 2, 6, 4)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantSameRuns(t, func(m *model, in values) values { return values{b(m, in[0])} },
				func(run int) []*tensor.Tensor {
					return []*tensor.Tensor{draw(tensor.Float32, uint64(run), 19, 3, 4, 4)}
				})
		})
	}
}

// Operations are fused only with those that they are about, and only where it does
// not show.
func TestWhatLooksAsIfItCouldBeFused(t *testing.T) {
	wantSameRuns(t, func(m *model, in values) values {
		x, other := op.ReLU(in[0]), op.Neg(in[0])
		x = op.Add(x, m.variable(true, func() *tensor.Tensor { return tensor.Full(tensor.Float32, 0) })) // needs a gradient
		pooled := op.MaxPool2D(x, op.Pool2DConfig{Kernel: 2})
		g := func() *autograd.Value { // used once
			return autograd.Backward(values{pooled}, values{pooled.Detach()}, values{x}, false)[0]
		}
		layer := op.Conv2D(x, autograd.Const(draw(tensor.Float32, 3, 2, 3, 2, 2)), nil, op.Conv2DConfig{})
		down := func() *autograd.Value { // used once
			return autograd.Backward(values{layer}, values{layer.Detach()}, values{x}, false)[0]
		}
		channels := op.SumKeep(x, 2, 3) // gates of another shape
		return values{op.Gate(other, g()), op.Gate(x, g()), layer, op.ReLU(layer), op.Gate(channels, down()), op.Gate(x, down())}
	}, func(run int) []*tensor.Tensor {
		return []*tensor.Tensor{draw(tensor.Float32, uint64(run), 19, 3, 4, 4)}
	})
}

// What one operation makes goes where its input was, as long as nobody wants that.
func TestBlocksTakeThePlaceOfOthers(t *testing.T) {
	const n = 100
	p := Record(nil, specs{tensor.NewSpec(tensor.Float32, 16, n)}, func(in values) values {
		x := op.Tanh(op.Tanh(in[0]))
		y := op.Sigmoid(x)
		return values{op.Sum(op.Mul(x, y), 0)}
	})
	if got := p.phases[0].segment.arena[tensor.Float32]; got != 2*n*lanesFor(16) {
		t.Errorf("%d elements for what lies in a block, want room for two values", got)
	}
}

// conv convolves images with a border to the same size, three filters.
func conv(m *model, x *autograd.Value, k int) *autograd.Value {
	shape := []int{3, x.Shape()[1], k, k}
	w := m.variable(true, func() *tensor.Tensor { return draw(x.DType(), 5, shape...) })
	y := op.Conv2D(x, w, nil, op.Conv2DConfig{Padding: k / 2})
	return op.BroadcastTo(op.Sum(y, 2, 3), x.Shape()[0], 3)
}

// A label that is no class stops a run with the mistake, from whichever goroutine;
// afterwards the program runs as if nothing had been.
func TestAMistakeInABlockReachesTheCaller(t *testing.T) {
	for _, threads := range []int{1, 2} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		const n = 70
		b := builder(func(m *model, in values) values {
			loss := op.CrossEntropy(conv(m, in[0], 3), in[1])
			return values{op.Mean(loss), loss}
		})
		good := []*tensor.Tensor{draw(tensor.Float32, 1, n, 2, 4, 4), labels(2, classes, n)}
		bad := clones(good)
		tensor.Data[int64](bad[1])[65] = classes
		m := &model{}
		want := b.eager(m, good)
		p := b.compile(m.twin(), good, true)
		for range 3 {
			mistake := recovered(func() { p.Run(bad...) })
			if mistake == nil || !strings.Contains(mistake.Error(), "cross_entropy: label 65 is 3, want 0 to 2") {
				t.Errorf("%d threads: recovered %v", threads, mistake)
			}
			for i, got := range p.Run(good...) {
				wantSame(t, "after a mistake", "output", 1, i, got, want[i])
			}
		}
	}
}

// recovered returns the mistake that f panics with, perhaps out of a loop.
func recovered(f func()) (mistake *tensor.Error) {
	defer func() {
		v := recover()
		if p, ok := v.(*parallel.Panic); ok {
			v = p.Value
		}
		mistake, _ = v.(*tensor.Error)
	}()
	f()
	return nil
}

func TestWrongInputsAreRefused(t *testing.T) {
	b := builder(func(_ *model, in values) values { return values{op.Sum(op.Tanh(in[0]), 0)} })
	good := draw(tensor.Float32, 1, 16, 3)
	p := b.compile(&model{}, []*tensor.Tensor{good}, true)
	for want, in := range map[string][]*tensor.Tensor{
		"want 1 inputs, not 0":                     nil,
		"want 1 inputs, not 2":                     {good, good},
		"of float32[17 3]: want input 0 to be":     {draw(tensor.Float32, 1, 17, 3)},
		"of float64[16 3]: want input 0 to be":     {draw(tensor.Float64, 1, 16, 3)},
		"of float32[48]: want input 0 to be":       {draw(tensor.Float32, 1, 48)},
		"of float32[3 16]: want input 0 to be flo": {draw(tensor.Float32, 1, 3, 16)},
	} {
		if err := recovered(func() { p.Run(in...) }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("recovered %v, want %s", err, want)
		}
	}
}

// An input may be a view, and is read where it lies only until the run ends.
func TestInputsThatAreViews(t *testing.T) {
	b := builder(func(_ *model, in values) values { return values{op.Tanh(in[0]), op.Sum(in[0], 0)} })
	x := draw(tensor.Float32, 1, 20, 3)
	turned := x.Permute(1, 0).Clone().Permute(1, 0)
	p := b.compile(&model{}, []*tensor.Tensor{x}, true)
	want := clones(p.Run(x))
	for i, got := range p.Run(turned) {
		wantSame(t, "view", "output", 0, i, got, want[i])
	}
	tensor.Data[float32](x)[0] = 5
	again := b.compile(&model{}, []*tensor.Tensor{x}, true).Run(x)
	for i, got := range p.Run(x) {
		wantSame(t, "after a change", "output", 0, i, got, again[i])
	}
}
