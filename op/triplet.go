package op

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
)

// TripletConfig is the configuration of TripletMargin.
type TripletConfig struct {
	Margin float64 // 0 means 1
	P      float64 // of the norm; 0 means 2
	Swap   bool    // where the positive is nearer to the negative than the anchor is, that distance counts
	Reduce Reduce
}

type tripletMargin struct{ TripletConfig }

// tripletEpsilon is added to differences, so that a distance of 0 has a gradient.
const tripletEpsilon = 1e-6

// TripletMargin returns max(0, |anchor - positive| - |anchor - negative| + margin)
// for rows of shape [… n], with |d| = (Σ |d + 1e-6|^p)^(1/p): Balntas et al.,
// "Learning Local Feature Descriptors with Triplets and Shallow Convolutional Neural
// Networks", 2016.
func TripletMargin(anchor, positive, negative *autograd.Value, cfg TripletConfig) *autograd.Value {
	cfg.Margin, cfg.P = cmp.Or(cfg.Margin, 1), cmp.Or(cfg.P, 2)
	return Apply1(tripletMargin{cfg}, anchor, positive, negative)
}

func (tripletMargin) Name() string { return "triplet_margin" }

func (o tripletMargin) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	anchor, positive, negative := in[0], in[1], in[2]
	apart := o.distance(anchor, negative)
	if o.Swap {
		apart = Minimum(apart, o.distance(positive, negative))
	}
	margin := Scalar(anchor.DType(), o.Margin)
	return []*autograd.Value{o.Reduce.of(ReLU(Add(Sub(o.distance(anchor, positive), apart), margin)))}
}

func (o tripletMargin) distance(a, b *autograd.Value) *autograd.Value {
	d := Add(Sub(a, b), Scalar(a.DType(), tripletEpsilon))
	switch o.P {
	case 1:
		return Sum(Abs(d), -1)
	case 2:
		return Sqrt(Sum(Mul(d, d), -1))
	}
	return PowConst(Sum(PowConst(Abs(d), o.P), -1), 1/o.P)
}

var _ = register(Entry{
	Name: "triplet_margin", Kind: Loss, Formula: "max(0, |a - p| - |a - n| + margin)", Call: "TripletMargin(anchor, positive, negative, cfg)",
	Shapes: "[… n], the same, the same → [] or […]", Kinks: "0 where the margin is just kept",
	Reference: lossReference(func(o tripletMargin) Reduce { return o.Reduce }, true, func(o tripletMargin, in []Array, index []int) float64 {
		distance := func(a, b Array) float64 {
			var sum float64
			for i := range a.Shape()[len(index)] {
				at := append(index[:len(index):len(index)], i)
				sum += math.Pow(math.Abs(a.At(at...)-b.At(at...)+tripletEpsilon), o.P)
			}
			return math.Pow(sum, 1/o.P)
		}
		apart := distance(in[0], in[2])
		if o.Swap {
			apart = min(apart, distance(in[1], in[2]))
		}
		return max(0, distance(in[0], in[1])-apart+o.Margin)
	}),
	Cases: []Case{
		{tripletMargin{TripletConfig{1, 2, false, ReduceMean}}, []Arg{In(5, 3), In(5, 3), In(5, 3)}},
		{tripletMargin{TripletConfig{0.5, 2, true, ReduceNone}}, []Arg{In(7, 2), In(7, 2), In(7, 2)}},
		{tripletMargin{TripletConfig{1, 3, false, ReduceSum}}, []Arg{In(3, 4), In(3, 4), In(3, 4)}},
		{tripletMargin{TripletConfig{2, 1, true, ReduceNone}}, []Arg{In(4, 5), In(4, 5), In(4, 5)}},
		{tripletMargin{TripletConfig{1, 2, false, ReduceNone}}, []Arg{In(1, 6), In(1, 6), In(1, 6)}},
		{tripletMargin{TripletConfig{1, 2, false, ReduceSum}}, []Arg{In(0, 3), In(0, 3), In(0, 3)}},
	},
})
