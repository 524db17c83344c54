package nn

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// BatchNorm normalises each channel of [n c …]: in training with the mean and the
// variance of the batch, see op.BatchNorm, otherwise with running means of them,
// which training moves by Momentum towards those of each batch. The running
// variance is the unbiased one, as in PyTorch.
type BatchNorm struct {
	Weight, Bias            *autograd.Value // [c], or nil
	RunningMean, RunningVar *autograd.Value // [c]
	NumBatchesTracked       *autograd.Value // int64: the batches so far
	Momentum, Eps           float64
	training                bool
}

// BatchNorm1D is a BatchNorm of [n c] or [n c l].
type BatchNorm1D struct{ BatchNorm }

// BatchNorm2D is a BatchNorm of [n c h w].
type BatchNorm2D struct{ BatchNorm }

// NewBatchNorm1D returns a layer in training mode for c channels, with a weight of
// 1, a bias of 0, a momentum of 0.1 and an eps of 1e-5.
func NewBatchNorm1D(c int, opts ...Option) *BatchNorm1D {
	return &BatchNorm1D{newBatchNorm(c, opts)}
}

// NewBatchNorm2D is NewBatchNorm1D for images.
func NewBatchNorm2D(c int, opts ...Option) *BatchNorm2D {
	return &BatchNorm2D{newBatchNorm(c, opts)}
}

func newBatchNorm(c int, opts []Option) BatchNorm {
	o := newOptions(Constant(1), Constant(0), opts)
	return BatchNorm{
		Weight: o.draw(o.weight, nil, c), Bias: o.draw(o.bias, nil, c),
		RunningMean:       autograd.Buffer("", tensor.New(o.dtype, c)),
		RunningVar:        autograd.Buffer("", tensor.Full(o.dtype, 1, c)),
		NumBatchesTracked: autograd.Buffer("", tensor.New(tensor.Int64)),
		Momentum:          o.momentum, Eps: o.eps, training: true,
	}
}

// SetTraining chooses between the batch's mean and variance and the running ones.
func (b *BatchNorm) SetTraining(training bool) { b.training = training }

// Forward maps [n c] or [n c l] to the same.
func (b *BatchNorm1D) Forward(x *autograd.Value) *autograd.Value {
	return b.forward("nn.BatchNorm1D", x, 2, 3)
}

// Forward maps [n c h w] to the same.
func (b *BatchNorm2D) Forward(x *autograd.Value) *autograd.Value {
	return b.forward("nn.BatchNorm2D", x, 4)
}

func (b *BatchNorm) forward(name string, x *autograd.Value, ranks ...int) *autograd.Value {
	shape, c := x.Shape(), b.RunningMean.Shape()[0]
	if !slices.Contains(ranks, len(shape)) || shape[1] != c {
		tensor.Fail(name, []tensor.Spec{x.Spec()}, "want %d channels and %v axes", c, ranks)
	}
	gain, bias := orFull(b.Weight, 1, x.DType(), c), orFull(b.Bias, 0, x.DType(), c)
	if !b.training {
		return op.BatchNormWith(x, b.RunningMean, b.RunningVar, gain, bias, b.Eps)
	}
	n := float64(shape[0] * tensor.Elements(shape[2:]))
	if n < 2 {
		tensor.Fail(name, []tensor.Spec{x.Spec()}, "want at least two values a channel in training")
	}
	y, mean, variance := op.BatchNorm(x, gain, bias, b.Eps)
	b.move(b.RunningMean, mean.Detach(), 1)
	b.move(b.RunningVar, variance.Detach(), n/(n-1))
	count := op.Add(op.Cast(b.NumBatchesTracked, tensor.Float64), op.Scalar(tensor.Float64, 1))
	autograd.Assign(b.NumBatchesTracked, op.Cast(count, tensor.Int64))
	return y
}

// move brings a running mean nearer to c times a value.
func (b *BatchNorm) move(running, to *autograd.Value, c float64) {
	autograd.Assign(running, op.Add(op.Scale(running, 1-b.Momentum), op.Scale(to, b.Momentum*c)))
}

// orFull returns v or, where it is nil, the value that leaves all as it is.
func orFull(v *autograd.Value, neutral float64, d tensor.DType, shape ...int) *autograd.Value {
	if v != nil {
		return v
	}
	return autograd.Const(tensor.Full(d, neutral, shape...))
}
