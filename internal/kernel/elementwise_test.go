package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// lengths go past two rounds of the unrolled loops.
func lengths() []int {
	n := []int{127, 1000, 4099}
	for i := range 80 {
		n = append(n, i)
	}
	return n
}

// specials are the values that comparisons and roundings may treat in their own
// way.
var specials = []float64{
	0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(math.NaN(), -1),
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-127, -0x1.8p-127, 0x1p-126, -0x1p-126,
	math.MaxFloat32, -math.MaxFloat32, 1, -1, 2, 3, -0.1,
}

func special(r *rand.Rand) float64 { return specials[r.IntN(len(specials))] }

type binaryCase[T Float] struct {
	name    string
	kernel  func(dst, a, b []T)
	formula func(a, b T) T
}

func binaryCases[T Float]() []binaryCase[T] {
	return []binaryCase[T]{
		{"Add", Add[T], func(a, b T) T { return a + b }},
		{"Sub", Sub[T], func(a, b T) T { return a - b }},
		{"Mul", Mul[T], func(a, b T) T { return a * b }},
		{"Div", Div[T], func(a, b T) T { return a / b }},
		{"Gate", Gate[T], func(a, b T) T {
			if a > 0 {
				return b
			}
			return 0
		}},
	}
}

func TestBinary(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testBinary[float32](t)
		testBinary[float64](t)
	})
}

func testBinary[T Float](t *testing.T) {
	for _, c := range binaryCases[T]() {
		for _, n := range lengths() {
			for _, alias := range []string{"none", "dst=a", "dst=b", "a=b", "all"} {
				r := newArena[T](t, uint64(n))
				a, b, dst := r.numbers(n, special), r.numbers(n, special), r.make(n)
				switch alias {
				case "dst=a":
					dst = a
				case "dst=b":
					dst = b
				case "a=b":
					b = a
				case "all":
					dst, b = a, a
				}
				want := make([]T, n)
				for i := range want {
					want[i] = c.formula(a[i], b[i])
				}
				c.kernel(dst, a, b)
				wantSame(t, fmt.Sprintf("%s, alias %s", c.name, alias), dst, want)
				r.check()
			}
		}
	}
}

// Every pair of special values meets.
func TestBinarySpecials(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, c := range binaryCases[float32]() {
			var a, b, want []float32
			for _, x := range specials {
				for _, y := range specials {
					a, b = append(a, float32(x)), append(b, float32(y))
					want = append(want, c.formula(float32(x), float32(y)))
				}
			}
			dst := make([]float32, len(want))
			c.kernel(dst, a, b)
			for i := range want {
				wantSame(t, fmt.Sprintf("%s of %v and %v", c.name, a[i], b[i]), dst[i:i+1], want[i:i+1])
			}
		}
	})
}

func TestUnary(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testUnary[float32](t)
		testUnary[float64](t)
	})
}

func testUnary[T Float](t *testing.T) {
	cases := []struct {
		name    string
		kernel  func(dst, x []T)
		formula func(x T) T
	}{
		{"Neg", Neg[T], func(x T) T { return T(math.Copysign(float64(x), -math.Copysign(1, float64(x)))) }},
		{"ReLU", ReLU[T], func(x T) T {
			if x > 0 || x != x {
				return x
			}
			return 0
		}},
		{"Sqrt", Sqrt[T], func(x T) T { return T(math.Sqrt(float64(x))) }},
	}
	for _, c := range cases {
		for _, n := range lengths() {
			for _, inPlace := range []bool{false, true} {
				r := newArena[T](t, uint64(n))
				x, dst := r.numbers(n, special), r.make(n)
				if inPlace {
					dst = x
				}
				want := make([]T, n)
				for i := range want {
					want[i] = c.formula(x[i])
				}
				c.kernel(dst, x)
				wantSame(t, fmt.Sprintf("%s, in place %v", c.name, inPlace), dst, want)
				r.check()
			}
		}
	}
}

type scalarCase[T Float] struct {
	name    string
	scalar  func(dst, x []T, c T)
	spread  func(dst, x, c []T) // the kernel of two slices with the same bits
	formula func(x, c T) T
}

func scalarCases[T Float]() []scalarCase[T] {
	return []scalarCase[T]{
		{"SubScalar", SubScalar[T], Sub[T], func(x, c T) T { return x - c }},
		{"MulScalar", MulScalar[T], Mul[T], func(x, c T) T { return x * c }},
		{"DivScalar", DivScalar[T], Div[T], func(x, c T) T { return x / c }},
	}
}

