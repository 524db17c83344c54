package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
)

// Quantization is how a classifier is quantised.
type Quantization struct {
	Format tensor.DType // of the weights, a packed type
	Keep   []string     // parameters to leave as they are

	// Activations lets the products with packed weights read inputs of the same format.
	// A type of at most 8 bits without blocks then has a scale for each product: from the largest
	// magnitude that it reads of the examples or, without these, of the example at hand.
	Activations bool

	// Examples are some to measure on what quantising does; nil: none. New makes the
	// network to do that with, and may be nil too without.
	Examples data.Dataset
	New      NewNet
}

// QuantizeReport says what quantising did.
type QuantizeReport struct {
	Parameters []Quantized `json:"parameters"`

	// Measured is the number of examples that this was measured on; 0: nothing was. Scores
	// is the root of the mean square change of the scores, relative to that of the scores with the
	// parameters as they were and no activations rounded, and Same the share of examples whose
	// likeliest class stays.
	Measured int     `json:"measured"`
	Scores   float64 `json:"scores"`
	Same     float64 `json:"same"`
}

// Quantized is what became of a parameter.
type Quantized struct {
	Name   string       `json:"name"`
	Shape  []int        `json:"shape"`
	Type   tensor.DType `json:"type"`
	Bytes  int          `json:"bytes"`            // in the file
	Before int          `json:"before"`           // bytes as float32
	Error  float64      `json:"error"`            // root of the mean square, relative to that of the values; 0 where all are zero
	Scores float64      `json:"scores,omitempty"` // what rounding this parameter alone does to the scores, where that was measured
	Keep   bool         `json:"keep"`             // whether to leave it as it is, by what recommend says
}

// SaveQuantized saves the classifier with its weights in a packed type, rounded to the
// nearest, and returns what became of each parameter. Parameters with fewer than two
// axes, such as biases, stay as they are. Blocks go along all that one output is made of: a
// weight [o c kh kw] is packed as [o c·kh·kw]. In types of at most 8 bits without blocks a
// tensor has a scale, a power of two that brings its largest value into the last binade.
func (c *Classifier) SaveQuantized(ctx context.Context, path string, q Quantization) (r QuantizeReport, err error) {
	defer recoverMistake(&err)
	tensors, err := c.quantize(q, &r)
	if err != nil {
		return r, err
	}
	packed := &Classifier{
		Name: c.Name, Classes: c.Classes, Input: c.Input, Mean: c.Mean, Std: c.Std, Photographs: c.Photographs,
		Precision: q.precision(c.Precision),
	}
	if q.Examples != nil && q.New == nil {
		return r, errors.New("examples to measure on, but no function New that makes the network to measure")
	}
	if q.Examples != nil {
		if err := c.measure(ctx, q, packed, tensors, &r); err != nil {
			return r, err
		}
	}
	r.recommend()
	return r, checkpoint.Save(path, tensors, packed.metadata())
}

// precision returns that of a quantised classifier, which was in another before.
func (q Quantization) precision(before precision.Policy) precision.Policy {
	switch {
	case q.Activations:
		return precision.Activations(q.Format)
	case before.Rounds():
		return precision.FP32
	}
	return before
}

// quantize returns all variables as they are to be saved.
func (c *Classifier) quantize(q Quantization, r *QuantizeReport) (tensors []checkpoint.Named, err error) {
	if !q.Format.IsPacked() {
		return nil, fmt.Errorf("%v is not a packed type", q.Format)
	}
	variables := nn.Variables(c.Net)
	for _, name := range q.Keep {
		if !slices.ContainsFunc(variables, func(v nn.Named) bool { return v.Name == name }) {
			return nil, fmt.Errorf("%.100q is no parameter of %s", name, c.Name)
		}
	}
	for _, v := range variables {
		x := v.Value.Tensor()
		t := x
		switch keep := slices.Contains(q.Keep, v.Name); {
		case !keep && x.DType().IsPacked(): // what was quantised before
			x = x.Convert(tensor.Float32)
			t = quantized(x, q.Format)
		case !keep && x.Rank() >= 2 && x.DType().IsFloat():
			t = quantized(x.Contiguous().Reshape(x.Shape()[0], -1), q.Format)
		case x.DType().IsFloat():
			t = x.Convert(q.precision(c.Precision).Type())
		}
		p := Quantized{Name: v.Name, Shape: x.Shape(), Type: t.DType(), Bytes: t.Spec().Bytes(), Before: bytesAsFloat32(x), Error: relativeError(x, t)}
		if !isFinite(p.Error) {
			return nil, fmt.Errorf("%s has values that %v cannot hold", v.Name, q.Format)
		}
		tensors, r.Parameters = append(tensors, checkpoint.Named{Name: v.Name, Tensor: t}), append(r.Parameters, p)
	}
	return tensors, nil
}

// bytesAsFloat32 returns what a tensor takes, its floats as float32.
func bytesAsFloat32(x *tensor.Tensor) int {
	if x.DType().IsFloat() || x.DType().IsPacked() {
		return 4 * x.Len()
	}
	return x.Spec().Bytes()
}

// quantized returns x in a packed type.
func quantized(x *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	f := d.Float()
	if f == nil || f.Bits() > 8 {
		return x.Convert(d)
	}
	return tensor.Pack(x, d, tensor.Packing{Scale: 1 / f.PowerScale(float32(largest(x)))})
}

// largest returns the largest finite magnitude.
func largest(x *tensor.Tensor) float64 {
	return op.LargestMagnitude(autograd.Const(x.Convert(tensor.Float32).Reshape(1, -1))).Tensor().Item()
}

// recommendedShare is how much of a file, as it would be in float32, is recommended to stay.
const recommendedShare = 0.05

// recommend marks the parameters to leave as they are. Errors of layers add up in the
// output about as their squares do, and keeping a parameter costs bytes: those come first
// that take the most off the sum of squares a byte, as long as all of them together are at
// most a twentieth of the bytes before. The errors are those of the scores if they were
// measured, else those of the parameters.
func (r *QuantizeReport) recommend() {
	var order []*Quantized
	left := 0.0
	off := func(q *Quantized) float64 { return q.Error }
	if r.Measured > 0 {
		off = func(q *Quantized) float64 { return q.Scores }
	}
	for i := range r.Parameters {
		q := &r.Parameters[i]
		left += recommendedShare * float64(q.Before)
		if off(q) > 0 {
			order = append(order, q)
		}
	}
	gain := func(q *Quantized) float64 { return off(q) * off(q) / float64(max(1, q.Before-q.Bytes)) }
	slices.SortStableFunc(order, func(a, b *Quantized) int { return cmp.Compare(gain(b), gain(a)) })
	for _, q := range order {
		if cost := float64(q.Before); cost <= left {
			q.Keep = true
			left -= cost
		}
	}
}

// relativeError returns the root of the mean square difference between x and what it was
// packed as, by that of x.
func relativeError(x, packed *tensor.Tensor) float64 {
	if !packed.DType().IsPacked() || packed == x {
		return 0
	}
	return relativeChange(float64s(x), float64s(packed))
}

func float64s(t *tensor.Tensor) []float64 { return tensor.Data[float64](t.Convert(tensor.Float64)) }

// relativeChange returns the root of the mean square difference, by that of what was.
func relativeChange(was, is []float64) float64 {
	var off, all float64
	for i, v := range was {
		off += float64((is[i] - v) * (is[i] - v))
		all += float64(v * v)
	}
	if all == 0 {
		return 0
	}
	return math.Sqrt(off / all)
}
