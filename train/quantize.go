package train

import (
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
	Before int          `json:"before"` // bytes in memory
	Error  float64      `json:"error"`  // root of the mean square, relative to that of the values; 0 where all are zero
}

// SaveQuantized saves the classifier with its weights in a packed type, rounded to the
// nearest, and returns what became of each parameter. Parameters with fewer than two
// axes, such as biases, and those named in keep stay as they are. Blocks go along all
// that one output is made of: a weight [o c kh kw] is packed as [o c·kh·kw].
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
		t := x
		if x.Rank() >= 2 && x.DType().IsFloat() && !slices.Contains(keep, v.Name) {
			t = x.Contiguous().Reshape(x.Shape()[0], -1).Convert(d)
		}
		tensors = append(tensors, checkpoint.Named{Name: v.Name, Tensor: t})
		all = append(all, Quantized{v.Name, x.Shape(), t.DType(), t.Spec().Bytes(), x.Spec().Bytes(), relativeError(x, t)})
	}
	return all, checkpoint.Save(path, tensors, c.metadata())
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