func TestScalar(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testScalar[float32](t)
		testScalar[float64](t)
	})
}

func testScalar[T Float](t *testing.T) {
	for i, n := range lengths() {
		for _, c := range scalarCases[T]() {
			r := newArena[T](t, uint64(n))
			x, dst, s := r.numbers(n, special), r.make(n), T(specials[i%len(specials)])
			want, spread, all := make([]T, n), make([]T, n), make([]T, n)
			for i, v := range x {
				want[i], all[i] = c.formula(v, s), s
			}
			what := fmt.Sprintf("%s with %v", c.name, s)
			c.scalar(dst, x, s)
			wantSame(t, what, dst, want)
			c.spread(spread, x, all)
			wantSame(t, what+", two slices", spread, want)
			c.scalar(x, x, s)
			wantSame(t, what+" in place", x, want)
			r.check()
			if !panics(func() { c.scalar(make([]T, 9), make([]T, 8), s) }) {
				t.Errorf("%s took a short slice", c.name)
			}
		}
	}
}

func TestShortInputPanics(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		long, short := make([]float32, 9), make([]float32, 8)
		calls := map[string]func(){}
		for _, c := range binaryCases[float32]() {
			calls[c.name+", a"] = func() { c.kernel(long, short, long) }
			calls[c.name+", b"] = func() { c.kernel(long, long, short) }
		}
		calls["Neg"] = func() { Neg(long, short) }
		calls["ReLU"] = func() { ReLU(long, short) }
		calls["Sqrt"] = func() { Sqrt(long, short) }
		for name, call := range calls {
			if !panics(call) {
				t.Errorf("%s: took a short slice", name)
			}
		}
	})
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// benchmarkLengths are a row of a small layer, what the first-level cache holds,
// and what the second-level cache holds.
var benchmarkLengths = []int{64, 2048, 65536}

func BenchmarkElementwise(b *testing.B) {
	cases := []struct {
		name string
		run  func(dst, x, y []float32)
	}{
		{"Add", Add[float32]},
		{"Sub", Sub[float32]},
		{"Mul", Mul[float32]},
		{"Div", Div[float32]},
		{"Gate", Gate[float32]},
		{"ReLU", func(dst, x, _ []float32) { ReLU(dst, x) }},
		{"Neg", func(dst, x, _ []float32) { Neg(dst, x) }},
		{"Sqrt", func(dst, x, _ []float32) { Sqrt(dst, x) }},
		{"MulScalar", func(dst, x, _ []float32) { MulScalar(dst, x, 3) }},
		{"Sum", func(dst, x, _ []float32) { dst[0] = Sum(x) }},
		{"SumRows", func(dst, x, _ []float32) { SumRows(dst[:len(x)/64], x, 64, len(x)/64) }},
	}
	for _, c := range cases {
		for _, n := range benchmarkLengths {
			for _, path := range Paths() {
				b.Run(fmt.Sprintf("%s/%d/%s", c.name, n, path), func(b *testing.B) {
					defer Use(path)()
					r := rand.New(rand.NewPCG(1, 2))
					dst, x, y := make([]float32, n), make([]float32, n), make([]float32, n)
					for i := range x {
						x[i], y[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
					}
					for b.Loop() {
						c.run(dst, x, y)
					}
					reportEach(b, n, "element")
				})
			}
		}
	}
}

// reportEach reports the time that each of n parts of an iteration took.
func reportEach(b *testing.B, n int, part string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+part)
}

func TestMulAdd(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testMulAdd[float32](t)
		testMulAdd[float64](t)
	})
}

func testMulAdd[T Float](t *testing.T) {
	for _, n := range lengths() {
		for alias := range 4 { // dst is none of the inputs, or one of them
			r := newArena[T](t, uint64(n))
			in := [][]T{r.make(n), r.numbers(n, special), r.numbers(n, special), r.numbers(n, special)}
			want := make([]T, n)
			for i := range want {
				want[i] = T(in[1][i]*in[2][i]) + in[3][i]
			}
			MulAdd(in[alias], in[1], in[2], in[3])
			wantSame(t, fmt.Sprintf("alias %d", alias), in[alias], want)
			r.check()
		}
	}
}
