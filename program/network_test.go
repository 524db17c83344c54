package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

const classes = 3

// Random small networks, with all that layers and optimisers are made of, give
// the same bits recorded as run operation by operation.
func TestRandomNetworksGiveTheSameBits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float32, tensor.Float64}).Draw(r, "type")
		batch := rapid.IntRange(8, 40).Draw(r, "batch")
		shape := []int{batch, rapid.IntRange(1, 3).Draw(r, "channels"), rapid.IntRange(1, 7).Draw(r, "height"), rapid.IntRange(1, 7).Draw(r, "width")}
		choices := drawScript(r, 80)
		wantSameRuns(r, func(m *model, in values) values {
			return newNetwork(m, d, choices, in).step(in[1])
		}, func(run int) []*tensor.Tensor {
			seed := uint64(10 * run)
			return []*tensor.Tensor{draw(d, seed, shape...), labels(seed+1, classes, batch), draw(d, seed+2, shape...)}
		})
	})
}

// network is a network being built by random choices.
type network struct {
	script
	*model
	d    tensor.DType
	x    *autograd.Value
	pool values // whatever there is
	wrt  values // parameters
}

func newNetwork(m *model, d tensor.DType, choices []int, in values) *network {
	n := &network{script: script{choices: choices}, model: m, d: d, x: in[0], pool: values{in[0], in[2]}}
	for range 1 + n.pick(8) {
		n.layer()
		n.pool = append(n.pool, n.x)
	}
	return n
}

func (n *network) parameter(shape ...int) *autograd.Value {
	v := n.variable(true, func() *tensor.Tensor { return draw(n.d, uint64(100+n.next), shape...) })
	n.wrt = append(n.wrt, v)
	return v
}

func (n *network) buffer(shape ...int) *autograd.Value {
	return n.variable(false, func() *tensor.Tensor { return tensor.New(n.d, shape...) })
}

func (n *network) layer() {
	if len(n.x.Shape()) == 4 && n.pick(2) == 0 {
		n.imageLayer()
	} else {
		n.anyLayer()
	}
}

func (n *network) imageLayer() {
	shape := n.x.Shape()
	size := min(shape[2], shape[3])
	switch n.pick(4) {
	case 0:
		n.convolution(size)
	case 1:
		n.x = op.ReLU(n.x)
	default:
		k := 1 + n.pick(3)
		cfg := op.Pool2DConfig{Kernel: k, Stride: n.pick(k + 1), Padding: n.pick(k/2 + 1)}
		if size+2*cfg.Padding < k {
			return
		}
		cfg.Ceil, cfg.ExcludePadding = n.pick(3) == 0, n.pick(3) == 0
		if size > 1 && n.pick(3) == 0 {
			cfg.Columns = op.PoolColumns{Kernel: 1 + n.pick(2), Stride: n.pick(3)}
		}
		if n.pick(4) == 0 {
			n.x = op.AdaptiveAvgPool2D(n.x, 1+n.pick(3), 1+n.pick(3))
			return
		}
		if n.pick(2) == 0 {
			n.x = op.MaxPool2D(n.x, cfg)
		} else {
			n.x = op.AvgPool2D(n.x, cfg)
		}
	}
}

func (n *network) convolution(size int) {
	k := oneOf(&n.script, 3, 1, 2, 5, 7)
	padding := n.pick(k/2 + 2)
	if size+2*padding < k {
		padding = k / 2
	}
	if size+2*padding < k {
		return
	}
	filters := 1 + n.pick(4)
	w := n.parameter(filters, n.x.Shape()[1], k, k)
	var b *autograd.Value
	if n.pick(2) == 1 {
		b = n.parameter(filters)
	}
	cfg := op.Conv2DConfig{Stride: 1 + n.pick(2), Padding: padding}
	if size+2*padding > 2*k && n.pick(3) == 0 {
		cfg.Columns = op.ConvColumns{Stride: 1 + n.pick(3), Padding: padding, Dilation: 2}
	}
	n.x = op.Conv2D(n.x, w, b, cfg)
	if n.pick(2) == 1 {
		n.pool = append(n.pool, n.x)
		n.x = op.ReLU(n.x)
	}
}

// perChannel returns a shape that broadcasts along the batch and what lies in
// planes.
func (n *network) perChannel() []int {
	shape := []int{n.x.Shape()[1]}
	for range n.x.Shape()[2:] {
		shape = append(shape, 1)
	}
	return shape
}

func (n *network) anyLayer() {
	x := n.x
	shape := x.Shape()
	switch n.pick(14) {
	case 0:
		n.x = op.Tanh(x)
	case 1:
		n.x = op.Mul(op.Sigmoid(x), x)
	case 2:
		n.x = op.Add(op.Mul(x, n.parameter(n.perChannel()...)), n.parameter(n.perChannel()...))
	case 3:
		n.x = n.normalised()
	case 4:
		n.x = n.residual()
	case 5:
		n.x = n.dropped()
	case 6:
		n.x = n.reshaped()
	case 7:
		n.x = op.Sub(x, op.Mean(x, 0)) // the batch is whole in between
	case 8:
		n.x = op.Softmax(x)
	case 9:
		n.x = op.Flatten(x)
	case 10:
		axes := []int{0, 2, 3, 1}
		if len(shape) == 2 {
			axes = []int{1, 0}
		}
		n.x = op.Reshape(op.Permute(x, axes...), shape...)
	case 11:
		n.x = op.Mul(x, op.SumKeep(op.Tanh(x), -1))
	case 12:
		n.x = op.Add(op.Reshape(op.BroadcastTo(op.Mean(x), shape...), shape...), op.Scale(x, 0.5))
	case 13:
		n.dense(1 + n.pick(6))
	}
}

