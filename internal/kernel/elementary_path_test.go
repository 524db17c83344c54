package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sliceFunctions are the vector forms of the functions in elementary.
var sliceFunctions = map[string]struct {
	f32 func(dst, x []float32)
	f64 func(dst, x []float64)
}{
	"exp":     {Exp[float32], Exp[float64]},
	"log":     {Log[float32], Log[float64]},
	"tanh":    {Tanh[float32], Tanh[float64]},
	"sigmoid": {Sigmoid[float32], Sigmoid[float64]},
	"erf":     {Erf[float32], Erf[float64]},
	"exp2":    {Exp2[float32], Exp2[float64]},
	"expm1":   {Expm1[float32], Expm1[float64]},
	"log2":    {Log2[float32], Log2[float64]},
	"log1p":   {Log1p[float32], Log1p[float64]},
	"sin":     {Sin[float32], Sin[float64]},
	"cos":     {Cos[float32], Cos[float64]},
}

// Every path gives the bits of the portable function, for all float32 where the
// flag -stride is 1.
func TestElementary32OnEachPath(t *testing.T) {
	wantVectorPaths(t)
	const block = 1 << 12
	for _, c := range elementary {
		t.Run(c.name, func(t *testing.T) {
			x, want, got := make([]float32, block), make([]float32, block), make([]float32, block)
			for bits := uint64(0); bits < 1<<32; bits += block * *stride {
				for i := range x {
					x[i] = math.Float32frombits(uint32(bits + uint64(i)**stride))
					want[i] = c.f32(x[i])
				}
				for _, path := range vectorPaths() {
					restore := Use(path)
					sliceFunctions[c.name].f32(got, x)
					restore()
					for i, v := range got {
						if math.Float32bits(v) != math.Float32bits(want[i]) && (v == v || want[i] == want[i]) {
							t.Fatalf("%s on %s: f(%v) = %v, want %v", c.name, path, x[i], v, want[i])
						}
					}
				}
			}
		})
	}
}

// vectorPaths are the paths with assembly.
func vectorPaths() []string {
	all := Paths()
	return all[:len(all)-1]
}

func wantVectorPaths(t *testing.T) {
	if len(vectorPaths()) == 0 {
		t.Skip("the portable path is the only one")
	}
}

// Around every power of two, around the bounds of the functions, and at random.
func TestElementary64OnEachPath(t *testing.T) {
	wantVectorPaths(t)
	var x []float64
	near := func(v float64) {
		bits := math.Float64bits(v)
		for d := range uint64(9) {
			x = append(x, math.Float64frombits(bits+d-4), -math.Float64frombits(bits+d-4))
		}
	}
	for exponent := uint64(0); exponent < 2048; exponent++ {
		near(math.Float64frombits(exponent << 52))
		near(math.Float64frombits(exponent<<52 + 0x6A09E667F3BCD)) // times the square root of 2
	}
	for _, v := range []float64{0.625, 6, 709.78, 710, 711, 708.4, 745.13, 746, 747, math.Ln2 / 2} {
		near(v)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		x = append(x, math.Float64frombits(r.Uint64()), 20*r.NormFloat64())
	}
	for _, c := range elementary {
		for range 10000 {
			x = append(x, c.sample(r))
		}
	}
	want, got := make([]float64, len(x)), make([]float64, len(x))
	for _, c := range elementary {
		for i, v := range x {
			want[i] = c.f64(v)
		}
		for _, path := range vectorPaths() {
			restore := Use(path)
			sliceFunctions[c.name].f64(got, x)
			restore()
			wantSame(t, c.name+" on "+path, got, want)
		}
	}
}

func TestElementarySlices(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, c := range elementary {
			testElementarySlices(t, c.name+"32", sliceFunctions[c.name].f32, c.f32)
			testElementarySlices(t, c.name+"64", sliceFunctions[c.name].f64, c.f64)
		}
	})
}

func testElementarySlices[T Float](t *testing.T, name string, f func(dst, x []T), one func(T) T) {
	for _, n := range append(lengths(), asmStretch+3) {
		for _, inPlace := range []bool{false, true} {
			a := newArena[T](t, uint64(n))
			x, dst := a.numbers(n, special), a.make(n)
			if inPlace {
				dst = x
			}
			want := make([]T, n)
			for i, v := range x {
				want[i] = one(v)
			}
			f(dst, x)
			wantSame(t, fmt.Sprintf("%s, in place %v", name, inPlace), dst, want)
			a.check()
		}
	}
	if !panics(func() { f(make([]T, 9), make([]T, 8)) }) {
		t.Errorf("%s took a short slice", name)
	}
}

func BenchmarkFunctions(b *testing.B) {
	const n = 16384
	r := rand.New(rand.NewPCG(1, 2))
	x32, x64 := make([]float32, n), make([]float64, n)
	for i := range x64 {
		x64[i] = math.Abs(r.NormFloat64()) + 0.01
		x32[i] = float32(x64[i])
	}
	y32, y64 := make([]float32, n), make([]float64, n)
	for _, c := range elementary {
		for _, path := range Paths() {
			b.Run(c.name+"32/"+path, func(b *testing.B) {
				defer Use(path)()
				for b.Loop() {
					sliceFunctions[c.name].f32(y32, x32)
				}
				reportEach(b, n, "element")
			})
			b.Run(c.name+"64/"+path, func(b *testing.B) {
				defer Use(path)()
				for b.Loop() {
					sliceFunctions[c.name].f64(y64, x64)
				}
				reportEach(b, n, "element")
			})
		}
	}
}
