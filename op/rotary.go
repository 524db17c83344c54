package op

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// RotaryConfig says how positions turn rows.
type RotaryConfig struct {
	Base        float64 // of the angles; 0: 10,000
	First       int     // the position of the first row
	Interleaved bool    // elements 2i and 2i+1 are a pair, in place of i and i + d/2
	Rows        bool    // heads lie within rows: [… t h d] in place of [… t d]
}

// Rotary turns each pair i of elements of a row of x [… t d], at position p, by the
// angle p·base^(-2i/d). Products of such rows depend on how far apart they are
// alone: Su et al., "RoFormer", 2021.
func Rotary(x *autograd.Value, cfg RotaryConfig) *autograd.Value {
	cfg.Base = cmp.Or(cfg.Base, 10_000)
	return autograd.Apply1(rotary{RotaryConfig: cfg}, x)
}

type rotary struct {
	RotaryConfig
	Back bool // turns the other way: the gradient
}

func (rotary) Name() string { return "rotary" }

func (o rotary) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	rank, shape := in[0].Rank(), in[0].Shape
	switch {
	case o.Rows && rank < 3:
		return nil, errors.New("want axes [… t h d]")
	case rank < 2:
		return nil, errors.New("want axes [… t d]")
	case shape[rank-1]%2 != 0:
		return nil, errors.New("want an even number of elements in a row")
	case !(o.Base > 0):
		return nil, fmt.Errorf("want a base above 0, not %v", o.Base)
	}
	return sameAsInput(in)
}

func (o rotary) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare works out the sines and cosines of all positions.
func (o rotary) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareRotary[float32](o, in[0], out[0]) },
		func() func() { return prepareRotary[float64](o, in[0], out[0]) })
}

func prepareRotary[T kernel.Float](o rotary, in, out *tensor.Tensor) func() {
	x, y := tensor.Data[T](in), tensor.Data[T](out)
	rows, size := splitLast(in.Shape())
	positions, each := in.Shape()[in.Rank()-2], 1
	if o.Rows {
		positions, each = in.Shape()[in.Rank()-3], in.Shape()[in.Rank()-2]
	}
	cos, sin := turns[T](o, positions, size/2)
	return parallel.NewLoop(rows, 1+grain/max(1, size), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			at, from := r/each%positions*(size/2), r*size
			turn(y[from:from+size], x[from:from+size], cos[at:at+size/2], sin[at:at+size/2], o.Interleaved)
		}
	}).Run
}

// turns returns the cosine and sine of the angle of each pair at each position,
// worked out in float64.
func turns[T kernel.Float](o rotary, positions, pairs int) (cos, sin []T) {
	logBase := []float64{o.Base}
	kernel.Log(logBase, logBase)
	angle := make([]float64, pairs)
	for i := range angle {
		angle[i] = -float64(i) / float64(pairs) * logBase[0]
	}
	kernel.Exp(angle, angle)
	row := make([]float64, pairs)
	for p := range positions {
		position := float64(o.First + p)
		if o.Back {
			position = -position
		}
		for _, f := range []struct {
			of func(dst, x []float64)
			to *[]T
		}{{kernel.Cos[float64], &cos}, {kernel.Sin[float64], &sin}} {
			kernel.MulScalar(row, angle, position)
			f.of(row, row)
			for _, v := range row {
				*f.to = append(*f.to, T(v))
			}
		}
	}
	return cos, sin
}

// turn turns the pairs of a row.
func turn[T kernel.Float](y, x, cos, sin []T, interleaved bool) {
	n := len(cos)
	for i, c := range cos {
		a, b := i, i+n
		if interleaved {
			a, b = 2*i, 2*i+1
		}
		s, v, w := sin[i], x[a], x[b]
		y[a] = T(v*c) - T(w*s)
		y[b] = T(w*c) + T(v*s)
	}
}

func (o rotary) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	o.Back = !o.Back
	return []*autograd.Value{autograd.Apply1(o, grad[0])}
}

var _ = register(Entry{
	Name: "rotary", Kind: Sequence, Formula: "pairs of x turned by their position's angles", Call: "Rotary(x, cfg)", Shapes: "[… t d] → [… t d]",
	Linear: [][]int{{0}},
	Whole:  "positions lie across a batch of rows",
	Reference: PerElement(func(o rotary, in []Array, index []int) float64 {
		last := len(index) - 1
		position, size, i := index[last-1], in[0].Shape()[last], index[last]
		if o.Rows {
			position = index[last-2]
		}
		pair, second, other := i%(size/2), i >= size/2, (i+size/2)%size
		if o.Interleaved {
			pair, second, other = i/2, i%2 == 1, i^1
		}
		angle := float64(position+o.First) * math.Pow(o.Base, -2*float64(pair)/float64(size))
		if second != o.Back {
			angle = -angle
		}
		at := append([]int{}, index...)
		at[last] = other
		return in[0].At(index...)*math.Cos(angle) - in[0].At(at...)*math.Sin(angle)
	}),
	Cases: []Case{
		{rotary{RotaryConfig{Base: 10_000}, false}, []Arg{In(2, 3, 4)}},
		{rotary{RotaryConfig{Base: 10_000, First: 7}, true}, []Arg{In(5, 6)}},
		{rotary{RotaryConfig{Base: 500, Interleaved: true}, false}, []Arg{In(1, 2, 3, 6)}},
		{rotary{RotaryConfig{Base: 500, First: 3, Interleaved: true, Rows: true}, true}, []Arg{In(2, 3, 2, 2)}},
		{rotary{RotaryConfig{Base: 100, Rows: true}, false}, []Arg{In(5, 1, 8)}},
		{rotary{RotaryConfig{Base: 100}, false}, []Arg{In(0, 3, 2)}},
	},
})
