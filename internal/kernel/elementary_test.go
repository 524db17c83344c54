package kernel

import (
	"encoding/binary"
	"flag"
	"hash/crc32"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

var (
	stride  = flag.Uint64("stride", 1021, "try every n-th float32; 1 tries them all, in half an hour of one core")
	samples = flag.Int("samples", 25000, "how many random float64 to try with each function")
)

// elementary is one function in both precisions, with its references and the
// bounds that its documentation states. The float64 reference is good enough
// for float32, whose unit is 2^29 times as large.
var elementary = []struct {
	name     string
	f32      func(float32) float32
	f64      func(float64) float64
	bound32  float64 // in ulp
	bound64  float64
	checksum uint32 // of the results' bits, over a fixed set of arguments
	double   func(float64) float64
	exact    func(float64) *big.Float
	sample   func(*rand.Rand) float64
}{
	{"exp", Exp32, Exp64, 0.8, 0.9, 0x4e01188d, math.Exp, bigExp,
		func(r *rand.Rand) float64 { return spread(r, 709, -745) }},
	{"log", Log32, Log64, 0.9, 0.9, 0x24b93df1, math.Log, bigLog, positive},
	{"tanh", Tanh32, Tanh64, 1.5, 1.5, 0x7ba9ccf5, math.Tanh, bigTanh,
		func(r *rand.Rand) float64 { return spread(r, 20, -20) }},
	{"sigmoid", Sigmoid32, Sigmoid64, 1.8, 1.8, 0x11bcb971, sigmoid, bigSigmoid,
		func(r *rand.Rand) float64 { return spread(r, 40, -745) }},
	{"erf", Erf32, Erf64, 1.5, 1.2, 0x45d554a8, math.Erf, bigErf,
		func(r *rand.Rand) float64 { return spread(r, 6, -6) }},
	{"exp2", rounded(exp2), exp2, 0.51, 0.8, 0x126d82b4, math.Exp2, bigExp2,
		func(r *rand.Rand) float64 { return spread(r, 1023, -1074) }},
	{"expm1", rounded(expm1), expm1, 0.51, 1.1, 0x87a4707e, math.Expm1, bigExpm1,
		func(r *rand.Rand) float64 { return spread(r, 709, -745) }},
	{"log2", rounded(log2), log2, 0.51, 0.8, 0xe07e6f0c, math.Log2, bigLog2, positive},
	{"log1p", rounded(log1p), log1p, 0.51, 0.9, 0xc4bd16df, math.Log1p, bigLog1p,
		func(r *rand.Rand) float64 { return max(positive(r)-1, spread(r, 1, -0.999)) }},
	{"sin", rounded(sin), sin, 0.51, 0.9, 0xdc282aef, math.Sin, bigSin, angle},
	{"cos", rounded(cos), cos, 0.51, 0.9, 0x8cebe7e3, math.Cos, bigCos, angle},
}

func TestElementary32KeepsItsBound(t *testing.T) {
	for _, c := range elementary {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			worst, at := 0.0, float32(0)
			for bits := uint64(0); bits < 1<<32; bits += *stride {
				x := math.Float32frombits(uint32(bits))
				got, want := c.f32(x), c.double(float64(x))
				if !sameKind(float64(got), float64(float32(want))) {
					t.Fatalf("%s(%v) = %v, want %v", c.name, x, got, want)
				}
				e := math.Abs(float64(got)-want) / unit(want, -126, 23)
				if e > worst && !math.IsInf(float64(got), 0) {
					worst, at = e, x
				}
			}
			t.Logf("largest error %.4f ulp, at %v", worst, at)
			if worst > c.bound32 {
				t.Errorf("error %v ulp at %v, more than the stated %v", worst, at, c.bound32)
			}
		})
	}
}

func TestElementary64KeepsItsBound(t *testing.T) {
	for _, c := range elementary {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(5, 6))
			worst, at := 0.0, 0.0
			for range *samples {
				x := c.sample(random)
				if e := ulps64(c.f64(x), c.exact(x)); e > worst {
					worst, at = e, x
				}
			}
			t.Logf("largest error %.4f ulp, at %v", worst, at)
			if worst > c.bound64 {
				t.Errorf("error %v ulp at %v, more than the stated %v", worst, at, c.bound64)
			}
		})
	}
}

