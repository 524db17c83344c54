package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
)

// ReLU6 returns min(max(x, 0), 6). Howard et al., "MobileNets", 2017.
func ReLU6(x *autograd.Value) *autograd.Value { return Apply1(relu6{}, x) }

// HardSigmoid returns min(max(x/6 + 1/2, 0), 1), a sigmoid of straight lines.
func HardSigmoid(x *autograd.Value) *autograd.Value { return Apply1(hardSigmoid{}, x) }

// HardSwish returns x HardSigmoid(x), a SiLU without exponentials. Howard et al.,
// "Searching for MobileNetV3", 2019.
func HardSwish(x *autograd.Value) *autograd.Value { return Apply1(hardSwish{}, x) }

// Softsign returns x / (1 + |x|).
func Softsign(x *autograd.Value) *autograd.Value { return Apply1(softsign{}, x) }

type (
	relu6       struct{}
	hardSigmoid struct{}
	hardSwish   struct{}
	softsign    struct{}
)

func (relu6) Name() string { return "relu6" }

func (relu6) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{HardTanh(in[0], 0, 6)}
}

func (hardSigmoid) Name() string { return "hard_sigmoid" }

func (hardSigmoid) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Scale(HardTanh(shift(in[0], 3), 0, 6), 1.0/6)}
}

func (hardSwish) Name() string { return "hard_swish" }

func (hardSwish) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Mul(in[0], HardSigmoid(in[0]))}
}

func (softsign) Name() string { return "softsign" }

func (softsign) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Div(in[0], shift(Abs(in[0]), 1))}
}

func referenceOfHardSigmoid(x float64) float64 { return math.Min(math.Max(x/6+0.5, 0), 1) }

// wide takes in the kinks at -3, 3 and 6.
func wide(a Arg) Arg { return a.From(-7.3, 8.1) }

var _ = register(Entry{
	Name: "relu6", Kind: Activation, Formula: "min(max(x, 0), 6)", Call: "ReLU6(x)", Kinks: "0 at 0 and 6",
	Reference: OfOne(func(x float64) float64 { return math.Min(math.Max(x, 0), 6) }), Cases: unaryCases(relu6{}, wide),
})

var _ = register(Entry{
	Name: "hard_sigmoid", Kind: Activation, Formula: "min(max(x/6 + 1/2, 0), 1)", Call: "HardSigmoid(x)", Kinks: "0 at -3 and 3",
	Reference: OfOne(referenceOfHardSigmoid), Cases: unaryCases(hardSigmoid{}, wide),
})

var _ = register(Entry{
	Name: "hard_swish", Kind: Activation, Formula: "x min(max(x/6 + 1/2, 0), 1)", Call: "HardSwish(x)", Kinks: "0 at -3, 1 at 3",
	Reference: OfOne(func(x float64) float64 { return x * referenceOfHardSigmoid(x) }), Cases: unaryCases(hardSwish{}, wide),
})

var _ = register(Entry{
	Name: "softsign", Kind: Activation, Formula: "x / (1 + |x|)", Call: "Softsign(x)",
	Reference: OfOne(func(x float64) float64 { return x / (1 + math.Abs(x)) }), Cases: unaryCases(softsign{}, anywhere),
})
