package op

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
)

type hinge struct{ Reduce Reduce }

// Hinge returns max(0, 1 - target·x), the loss of support vector machines, for
// scores x and targets of 1 or -1, of one shape.
func Hinge(x, target *autograd.Value, r Reduce) *autograd.Value {
	return Apply1(hinge{r}, x, target)
}

func (hinge) Name() string { return "hinge" }

func (o hinge) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	return []*autograd.Value{o.Reduce.of(ReLU(Sub(Scalar(in[0].DType(), 1), Mul(in[0], in[1]))))}
}

var _ = register(Entry{
	Name: "hinge", Kind: Loss, Formula: "max(0, 1 - t x)", Call: "Hinge(x, target, reduce)", Shapes: "any, the same → [] or the same",
	Kinks: "0 where t x is 1",
	Reference: lossReference(func(o hinge) Reduce { return o.Reduce }, false, func(_ hinge, in []Array, index []int) float64 {
		return max(0, 1-in[0].At(index...)*in[1].At(index...))
	}),
	Cases: pairCases(func(r Reduce) Operation { return hinge{r} }, anywhere, anywhere),
})

// MarginConfig is that of losses which ask for no more than a margin.
type MarginConfig struct {
	Margin float64 // 0 means the loss's usual one
	Reduce Reduce
}

type hingeEmbedding struct{ MarginConfig }

// HingeEmbedding returns x where the target is above 0, and elsewhere
// max(0, margin - x), for distances x and targets of 1 (alike) or -1, of one
// shape. The margin is 1 unless told otherwise.
func HingeEmbedding(x, target *autograd.Value, cfg MarginConfig) *autograd.Value {
	return Apply1(hingeEmbedding{cfg}, x, target)
}

func (hingeEmbedding) Name() string { return "hinge_embedding" }

func (o hingeEmbedding) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	x, target := in[0], in[1]
	apart := ReLU(Sub(Scalar(x.DType(), cmp.Or(o.Margin, 1)), x))
	return []*autograd.Value{o.Reduce.of(Add(Gate(target, x), Gate(Neg(target), apart)))}
}

var _ = register(Entry{
	Name: "hinge_embedding", Kind: Loss, Formula: "t > 0 ? x : max(0, margin - x)", Call: "HingeEmbedding(x, target, cfg)",
	Shapes: "any, the same → [] or the same", Kinks: "0 where x is the margin",
	Reference: lossReference(func(o hingeEmbedding) Reduce { return o.Reduce }, false, func(o hingeEmbedding, in []Array, index []int) float64 {
		x := in[0].At(index...)
		if in[1].At(index...) > 0 {
			return x
		}
		return max(0, cmp.Or(o.Margin, 1)-x)
	}),
	Cases: append(
		pairCases(func(r Reduce) Operation { return hingeEmbedding{MarginConfig{Reduce: r}} }, anywhere, Arg.AwayFromZero),
		Case{hingeEmbedding{MarginConfig{Margin: 0.3}}, []Arg{In(3, 4), In(3, 4).AwayFromZero()}}),
})

type cosineEmbedding struct{ MarginConfig }

// CosineEmbedding returns 1 - cos(a, b) where the target is above 0, and
// elsewhere max(0, cos(a, b) - margin), for pairs of rows a and b, of shape [… n],
// and targets of 1 (alike) or -1, of shape […]. With ε = 1e-12,
// cos(a, b) = a·b / √((a·a + ε)(b·b + ε)).
func CosineEmbedding(a, b, target *autograd.Value, cfg MarginConfig) *autograd.Value {
	return Apply1(cosineEmbedding{cfg}, a, b, target)
}

const cosineEpsilon = 1e-12

func (cosineEmbedding) Name() string { return "cosine_embedding" }

func (o cosineEmbedding) Compose(in []*autograd.Value) []*autograd.Value {
	a, b, target := in[0], in[1], in[2]
	wantAlike(o.Name(), a, b)
	wantPerRow(o.Name(), a, target)
	square := func(x *autograd.Value) *autograd.Value {
		return Add(Sum(Mul(x, x), -1), Scalar(x.DType(), cosineEpsilon))
	}
	cos := Div(Sum(Mul(a, b), -1), Mul(Sqrt(square(a)), Sqrt(square(b))))
	alike := Sub(Scalar(a.DType(), 1), cos)
	apart := ReLU(Sub(cos, Scalar(a.DType(), o.Margin)))
	return []*autograd.Value{o.Reduce.of(Add(Gate(target, alike), Gate(Neg(target), apart)))}
}

var _ = register(Entry{
	Name: "cosine_embedding", Kind: Loss, Formula: "t > 0 ? 1 - cos(a, b) : max(0, cos(a, b) - margin)", Call: "CosineEmbedding(a, b, target, cfg)",
	Shapes: "[… n], [… n], […] → [] or […]", Kinks: "0 where the cosine is the margin",
	Reference: lossReference(func(o cosineEmbedding) Reduce { return o.Reduce }, true, func(o cosineEmbedding, in []Array, index []int) float64 {
		var ab, aa, bb float64
		for i := range in[0].Shape()[len(index)] {
			a, b := in[0].At(append(index, i)...), in[1].At(append(index, i)...)
			ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
		}
		cos := ab / math.Sqrt((aa+1e-12)*(bb+1e-12))
		if in[2].At(index...) > 0 {
			return 1 - cos
		}
		return max(0, cos-o.Margin)
	}),
	Cases: []Case{
		{cosineEmbedding{}, []Arg{In(5, 3), In(5, 3), In(5).AwayFromZero()}},
		{cosineEmbedding{MarginConfig{Reduce: ReduceNone}}, []Arg{In(7, 2), In(7, 2), In(7).AwayFromZero()}},
		{cosineEmbedding{MarginConfig{0.2, ReduceSum}}, []Arg{In(3, 5), In(3, 5), In(3).AwayFromZero()}},
		{cosineEmbedding{MarginConfig{-0.4, ReduceNone}}, []Arg{In(1, 9), In(1, 9), In(1).AwayFromZero()}},
		{cosineEmbedding{MarginConfig{Reduce: ReduceNone}}, []Arg{In(6, 4), In(6, 4), In(6).AwayFromZero()}},
		{cosineEmbedding{MarginConfig{Reduce: ReduceSum}}, []Arg{In(0, 3), In(0, 3), In(0).AwayFromZero()}},
	},
})
