package op

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type l1 struct{ Reduce Reduce }

// L1 returns the distance |x - target| of two values of one shape.
func L1(x, target *autograd.Value, r Reduce) *autograd.Value { return Apply1(l1{r}, x, target) }

func (l1) Name() string { return "l1" }

func (o l1) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	return []*autograd.Value{o.Reduce.of(Abs(Sub(in[0], in[1])))}
}

var _ = register(Entry{
	Name: "l1", Kind: Loss, Formula: "|x - t|", Call: "L1(x, target, reduce)", Shapes: "any, the same → [] or the same",
	Kinks: "0 where x is t",
	Reference: lossReference(func(o l1) Reduce { return o.Reduce }, false, func(_ l1, in []Array, index []int) float64 {
		return math.Abs(in[0].At(index...) - in[1].At(index...))
	}),
	Cases: pairCases(func(r Reduce) Operation { return l1{r} }, anywhere, anywhere),
})

type smoothL1 struct {
	Beta   float64
	Reduce Reduce
}

// SmoothL1Config is the configuration of SmoothL1.
type SmoothL1Config struct {
	Beta   float64 // the distance at which the loss becomes straight; 0 means 1
	Reduce Reduce
}

// SmoothL1 returns d²/2β where d = |x - target| is below β, and d - β/2 elsewhere:
// Girshick, "Fast R-CNN", 2015. Both are of one shape.
func SmoothL1(x, target *autograd.Value, cfg SmoothL1Config) *autograd.Value {
	return Apply1(smoothL1{cmp.Or(cfg.Beta, 1), cfg.Reduce}, x, target)
}

func (smoothL1) Name() string { return "smooth_l1" }

func (o smoothL1) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{o.Reduce.of(Scale(bent(o.Name(), in, o.Beta), 1/o.Beta))}
}

// bent returns d²/2 where d = |x - target| is below some distance, and from there on
// a straight line: with m = min(d, distance), m(d - m/2).
func bent(name string, in []*autograd.Value, distance float64) *autograd.Value {
	wantAlike(name, in...)
	if !(distance > 0) {
		tensor.Fail(name, specsOf(in), "want a distance above 0 at which the loss becomes straight, not %v", distance)
	}
	d := Abs(Sub(in[0], in[1]))
	m := Minimum(d, Scalar(d.DType(), distance))
	return Mul(m, Sub(d, Scale(m, 0.5)))
}

func bentReference(d, distance float64) float64 {
	if d = math.Abs(d); d < distance {
		return d * d / 2
	}
	return distance * (d - distance/2)
}

var _ = register(Entry{
	Name: "smooth_l1", Kind: Loss, Formula: "d = |x - t|; d < β ? d²/2β : d - β/2", Call: "SmoothL1(x, target, cfg)", Shapes: "any, the same → [] or the same",
	Reference: lossReference(func(o smoothL1) Reduce { return o.Reduce }, false, func(o smoothL1, in []Array, index []int) float64 {
		return bentReference(in[0].At(index...)-in[1].At(index...), o.Beta) / o.Beta
	}),
	Cases: append(pairCases(func(r Reduce) Operation { return smoothL1{1, r} }, anywhere, anywhere),
		Case{smoothL1{Beta: 0.3}, []Arg{In(3, 4), In(3, 4)}}),
})

type huber struct {
	Delta  float64
	Reduce Reduce
}

// HuberConfig is the configuration of Huber.
type HuberConfig struct {
	Delta  float64 // the distance at which the loss becomes straight; 0 means 1
	Reduce Reduce
}

// Huber returns d²/2 where d = |x - target| is below δ, and δ(d - δ/2) elsewhere:
// Huber, "Robust Estimation of a Location Parameter", 1964. Both are of one shape.
func Huber(x, target *autograd.Value, cfg HuberConfig) *autograd.Value {
	return Apply1(huber{cmp.Or(cfg.Delta, 1), cfg.Reduce}, x, target)
}

func (huber) Name() string { return "huber" }

func (o huber) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{o.Reduce.of(bent(o.Name(), in, o.Delta))}
}

var _ = register(Entry{
	Name: "huber", Kind: Loss, Formula: "d = |x - t|; d < δ ? d²/2 : δ(d - δ/2)", Call: "Huber(x, target, cfg)", Shapes: "any, the same → [] or the same",
	Reference: lossReference(func(o huber) Reduce { return o.Reduce }, false, func(o huber, in []Array, index []int) float64 {
		return bentReference(in[0].At(index...)-in[1].At(index...), o.Delta)
	}),
	Cases: append(pairCases(func(r Reduce) Operation { return huber{1, r} }, anywhere, anywhere),
		Case{huber{Delta: 0.3}, []Arg{In(3, 4), In(3, 4)}}),
})
