package nn

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Option changes how a layer is made.
type Option func(*options)

type options struct {
	dtype        tensor.DType
	weight, bias Initializer // nil: the layer has none
	eps          float64     // of a normalisation
	momentum     float64     // of its running statistics
	blank        bool        // leaves parameters 0
}

// newOptions returns a layer's defaults as the options change them.
func newOptions(weight, bias Initializer, opts []Option) options {
	o := options{dtype: tensor.Float32, weight: weight, bias: bias, eps: 1e-5, momentum: 0.1}
	for _, change := range opts {
		change(&o)
	}
	return o
}

// NoBias makes a layer without a bias.
func NoBias(o *options) { o.bias = nil }

// NoAffine makes a normalisation without weight and bias.
func NoAffine(o *options) { o.weight, o.bias = nil, nil }

// InitWeight draws the weights of a layer with another initialiser. Layers that are
// made without a random stream, such as normalisations, take one that draws nothing.
func InitWeight(init Initializer) Option { return func(o *options) { o.weight = init } }

// InitBias draws the bias of a layer with another initialiser.
func InitBias(init Initializer) Option { return func(o *options) { o.bias = init } }

// Blank leaves a layer's parameters 0, for who asks only how many there are, or gives them
// all elements: huge layers are made at once, and take memory when they are looked at.
func Blank(o *options) { o.blank = true }

// Eps sets what a normalisation adds to the variance.
func Eps(eps float64) Option { return func(o *options) { o.eps = eps } }

// Momentum sets how far each batch moves the running statistics of a batch
// normalisation: 0.1 means a tenth of the way.
func Momentum(m float64) Option { return func(o *options) { o.momentum = m } }

// OfType makes a layer of float64 instead of float32 numbers.
func OfType(d tensor.DType) Option { return func(o *options) { o.dtype = d } }

// draw returns a parameter of a layer, or nil where it has none.
func (o options) draw(init Initializer, r *random.Stream, shape ...int) *autograd.Value {
	if init == nil {
		return nil
	}
	if o.blank {
		return autograd.Blank("", o.dtype, shape...)
	}
	t := tensor.New(o.dtype, shape...)
	init(t, r)
	return autograd.Variable("", t)
}

// withinFan returns PyTorch's default initialiser of weights and biases: uniform
// in ±1/√fanIn, where fanIn is how many inputs an output is a sum of.
func withinFan(fanIn int) Initializer {
	bound := 1 / math.Sqrt(float64(fanIn))
	return Uniform(-bound, bound)
}