// sameKind says whether both are NaN, the same infinity, or finite, and then
// whether they agree in a zero's sign.
func sameKind(got, want float64) bool {
	switch {
	case math.IsNaN(want) || math.IsInf(want, 0) || math.IsInf(got, 0):
		return got == want || got != got && want != want
	case got == 0 || want == 0:
		return math.Signbit(got) == math.Signbit(want)
	}
	return got == got
}

// unit is the size of the last of the given mantissa bits at v, in a format
// with that smallest exponent.
func unit(v float64, smallest, mantissa int) float64 {
	return math.Ldexp(1, max(math.Ilogb(v), smallest)-mantissa)
}

// ulps64 is the error of got in units of want's last place. It divides before
// it leaves big.Float, for near 0 a float64 holds no fraction of the unit.
func ulps64(got float64, want *big.Float) float64 {
	size, _ := want.Float64()
	e := newBig(got)
	e.Quo(e.Sub(e, want), newBig(unit(size, -1022, 52)))
	ulps, _ := e.Float64()
	return math.Abs(ulps)
}

func sigmoid(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

// spread draws from lo to hi, half of the time evenly and half by magnitude
// down to 2^-60.
func spread(r *rand.Rand, hi, lo float64) float64 {
	x := lo + (hi-lo)*r.Float64()
	if r.IntN(2) == 0 {
		x *= math.Exp2(-60 * r.Float64())
	}
	return x
}

// positive draws from all positive numbers, half of them close to 1.
func positive(r *rand.Rand) float64 {
	if r.IntN(2) == 0 {
		return 1 + spread(r, 1, -0.9)
	}
	return math.Float64frombits(r.Uint64N(math.Float64bits(math.Inf(1))-1) + 1)
}

// rounded is the float32 version of a function that is worked out in float64.
func rounded(f func(float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

// angle draws from numbers of all sizes, and from those next to multiples of a
// quarter turn.
func angle(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		return spread(r, 10, -10)
	case 1:
		return float64(r.IntN(1<<24)) * math.Pi / 2
	case 2:
		return spread(r, 0x1p21, -0x1p21)
	}
	return math.Ldexp(1+r.Float64(), r.IntN(1023))
}

const bigPrecision = 160

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(bigPrecision).SetFloat64(x) }

var (
	bigLn2, _, _ = big.ParseFloat("0.693147180559945309417232121458176568075500134360255254120680009",
		10, 200, big.ToNearestEven)
	bigTwoOverRootPi, _, _ = big.ParseFloat("1.12837916709551257389615890312154517168810125865799771368817144",
		10, 200, big.ToNearestEven)
	reciprocals = func() (r [14]*big.Float) { // of 1 to 14
		for i := range r {
			r[i] = newBig(1)
			r[i].Quo(r[i], newBig(float64(i+1)))
		}
		return r
	}()
)

// bigExp sums the Taylor series of r / 2^8, where x = k ln 2 + r, and squares
// the sum eight times.
func bigExp(x float64) *big.Float { return bigExpOf(newBig(x)) }

func bigExpOf(x *big.Float) *big.Float {
	const halvings = 8
	near, _ := x.Float64()
	k := math.Round(near / math.Ln2)
	r := newBig(k)
	r.Sub(x, r.Mul(r, bigLn2))
	r.SetMantExp(r, -halvings)
	one := newBig(1)
	sum := newBig(1)
	for i := len(reciprocals) - 1; i >= 0; i-- {
		sum.Mul(sum, r)
		sum.Mul(sum, reciprocals[i])
		sum.Add(sum, one)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum.SetMantExp(sum, int(k))
}

// bigLog is one Newton step, of third order, from Log64: log x = y + log1p(d)
// with d = x e^-y - 1. An error of y then shows, for the step removes it.
// (math.Log is no start: on amd64 it is wrong for subnormals.)
func bigLog(x float64) *big.Float {
	y := Log64(x)
	d := bigExp(-y)
	d.Sub(d.Mul(d, newBig(x)), newBig(1))
	square := newBig(0.5)
	square.Mul(square, d).Mul(square, d)
	return d.Sub(d, square).Add(d, newBig(y))
}

func bigExp2(x float64) *big.Float {
	y := newBig(x)
	return bigExpOf(y.Mul(y, bigLn2))
}

func bigExpm1(x float64) *big.Float { return bigLess(bigExp(x), 1) }

func bigLess(x *big.Float, y float64) *big.Float { return x.Sub(x, newBig(y)) }

func bigLog2(x float64) *big.Float {
	y := bigLog(x)
	return y.Quo(y, bigLn2)
}

// bigLog1p is bigLog of 1 + x, which a float64 may not hold.
func bigLog1p(x float64) *big.Float {
	y := math.Log1p(x)
	one := newBig(1)
	d := bigExp(-y)
	d.Sub(d.Mul(d, one.Add(one, newBig(x))), newBig(1))
	square := newBig(0.5)
	square.Mul(square, d).Mul(square, d)
	return d.Sub(d, square).Add(d, newBig(y))
}

func bigSin(x float64) *big.Float { return bigTurned(x, 0) }

func bigCos(x float64) *big.Float { return bigTurned(x, 1) }

// bigTurned takes multiples of pi/2 off x, and sums the Taylor series of what is
// left: of the sine, or of the cosine for an odd number of quarter turns.
func bigTurned(x float64, turns int64) *big.Float {
	r := new(big.Float).SetPrec(1400).SetFloat64(x)
	quarter := new(big.Float).SetPrec(1400).Quo(r, bigHalfPi)
	half := 0.5
	if x < 0 {
		half = -half
	}
	n, _ := quarter.Add(quarter, big.NewFloat(half)).Int(nil)
	whole := new(big.Float).SetPrec(1400).SetInt(n)
	r.Sub(r, whole.Mul(whole, bigHalfPi))
	turns += new(big.Int).And(n, big.NewInt(3)).Int64()

	r.SetPrec(bigPrecision)
	square := newBig(0)
	square.Neg(square.Mul(r, r))
	sum, term, i := newBig(0), newBig(1), 1.0
	if turns%2 == 0 {
		term.Set(r)
		i = 2
	}
	for ; i < 60; i += 2 {
		sum.Add(sum, term)
		term.Mul(term, square)
		term.Quo(term, newBig(i*(i+1)))
	}
	if turns%4 >= 2 {
		sum.Neg(sum)
	}
	return sum
}

// bigHalfPi is pi/2, by Machin's formula.
var bigHalfPi = func() *big.Float {
	const digits = 1400
	arctan := func(n int64) *big.Int { // of 1/n
		term := new(big.Int).Lsh(big.NewInt(1), digits)
		term.Quo(term, big.NewInt(n))
		sum := new(big.Int)
		for i := int64(1); term.Sign() != 0; i += 2 {
			part := new(big.Int).Quo(term, big.NewInt(i))
			if i%4 == 3 {
				part.Neg(part)
			}
			sum.Add(sum, part)
			term.Quo(term, big.NewInt(n*n))
		}
		return sum
	}
	sum := arctan(5)
	sum.Lsh(sum, 2).Sub(sum, arctan(239)).Lsh(sum, 1)
	pi := new(big.Float).SetPrec(digits).SetInt(sum)
	return pi.SetMantExp(pi, -digits)
}()

func bigTanh(x float64) *big.Float {
	e := bigExp(2 * x)
	below := newBig(1)
	below.Add(below, e)
	return e.Quo(e.Sub(e, newBig(1)), below)
}

func bigSigmoid(x float64) *big.Float {
	below := bigExp(-x)
	below.Add(below, newBig(1))
	return below.Quo(newBig(1), below)
}

// bigErf sums the series 2/sqrt(pi) e^-x^2 (x + 2x^3/3 + 4x^5/15 + ...), of which no
// term takes from another.
func bigErf(x float64) *big.Float {
	square := newBig(x)
	square.Mul(square, square)
	sum, term := newBig(x), newBig(x)
	for i := 3; term.MantExp(nil) > sum.MantExp(nil)-bigPrecision; i += 2 {
		term.Mul(term, square)
		term.Quo(term.SetMantExp(term, 1), newBig(float64(i)))
		sum.Add(sum, term)
		if term.Sign() == 0 {
			break
		}
	}
	sum.Mul(sum, bigExpOf(square.Neg(square)))
	return sum.Mul(sum, bigTwoOverRootPi)
}

func TestElementarySpecialValues(t *testing.T) {
	inf, nan, zero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	const most32, most64 = math.MaxFloat32, math.MaxFloat64
	for i, cases := range [][][2]float64{
		{{0, 1}, {zero, 1}, {inf, inf}, {-inf, 0}, {most32, inf}, {-most32, 0}, {most64, inf}, {-most64, 0},
			{710, inf}, {-746, 0}, {1e-300, 1}, {nan, nan}},
		{{1, 0}, {0, -inf}, {zero, -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {-most32, nan}, {-1e-40, nan}, {nan, nan}},
		{{0, 0}, {zero, zero}, {inf, 1}, {-inf, -1}, {most64, 1}, {-most64, -1}, {30, 1}, {-30, -1},
			{0x1p-149, 0x1p-149}, {nan, nan}},
		{{0, 0.5}, {zero, 0.5}, {inf, 1}, {-inf, 0}, {most64, 1}, {-most64, 0}, {40, 1}, {-746, 0}, {1e-300, 0.5}, {nan, nan}},
		{{0, 0}, {zero, zero}, {inf, 1}, {-inf, -1}, {most64, 1}, {-most64, -1}, {6, 1}, {-6, -1}, {nan, nan}},
		{{0, 1}, {zero, 1}, {inf, inf}, {-inf, 0}, {most32, inf}, {-most64, 0}, {1024, inf}, {-1076, 0}, {10, 1024}, {-149, 0x1p-149}, {1e-300, 1}, {nan, nan}},
		{{0, 0}, {zero, zero}, {inf, inf}, {-inf, -1}, {most32, inf}, {-most64, -1}, {710, inf}, {-746, -1}, {0x1p-149, 0x1p-149}, {-0x1p-149, -0x1p-149}, {nan, nan}},
		{{1, 0}, {0, -inf}, {zero, -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {8, 3}, {0.25, -2}, {0x1p-149, -149}, {nan, nan}},
		{{0, 0}, {zero, zero}, {inf, inf}, {-inf, nan}, {-1, -inf}, {-2, nan}, {0x1p-149, 0x1p-149}, {-0x1p-149, -0x1p-149}, {nan, nan}},
		{{0, 0}, {zero, zero}, {inf, nan}, {-inf, nan}, {0x1p-149, 0x1p-149}, {-0x1p-149, -0x1p-149}, {nan, nan}},
		{{0, 1}, {zero, 1}, {inf, nan}, {-inf, nan}, {0x1p-149, 1}, {nan, nan}},
	} {
		f := elementary[i]
		for _, c := range cases {
			x, want := c[0], c[1]
			if got := f.f64(x); got != want && want == want || !sameKind(got, want) {
				t.Errorf("%s64(%v) = %v, want %v", f.name, x, got, want)
			}
			if got := float64(f.f32(float32(x))); got != want && want == want || !sameKind(got, want) {
				t.Errorf("%s32(%v) = %v, want %v", f.name, x, got, want)
			}
		}
	}
}

func TestExpAtTheEndsOfItsRange(t *testing.T) {
	const last32, last64 = 0x1.62e42ep6, 0x1.62e42fefa39efp9 // the largest x with e^x finite
	if y := Exp32(last32); !(y < math.MaxFloat32) || !math.IsInf(float64(Exp32(math.Nextafter32(last32, 100))), 1) {
		t.Errorf("Exp32(%v) = %v", last32, y)
	}
	if y := Exp64(last64); !(y < math.MaxFloat64) || !math.IsInf(Exp64(math.Nextafter(last64, 1000)), 1) {
		t.Errorf("Exp64(%v) = %v", last64, y)
	}
	const least32, least64 = -0x1.9fe368p6, -0x1.74910d52d3051p9 // the smallest x with e^x not 0
	if y := Exp32(least32); y != math.SmallestNonzeroFloat32 || Exp32(math.Nextafter32(least32, -200)) != 0 {
		t.Errorf("Exp32(%v) = %v", least32, y)
	}
	if y := Exp64(least64); y != math.SmallestNonzeroFloat64 || Exp64(math.Nextafter(least64, -1000)) != 0 {
		t.Errorf("Exp64(%v) = %v", least64, y)
	}
	if y := Log32(math.SmallestNonzeroFloat32); y != -149*math.Ln2 {
		t.Errorf("Log32 of the smallest float32 = %v", y)
	}
	if y := Log64(math.SmallestNonzeroFloat64); y != -1074*math.Ln2 {
		t.Errorf("Log64 of the smallest float64 = %v", y)
	}
}

// NaN bits differ between processors' arithmetic, so results carry the
// argument's own.
func TestElementaryReturnsNaNUnchanged(t *testing.T) {
	for _, f := range elementary {
		for _, bits := range []uint32{0x7FC00000, 0xFFC00000, 0x7FC12345, 0xFFFFFFFF} {
			if got := math.Float32bits(f.f32(math.Float32frombits(bits))); got != bits {
				t.Errorf("%s32(NaN %#x) = %#x", f.name, bits, got)
			}
			wide := uint64(bits|0x7FF80000)<<32 | 7
			if got := math.Float64bits(f.f64(math.Float64frombits(wide))); got != wide {
				t.Errorf("%s64(NaN %#x) = %#x", f.name, wide, got)
			}
		}
	}
	for _, y := range []float64{sin(math.Inf(1)), cos(math.Inf(-1)), log1p(-2), log2(-1), pow(-1, 0.5)} {
		if got := math.Float64bits(y); got != 0x7FF8000000000000 {
			t.Errorf("a NaN is %#x", got)
		}
	}
	if got := math.Float32bits(Log32(-1)); got != 0x7FC00000 {
		t.Errorf("Log32(-1) = %#x", got)
	}
	if got := math.Float64bits(Log64(-1)); got != 0x7FF8000000000000 {
		t.Errorf("Log64(-1) = %#x", got)
	}
}

// Every processor and every kernel path must give these bits. They change only
// with the definition of a function, which changes every training run.
func TestElementaryBitsAreFixed(t *testing.T) {
	for _, f := range elementary {
		sum := uint32(0)
		var buffer [12]byte
		for i := range uint64(1 << 18) {
			x32 := math.Float32frombits(uint32(i * 32771))
			x64 := math.Float64frombits(i * (1<<47 + 12345))
			if i >= 1<<17 { // where the functions do most: ±2^-10 to ±2^7
				exponent, fraction := (i-1<<17)*17>>17, i*0x9E3779B97F4A7C15
				x32 = math.Float32frombits(uint32(i&1<<31 | (117+exponent)<<23 | fraction>>41))
				x64 = math.Float64frombits(i&1<<63 | (1013+exponent)<<52 | fraction>>12)
			}
			binary.LittleEndian.PutUint32(buffer[:4], math.Float32bits(f.f32(x32)))
			binary.LittleEndian.PutUint64(buffer[4:], math.Float64bits(f.f64(x64)))
			sum = crc32.Update(sum, crc32.IEEETable, buffer[:])
		}
		if sum != f.checksum {
			t.Errorf("%s: checksum %#08x, want %#08x", f.name, sum, f.checksum)
		}
	}
}

func BenchmarkElementary(b *testing.B) {
	x32, x64 := make([]float32, 1024), make([]float64, 1024)
	for i := range x32 {
		x64[i] = 0.01 * float64(1+i*397%1024)
		x32[i] = float32(x64[i])
	}
	for _, f := range elementary {
		b.Run(f.name+"32", func(b *testing.B) {
			var sum float32
			for i := range b.N {
				sum += f.f32(x32[i%len(x32)])
			}
			_ = sum
		})
		b.Run(f.name+"64", func(b *testing.B) {
			var sum float64
			for i := range b.N {
				sum += f.f64(x64[i%len(x64)])
			}
			_ = sum
		})
	}
}
