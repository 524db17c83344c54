package op

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

type dropout struct{ P float64 }

// Dropout returns x with each element set to 0 with probability p and the rest
// divided by 1-p (Srivastava et al., 2014). key is int64 of shape [2], a seed
// and a counter: element i is dropped or not depending on those and i alone.
func Dropout(x, key *autograd.Value, p float64) *autograd.Value {
	return autograd.Apply1(dropout{p}, x, key)
}

// Dropout2D drops whole channels of x, of [n c …]: Tompson et al., "Efficient
// Object Localization Using Convolutional Networks", 2015.
func Dropout2D(x, key *autograd.Value, p float64) *autograd.Value {
	return Apply1(dropout2D{p}, x, key)
}

// DropPath drops whole examples of x, of [n …], as of a branch beside an identity:
// Huang et al., "Deep Networks with Stochastic Depth", 2016.
func DropPath(x, key *autograd.Value, p float64) *autograd.Value {
	return Apply1(dropPath{p}, x, key)
}

type (
	dropout2D struct{ P float64 }
	dropPath  struct{ P float64 }
)

func (dropout2D) Name() string { return "dropout2d" }

func (dropPath) Name() string { return "drop_path" }

func (o dropout2D) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{dropAlong(o.Name(), 2, o.P, in)}
}

func (o dropPath) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{dropAlong(o.Name(), 1, o.P, in)}
}

// dropAlong drops what lies under each index of the first axes.
func dropAlong(name string, axes int, p float64, in []*autograd.Value) *autograd.Value {
	x := in[0]
	if len(x.Shape()) < axes || !x.DType().IsFloat() {
		tensor.Fail(name, specsOf(in), "want a float input of at least %d axes", axes)
	}
	shape := slices.Clone(x.Shape())
	for i := axes; i < len(shape); i++ {
		shape[i] = 1
	}
	kept := Dropout(autograd.Const(tensor.Full(x.DType(), 1, shape...)), in[1], p)
	return Mul(x, kept)
}

func (dropout) Name() string { return "dropout" }

func (o dropout) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	key := in[1]
	if !in[0].DType.IsFloat() || key.DType != tensor.Int64 || key.Rank() != 1 || key.Shape[0] != 2 {
		return nil, fmt.Errorf("want a float input and an int64[2] key")
	}
	if !(o.P >= 0 && o.P < 1) {
		return nil, fmt.Errorf("want a probability of at least 0 and below 1, not %v", o.P)
	}
	return one(in[0].DType, in[0].Shape...), nil
}

func (o dropout) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { dropoutForward[float32](o.P, in, out[0]) },
		func() { dropoutForward[float64](o.P, in, out[0]) })
}

func dropoutForward[T kernel.Float](p float64, in []*tensor.Tensor, out *tensor.Tensor) {
	y, x, key := tensor.Data[T](out), tensor.Data[T](in[0]), tensor.Data[int64](in[1])
	parallel.For(len(y), grain, func(lo, hi int) {
		kernel.Dropout(y[lo:hi], x[lo:hi], p, uint64(key[0]), uint64(key[1]), lo)
	})
}

func (o dropout) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Dropout(grad[0], call.In[1], o.P), nil}
}

var _ = register(Entry{
	Name: "dropout", Kind: Random, Formula: "0 with probability p, else x / (1-p)", Call: "Dropout(x, key, p)", Shapes: "any, [2] → the same",
	Linear:    [][]int{{0}},
	Whole:     "draws depend on the place of an element in the whole tensor",
	Reference: PerElement(func(o dropout, in []Array, index []int) float64 { return dropped(o.P, in, index, len(index)) }),
	Cases: []Case{
		{dropout{0.5}, []Arg{In(5, 7), Index(1000, 2)}},
		{dropout{0.2}, []Arg{In(2, 3, 1), Index(1000, 2)}},
		{dropout{0.2}, []Arg{In(0, 3), Index(1000, 2)}},
	},
})

var _ = register(Entry{
	Name: "dropout2d", Kind: Random, Formula: "a channel of 0 with probability p, else x / (1-p)", Call: "Dropout2D(x, key, p)", Shapes: "[n c …], [2] → the same",
	Linear:    [][]int{{0}},
	Reference: PerElement(func(o dropout2D, in []Array, index []int) float64 { return dropped(o.P, in, index, 2) }),
	Cases: []Case{
		{dropout2D{0.5}, []Arg{In(3, 5, 2, 2), Index(1000, 2)}},
		{dropout2D{0.2}, []Arg{In(2, 7, 1), Index(1000, 2)}},
		{dropout2D{0.2}, []Arg{In(3, 5), Index(1000, 2)}},
		{dropout2D{0.2}, []Arg{In(0, 3, 2, 2), Index(1000, 2)}},
	},
})

var _ = register(Entry{
	Name: "drop_path", Kind: Random, Formula: "an example of 0 with probability p, else x / (1-p)", Call: "DropPath(x, key, p)", Shapes: "[n …], [2] → the same",
	Linear:    [][]int{{0}},
	Reference: PerElement(func(o dropPath, in []Array, index []int) float64 { return dropped(o.P, in, index, 1) }),
	Cases: []Case{
		{dropPath{0.5}, []Arg{In(9, 2, 3), Index(1000, 2)}},
		{dropPath{0.2}, []Arg{In(7, 1), Index(1000, 2)}},
		{dropPath{0.2}, []Arg{In(5), Index(1000, 2)}},
		{dropPath{0.2}, []Arg{In(0, 3, 2, 2), Index(1000, 2)}},
	},
})

// dropped returns an element after dropping by the index of the first axes.
func dropped(p float64, in []Array, index []int, axes int) float64 {
	place := 0
	for axis, size := range in[0].Shape()[:axes] {
		place = place*size + index[axis]
	}
	seed, counter := uint64(in[1].At(0)), uint64(in[1].At(1))
	words := random.Philox([4]uint32{uint32(place / 4), 0, uint32(counter), 0}, [2]uint32{uint32(seed), 0})
	if float64(words[place%4])/(1<<32) < p {
		return 0
	}
	return in[0].At(index...) / (1 - p)
}