func (n *network) dense(outs int) {
	x := op.Flatten(n.x)
	w := n.parameter(outs, x.Shape()[1])
	var b *autograd.Value
	if n.pick(2) == 1 {
		b = n.parameter(outs)
	}
	n.x = op.Linear(x, w, b)
	if n.pick(2) == 1 {
		n.x = op.ReLU(n.x)
	}
}

// normalised is batch normalisation made of operations.
func (n *network) normalised() *autograd.Value {
	axes := []int{0, 2, 3}
	if len(n.x.Shape()) == 2 {
		axes = axes[:1]
	}
	mean := op.Reshape(op.Mean(n.x, axes...), n.perChannel()...)
	off := op.Sub(n.x, mean)
	variance := op.Reshape(op.Mean(op.Mul(off, off), axes...), n.perChannel()...)
	for _, v := range (values{mean, variance}) {
		running := n.buffer(n.perChannel()...)
		autograd.Assign(running, op.Add(op.Scale(running, 0.9), op.Scale(v.Detach(), 0.1)))
	}
	return op.Div(off, op.Sqrt(op.Add(variance, op.Scalar(n.d, 1e-3))))
}

// residual adds something of the same shape.
func (n *network) residual() *autograd.Value {
	other := n.pool[n.pick(len(n.pool))]
	if other.Spec().Elements() == n.x.Spec().Elements() {
		return op.Add(n.x, op.Reshape(other, n.x.Shape()...))
	}
	return op.Add(n.x, op.Tanh(n.x))
}

func (n *network) dropped() *autograd.Value {
	key := n.variable(false, func() *tensor.Tensor { return tensor.FromSlice([]int64{7, 0}, 2) })
	y := op.Dropout(n.x, key.Detach(), 0.3)
	autograd.Assign(key, op.NextKey(key))
	return y
}

func (n *network) reshaped() *autograd.Value {
	s := n.x.Shape()
	if len(s) == 2 {
		return op.Reshape(n.x, oneOf(&n.script, []int{s[0], s[1], 1, 1}, []int{s[0], 1, s[1], 1}, []int{s[0] * s[1], 1})...)
	}
	if len(s) != 4 {
		return op.Flatten(n.x)
	}
	return op.Reshape(n.x, oneOf(&n.script,
		[]int{s[0], s[2], s[1], s[3]}, []int{s[0], 1, s[1] * s[2], s[3]}, []int{s[0], s[1], s[3], s[2]}, []int{s[0], s[1] * s[2] * s[3], 1, 1})...)
}

// step is a step of training: loss, gradients, update. It returns the loss and
// some of the values on the way.
func (n *network) step(label *autograd.Value) values {
	if n.x.Shape()[0] != label.Shape()[0] {
		n.x = op.Reshape(n.x, label.Shape()[0], -1)
	}
	n.x = op.Flatten(n.x)
	n.x = op.Linear(n.x, n.parameter(classes, n.x.Shape()[1]), n.parameter(classes))
	loss := op.Mean(op.CrossEntropy(n.x, label))
	if n.pick(3) == 1 {
		square := n.pool[n.pick(len(n.pool))]
		loss = op.Add(loss, op.Scale(op.Mean(op.Mul(square, square)), 0.1))
	}
	pool := append(n.pool, n.x, op.ArgMax(n.x, -1), op.Reshape(n.wrt[0].Detach(), -1), n.wrt[0].Detach())
	one := autograd.Const(tensor.Full(n.d, 1))
	grads := autograd.Backward(values{loss}, values{one}, append(values{n.pool[1+n.pick(len(n.pool)-1)]}, n.wrt...), false)
	for _, g := range grads {
		if g != nil {
			pool = append(pool, g)
		}
	}
	n.update(grads[1:])
	return append(n.outputsAmong(pool), loss)
}

func (n *network) update(grads values) {
	how := n.pick(3)
	for i, w := range n.wrt {
		g := grads[i]
		if g == nil {
			continue
		}
		shape := w.Shape()
		switch how {
		case 1:
			momentum := n.buffer(shape...)
			autograd.Assign(momentum, op.Add(op.Scale(momentum, 0.9), g))
			autograd.Assign(w, op.Sub(w, op.Scale(momentum, 0.1)))
		case 2:
			n.adam(w, g)
		}
	}
}

func (n *network) adam(w, g *autograd.Value) {
	average := func(x *autograd.Value, beta float64) *autograd.Value {
		v := n.buffer(w.Shape()...)
		autograd.Assign(v, op.Add(op.Scale(v, beta), op.Scale(x, 1-beta)))
		return v.Detach()
	}
	power := n.variable(false, func() *tensor.Tensor { return tensor.Scalar(1.0) })
	autograd.Assign(power, op.Scale(power, 0.9))
	rate := op.Cast(op.Div(op.Scalar(tensor.Float64, 0.1), op.Sub(op.Scalar(tensor.Float64, 1), power)), n.d)
	mean, square := average(g, 0.9), average(op.Mul(g, g), 0.99)
	autograd.Assign(w, op.Sub(w, op.Mul(rate, op.Div(mean, op.Add(op.Sqrt(square), op.Scalar(n.d, 1e-3))))))
}
