package op

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// clippedLog is max(ln x, -100), so that what is impossible costs much but not
// all. Its gradient is that of a slope of at most 1e12.
var clippedLog = newFunction(Entry{
	Name: "clipped_log", Kind: Loss, Formula: "max(ln x, -100)", Kinks: "1 / max(x, 1e-12)", Reference: OfOne(func(x float64) float64 { return max(math.Log(x), -100) }),
}, clipLog[float32], clipLog[float64], positive, func(x, _, grad *autograd.Value) *autograd.Value {
	return Div(grad, Maximum(x, Scalar(x.DType(), 1e-12)))
})

func clipLog[T kernel.Float](dst, x []T) {
	kernel.Log(dst, x)
	for i, v := range dst {
		dst[i] = max(v, -100)
	}
}

type binaryCrossEntropy struct{ Reduce Reduce }

// BinaryCrossEntropy returns -(t ln x + (1-t) ln(1-x)) for probabilities x and
// targets t from 0 to 1, of one shape. Logarithms are -100 at least. Where x comes
// from a sigmoid, BinaryCrossEntropyWithLogits is more accurate.
func BinaryCrossEntropy(x, target *autograd.Value, r Reduce) *autograd.Value {
	return Apply1(binaryCrossEntropy{r}, x, target)
}

func (binaryCrossEntropy) Name() string { return "binary_cross_entropy" }

func (o binaryCrossEntropy) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	x, t := in[0], in[1]
	one := Scalar(x.DType(), 1)
	likely := Add(Mul(t, clippedLog.of(x)), Mul(Sub(one, t), clippedLog.of(Sub(one, x))))
	return []*autograd.Value{o.Reduce.of(Neg(likely))}
}

var _ = register(Entry{
	Name: "binary_cross_entropy", Kind: Loss, Formula: "-(t ln x + (1-t) ln(1-x)), logarithms of at least -100", Call: "BinaryCrossEntropy(x, target, reduce)",
	Shapes: "any, the same → [] or the same", Kinks: "slopes of logarithms are 1e12 at most",
	Reference: lossReference(func(o binaryCrossEntropy) Reduce { return o.Reduce }, false, func(_ binaryCrossEntropy, in []Array, index []int) float64 {
		x, t := in[0].At(index...), in[1].At(index...)
		return -(t*math.Log(x) + (1-t)*math.Log(1-x))
	}),
	Cases: pairCases(func(r Reduce) Operation { return binaryCrossEntropy{r} }, probability, probability),
})

type binaryCrossEntropyWithLogits struct{ Reduce Reduce }

// BinaryCrossEntropyWithLogits returns -(p t ln σ(x) + (1-t) ln(1-σ(x))) for scores
// x and targets t from 0 to 1, of one shape. positive, the weight p of what is
// there, broadcasts to that shape; nil means 1.
func BinaryCrossEntropyWithLogits(x, target, positive *autograd.Value, r Reduce) *autograd.Value {
	if positive == nil {
		return Apply1(binaryCrossEntropyWithLogits{r}, x, target)
	}
	return Apply1(binaryCrossEntropyWithLogits{r}, x, target, positive)
}

func (binaryCrossEntropyWithLogits) Name() string { return "binary_cross_entropy_with_logits" }

func (o binaryCrossEntropyWithLogits) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in[:2]...)
	x, t := in[0], in[1]
	there := Mul(t, LogSigmoid(x))
	if len(in) > 2 {
		there = Mul(there, BroadcastTo(in[2], x.Shape()...))
	}
	absent := Mul(Sub(Scalar(x.DType(), 1), t), LogSigmoid(Neg(x)))
	return []*autograd.Value{o.Reduce.of(Neg(Add(there, absent)))}
}

