package kernel

import (
	"fmt"
	"math"
	"testing"
)

// Activations may write over what they read, give the same bits on each path, take
// no memory, and want slices that are long enough.
func TestActivations(t *testing.T) {
	testActivations[float32](t)
	testActivations[float64](t)
}

func testActivations[T Float](t *testing.T) {
	unary := map[string]func(dst, x []T){
		"SiLU": SiLU[T], "GELU": GELU[T], "GELUTanh": GELUTanh[T], "Mish": Mish[T], "LogSigmoid": LogSigmoid[T],
		"Softplus": func(dst, x []T) { Softplus(dst, x, 2, 20) },
		"ELU":      func(dst, x []T) { ELU(dst, x, 1.5, 2, 0.5) },
	}
	binary := map[string]func(dst, x, g []T){
		"SiLUGrad": SiLUGrad[T], "GELUGrad": GELUGrad[T], "GELUTanhGrad": GELUTanhGrad[T], "MishGrad": MishGrad[T],
		"ELUGrad": func(dst, x, g []T) { ELUGrad(dst, x, g, 1.5, 2, 0.5) },
	}
	for name, f := range unary {
		binary[name] = func(dst, x, g []T) { f(dst, x) }
	}
	for name, f := range binary {
		for _, n := range []int{0, 1, 17, 255, 256, 257, 777} {
			r := newArena[T](t, uint64(n))
			x, g, want := r.numbers(n, special), r.numbers(n, special), make([]T, n)
			func() {
				defer Use("portable")()
				f(want, x, g)
			}()
			forEachPath(t, func(t *testing.T) {
				got := r.make(n)
				f(got, x, g)
				wantSame(t, name, got, want)
				for i, over := range [][]T{append([]T{}, x...), append([]T{}, g...)} {
					if i == 0 {
						f(over, over, g)
					} else {
						f(over, x, over)
					}
					wantSame(t, fmt.Sprintf("%s over input %d", name, i), over, want)
				}
			})
			r.check()
		}
		x, g, dst := make([]T, 300), make([]T, 300), make([]T, 300)
		if got := testing.AllocsPerRun(10, func() { f(dst, x, g) }); got > 0 {
			t.Errorf("%s takes memory %v times", name, got)
		}
		if !panics(func() { f(dst, x[:299:299], g) }) {
			t.Errorf("%s took a short slice", name)
		}
	}
}

// What is far from 0 is as near to its limit as it should be, and small results
// keep their digits.
func TestActivationsFarFromZero(t *testing.T) {
	testActivationsFarFromZero[float32](t, 3e-7)
	testActivationsFarFromZero[float64](t, 1e-15)
}

func testActivationsFarFromZero[T Float](t *testing.T, bound float64) {
	ones := []T{1}
	along := func(f func(dst, x, g []T)) func(dst, x []T) { return func(dst, x []T) { f(dst, x, ones) } }
	elu := func(dst, x []T) { ELU(dst, x, 1, 1, 1) }
	softplus := func(dst, x []T) { Softplus(dst, x, 1, 20) }
	for _, c := range []struct {
		name    string
		f       func(dst, x []T)
		x, want float64
	}{
		{"SiLU", SiLU[T], 1000, 1000}, {"SiLU", SiLU[T], -1000, 0}, {"SiLU", SiLU[T], -30, -30 / (1 + math.Exp(30))},
		{"SiLUGrad", along(SiLUGrad[T]), 1000, 1}, {"SiLUGrad", along(SiLUGrad[T]), -1000, 0},
		{"GELU", GELU[T], 1000, 1000}, {"GELU", GELU[T], -1000, 0}, {"GELUTanh", GELUTanh[T], 1000, 1000}, {"GELUTanh", GELUTanh[T], -1000, 0},
		{"GELUGrad", along(GELUGrad[T]), 1000, 1}, {"GELUGrad", along(GELUGrad[T]), -1000, 0},
		{"GELUTanhGrad", along(GELUTanhGrad[T]), 1000, 1}, {"GELUTanhGrad", along(GELUTanhGrad[T]), -1000, 0},
		{"Mish", Mish[T], 1000, 1000}, {"Mish", Mish[T], -1000, 0}, {"Mish", Mish[T], -30, -30 * math.Tanh(math.Log1p(math.Exp(-30)))}, {"Mish", Mish[T], 25, 25},
		{"MishGrad", along(MishGrad[T]), 1000, 1}, {"MishGrad", along(MishGrad[T]), 1e30, 1}, {"MishGrad", along(MishGrad[T]), -1000, 0},
		{"LogSigmoid", LogSigmoid[T], -1000, -1000}, {"LogSigmoid", LogSigmoid[T], 1000, 0}, {"LogSigmoid", LogSigmoid[T], 40, -math.Log1p(math.Exp(-40))},
		{"Softplus", softplus, 1000, 1000}, {"Softplus", softplus, -1000, 0}, {"Softplus", softplus, -40, math.Log1p(math.Exp(-40))},
		{"ELU", elu, -0x1p-70, -0x1p-70}, {"ELU", elu, -0x1p-9, math.Expm1(-0x1p-9)}, {"ELU", elu, -0.625, math.Expm1(-0.625)}, {"ELU", elu, -1000, -1}, {"ELU", elu, -90, -1}, {"ELU", elu, 1000, 1000},
	} {
		y := make([]T, 1)
		c.f(y, []T{T(c.x)})
		if got := float64(y[0]); !(math.Abs(got-c.want) <= bound*math.Abs(c.want)) {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
}
