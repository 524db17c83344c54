package op

import "github.com/mlodyssey/odyssey/autograd"

type mse struct{ Reduce Reduce }

// MSE returns the squared error (x - target)² of two values of one shape.
func MSE(x, target *autograd.Value, r Reduce) *autograd.Value {
	return Apply1(mse{r}, x, target)
}

func (mse) Name() string { return "mse" }

func (o mse) Compose(in []*autograd.Value) []*autograd.Value {
	wantAlike(o.Name(), in...)
	d := Sub(in[0], in[1])
	return []*autograd.Value{o.Reduce.of(Mul(d, d))}
}

var _ = register(Entry{
	Name: "mse", Kind: Loss, Formula: "(x - t)²", Call: "MSE(x, target, reduce)", Shapes: "any, the same → [] or the same",
	Reference: lossReference(func(o mse) Reduce { return o.Reduce }, false, func(_ mse, in []Array, index []int) float64 {
		d := in[0].At(index...) - in[1].At(index...)
		return d * d
	}),
	Cases: pairCases(func(r Reduce) Operation { return mse{r} }, anywhere, anywhere),
})