var _ = register(Entry{
	Name: "binary_cross_entropy_with_logits", Kind: Loss, Formula: "-(p t ln σ(x) + (1-t) ln(1-σ(x)))", Call: "BinaryCrossEntropyWithLogits(x, target, positive, reduce)",
	Shapes: "any, the same, what broadcasts to it or nil → [] or the same",
	Reference: lossReference(func(o binaryCrossEntropyWithLogits) Reduce { return o.Reduce }, false, func(_ binaryCrossEntropyWithLogits, in []Array, index []int) float64 {
		x, t, p := in[0].At(index...), in[1].At(index...), 1.0
		if len(in) > 2 {
			p = in[2].At(index...)
		}
		return p*t*math.Log1p(math.Exp(-x)) + (1-t)*math.Log1p(math.Exp(x))
	}),
	Cases: append(pairCases(func(r Reduce) Operation { return binaryCrossEntropyWithLogits{r} }, anywhere, probability),
		Case{binaryCrossEntropyWithLogits{ReduceNone}, []Arg{In(3, 4), probability(In(3, 4)), positive(In(4))}},
		Case{binaryCrossEntropyWithLogits{}, []Arg{In(2, 3, 2).From(-30, 30), probability(In(2, 3, 2)), positive(In(3, 1))}}),
})

// FocalConfig is the configuration of Focal.
type FocalConfig struct {
	Alpha  float64 // the weight of what is there, against 1 - Alpha of what is not; 0 means 0.25, below 0 both are 1
	Gamma  float64 // how little counts what is easy; 0 means 2
	Reduce Reduce
}

type focal struct{ FocalConfig }

// Focal returns (1 - q)^γ times the binary cross-entropy of scores x and targets t
// from 0 to 1, of one shape, where q is the probability given to the truth,
// t σ(x) + (1-t)(1-σ(x)), and weighs both sides: Lin et al., "Focal Loss for Dense
// Object Detection", 2017.
func Focal(x, target *autograd.Value, cfg FocalConfig) *autograd.Value {
	cfg.Alpha, cfg.Gamma = cmp.Or(cfg.Alpha, 0.25), cmp.Or(cfg.Gamma, 2)
	return Apply1(focal{cfg}, x, target)
}

func (focal) Name() string { return "focal" }

func (o focal) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	x, t := in[0], in[1]
	absent := Sub(Scalar(x.DType(), 1), t)
	off := Add(Mul(t, Sigmoid(Neg(x))), Mul(absent, Sigmoid(x))) // 1 - q, accurate near 0
	likely := Add(Mul(t, LogSigmoid(x)), Mul(absent, LogSigmoid(Neg(x))))
	loss := Mul(PowConst(off, o.Gamma), Neg(likely))
	if o.Alpha >= 0 {
		loss = Mul(loss, Add(Scale(t, o.Alpha), Scale(absent, 1-o.Alpha)))
	}
	return []*autograd.Value{o.Reduce.of(loss)}
}

var _ = register(Entry{
	Name: "focal", Kind: Loss, Formula: "α (1-q)^γ · -ln q, q = σ(x) where t is 1, and (1-α) with q = 1-σ(x) where it is 0", Call: "Focal(x, target, cfg)",
	Shapes: "any, the same → [] or the same",
	Reference: lossReference(func(o focal) Reduce { return o.Reduce }, false, func(o focal, in []Array, index []int) float64 {
		x, t := in[0].At(index...), in[1].At(index...)
		p := 1 / (1 + math.Exp(-x))
		loss := math.Pow(1-(t*p+(1-t)*(1-p)), o.Gamma) * -(t*math.Log(p) + (1-t)*math.Log(1-p))
		if o.Alpha >= 0 {
			loss *= o.Alpha*t + (1-o.Alpha)*(1-t)
		}
		return loss
	}),
	Cases: append(pairCases(func(r Reduce) Operation { return focal{FocalConfig{0.25, 2, r}} }, anywhere, probability),
		Case{focal{FocalConfig{-1, 1.5, ReduceMean}}, []Arg{In(3, 4), probability(In(3, 4))}},
		Case{focal{FocalConfig{0.6, 2, ReduceNone}}, []Arg{In(4, 1), probability(In(4, 1))}}),
})
