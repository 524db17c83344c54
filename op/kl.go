package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
)

// KLConfig is the configuration of KL.
type KLConfig struct {
	LogTarget bool // the target is logarithms too
	Reduce    Reduce
}

type kl struct{ KLConfig }

// KL returns t (ln t - x) for logarithms x of probabilities and probabilities t, of
// one shape, 0 where t is 0: summed over a distribution, the divergence of Kullback
// and Leibler, "On Information and Sufficiency", 1951. With ReduceMean it is the
// mean over all elements: for one over distributions divide the sum by their number.
func KL(x, target *autograd.Value, cfg KLConfig) *autograd.Value {
	return Apply1(kl{cfg}, x, target)
}

func (kl) Name() string { return "kl" }

func (o kl) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	x, t := in[0], in[1]
	p, logP := t, t
	if o.LogTarget {
		p = Exp(t)
	} else {
		logP = clippedLog.of(t) // t ln t is 0 at 0
	}
	return []*autograd.Value{o.Reduce.of(Mul(p, Sub(logP, x)))}
}

var _ = register(Entry{
	Name: "kl", Kind: Loss, Formula: "t (ln t - x)", Call: "KL(x, target, cfg)", Shapes: "any, the same → [] or the same",
	Kinks: "the slope of ln t is 1e12 at most",
	Reference: lossReference(func(o kl) Reduce { return o.Reduce }, false, func(o kl, in []Array, index []int) float64 {
		x, t := in[0].At(index...), in[1].At(index...)
		if o.LogTarget {
			return math.Exp(t) * (t - x)
		}
		return t * (math.Log(t) - x)
	}),
	Cases: append(pairCases(func(r Reduce) Operation { return kl{KLConfig{false, r}} }, anywhere, probability),
		Case{kl{KLConfig{LogTarget: true}}, []Arg{In(3, 4), In(3, 4)}},
		Case{kl{KLConfig{true, ReduceNone}}, []Arg{In(5), In(5)}}),
})
