package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// Quantized is what became of a parameter when a classifier was saved in a packed type.
type Quantized struct {
	Name   string       `json:"name"`
	Shape  []int        `json:"shape"`
	Type   tensor.DType `json:"type"`
	Bytes  int          `json:"bytes"`  // in the file
	Before int          `json:"before"` // bytes as float32
	Error  float64      `json:"error"`  // root of the mean square, relative to that of the values; 0 where all are zero
	Keep   bool         `json:"keep"`   // whether to leave it as it is, by what recommend says
}

// SaveQuantized saves the classifier with its weights in a packed type, rounded to the
// nearest, and returns what became of each parameter. Parameters with fewer than two
// axes, such as biases, and those named in keep stay as they are. Blocks go along all
// that one output is made of: a weight [o c kh kw] is packed as [o c·kh·kw]. In types of at
// most 8 bits without blocks a tensor has a scale, a power of two that brings its largest
// value into the last binade.
func (c *Classifier) SaveQuantized(path string, d tensor.DType, keep []string) (all []Quantized, err error) {
	if !d.IsPacked() {
		return nil, fmt.Errorf("%v is not a packed type", d)
	}
	variables := nn.Variables(c.Net)
	for _, name := range keep {
		if !slices.ContainsFunc(variables, func(v nn.Named) bool { return v.Name == name }) {
			return nil, fmt.Errorf("%.100q is no parameter of %s", name, c.Name)
		}
	}
	var tensors []checkpoint.Named
	for _, v := range variables {
		x := v.Value.Tensor()
		if x.DType().IsPacked() { // what was quantised before
			x = x.Convert(tensor.Float32)
		}
		t := x
		if x.Rank() >= 2 && x.DType().IsFloat() && !slices.Contains(keep, v.Name) {
			t = quantized(x.Contiguous().Reshape(x.Shape()[0], -1), d)
		}
		tensors = append(tensors, checkpoint.Named{Name: v.Name, Tensor: t})
		all = append(all, Quantized{v.Name, x.Shape(), t.DType(), t.Spec().Bytes(), x.Spec().Bytes(), relativeError(x, t), false})
	}
	recommend(all)
	return all, checkpoint.Save(path, tensors, c.metadata())
}

// quantized returns x in a packed type.
func quantized(x *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	f := d.Float()
	if f == nil || f.Bits() > 8 {
		return x.Convert(d)
	}
	return tensor.Pack(x, d, tensor.Packing{Scale: scaleOf(x, f.Max())})
}

// scaleOf returns the least power of two that makes no magnitude larger than most.
func scaleOf(x *tensor.Tensor, most float32) float32 {
	largest := 0.0
	for _, v := range tensor.Data[float64](x.Convert(tensor.Float64)) {
		if v = math.Abs(v); v <= math.MaxFloat32 {
			largest = max(largest, v)
		}
	}
	if largest == 0 {
		return 1
	}
	fraction, exponent := math.Frexp(largest / float64(most))
	if fraction == 0.5 {
		exponent-- // a power of two itself
	}
	return float32(math.Ldexp(1, max(exponent, -126)))
}

// recommendedShare is how much of a file, as it would be in float32, is recommended to stay.
const recommendedShare = 0.05

// recommend marks the parameters to leave as they are. Errors of layers add up in the
// output about as their squares do, and keeping a parameter costs bytes: those come first
// that take the most off the sum of squares a byte, as long as all of them together are at
// most a twentieth of the bytes before. It looks at no data.
func recommend(all []Quantized) {
	var order []*Quantized
	left := 0.0
	for i := range all {
		left += recommendedShare * float64(all[i].Before)
		if all[i].Error > 0 {
			order = append(order, &all[i])
		}
	}
	gain := func(q *Quantized) float64 { return q.Error * q.Error / float64(max(1, q.Before-q.Bytes)) }
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
	if packed == x {
		return 0
	}
	was, is := tensor.Data[float64](x.Convert(tensor.Float64)), tensor.Data[float64](packed.Convert(tensor.Float64))
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
