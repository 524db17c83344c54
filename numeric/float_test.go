package numeric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// format states a format anew, from its specification and without the package's
// help, so that one set of tests covers every format.
type format struct {
	name           string
	bits           int
	mantissa, bias int
	top, inf, nan  uint16 // the largest finite code, Inf's, one of a NaN; 0 where there is none
	largest        float32
	smallest       float32
	minNormal      float32
	maxExponent    int
	of             *Float
}

var formats = []format{
	{"F16", 16, 10, 15, 0x7BFF, 0x7C00, 0x7E00, 65504, 0x1p-24, 0x1p-14, 15, F16},
	{"BF16", 16, 7, 127, 0x7F7F, 0x7F80, 0x7FC0, 0x1.FEp127, 0x1p-133, 0x1p-126, 127, BF16},
	{"F8_E4M3", 8, 3, 7, 0x7E, 0, 0x7F, 448, 0x1p-9, 0x1p-6, 8, E4M3},
	{"F8_E5M2", 8, 2, 15, 0x7B, 0x7C, 0x7E, 57344, 0x1p-16, 0x1p-14, 15, E5M2},
	{"F6_E3M2", 6, 2, 3, 0x1F, 0, 0, 28, 0x1p-4, 0x1p-2, 4, E3M2},
	{"F6_E2M3", 6, 3, 1, 0x1F, 0, 0, 7.5, 0x1p-3, 1, 2, E2M3},
	{"F4", 4, 1, 1, 0x7, 0, 0, 6, 0.5, 1, 2, E2M1},
}

func (f format) sign() uint16 { return 1 << (f.bits - 1) }

// value is the definition of a finite code: (-1)^s 2^(e-bias) 1.m, or 0.m at the
// lowest exponent. Past the largest it goes on as if the exponents did, which is
// what overflow is rounded against.
func (f format) value(code uint16) float64 {
	abs := code &^ f.sign()
	exponent := int(abs) >> f.mantissa
	mantissa := int(abs) & (1<<f.mantissa - 1)
	if exponent == 0 {
		exponent = 1
	} else {
		mantissa += 1 << f.mantissa
	}
	v := math.Ldexp(float64(mantissa), exponent-f.bias-f.mantissa)
	if code&f.sign() != 0 {
		v = math.Copysign(v, -1)
	}
	return v
}

// next is the value after that of a code without sign.
func (f format) next(code uint16) float64 {
	if code+1 < f.sign() {
		return f.value(code + 1)
	}
	return math.Ldexp(1, f.maxExponent+1)
}

// rounded is what a magnitude becomes that rounds to a code or past the largest.
func (f format) rounded(code uint16, o Overflow) uint16 {
	switch {
	case code <= f.top:
		return code
	case o == Saturate || f.nan == 0:
		return f.top
	case f.inf != 0:
		return f.inf
	default:
		return f.nan
	}
}

func forEachFormat(t *testing.T, test func(t *testing.T, f format)) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func TestFormatsAreAsSpecified(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		if f.of.Name != f.name || f.of.Bits() != f.bits || f.of.MaxExponent() != f.maxExponent {
			t.Errorf("%s has %d bits and the largest exponent %d", f.of.Name, f.of.Bits(), f.of.MaxExponent())
		}
		if f.of.Max() != f.largest || f.of.Smallest() != f.smallest || f.of.MinNormal() != f.minNormal {
			t.Errorf("largest %v, smallest %v, smallest normal %v", f.of.Max(), f.of.Smallest(), f.of.MinNormal())
		}
	})
}

func TestValuesOfE2M1(t *testing.T) {
	for code, want := range []float32{0, 0.5, 1, 1.5, 2, 3, 4, 6} {
		for sign, want := range []float32{want, float32(math.Copysign(float64(want), -1))} {
			code := uint16(code + 8*sign)
			if got := E2M1.Decode(code); math.Float32bits(got) != math.Float32bits(want) {
				t.Errorf("%#x is %v, want %v", code, got, want)
			}
			if got := E2M1.Encode(want, Saturate); got != code {
				t.Errorf("%v is %#x, want %#x", want, got, code)
			}
		}
	}
}

func TestEveryCodeDecodesAndEncodesBack(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for c := range 1 << f.bits {
			code := uint16(c)
			got := f.of.Decode(code)
			abs := code &^ f.sign()
			if abs > f.top && abs != f.inf {
				checkNaN(t, f, code, got)
				continue
			}
			want := float32(f.value(code))
			if abs > f.top {
				want = float32(math.Inf(1 - 2*int(code>>(f.bits-1))))
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%#04x decodes to %v, want %v", code, got, want)
			}
			if back := f.of.Encode(got, ToInf); back != code {
				t.Fatalf("%#04x encodes back as %#04x", code, back)
			}
			if back := f.of.Encode(got, Saturate); back != code && abs <= f.top {
				t.Fatalf("%#04x encodes back as %#04x, saturated", code, back)
			}
		}
	})
}

// A NaN keeps its sign and payload and becomes quiet.
func checkNaN(t *testing.T, f format, code uint16, got float32) {
	t.Helper()
	quiet := code | f.nan
	payload := uint32(quiet) & (1<<f.mantissa - 1) << (23 - f.mantissa)
	bits := math.Float32bits(got)
	if got == got || bits>>31 != uint32(code>>(f.bits-1)) || bits&(1<<23-1) != payload|1<<22 {
		t.Fatalf("NaN %#04x decodes to %#08x", code, bits)
	}
	for _, o := range []Overflow{Saturate, ToInf} {
		if back := f.of.Encode(got, o); back != quiet {
			t.Fatalf("NaN %#04x encodes back as %#04x, want %#04x", code, back, quiet)
		}
	}
}

func TestDecodeIgnoresBitsAboveTheCode(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		if f.bits < 16 && f.of.Decode(0xFFFF<<f.bits|f.top) != f.largest {
			t.Errorf("%v, want %v", f.of.Decode(0xFFFF<<f.bits|f.top), f.largest)
		}
	})
}

// Rounding is monotone between the points tested here, so these are all the
// places where it can go wrong: each midpoint and the float32 on either side, up to
// that of the largest value and what would be the next.
func TestEveryMidpointRoundsToEven(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for code := uint16(0); code <= f.top; code++ {
			middle := float32((f.value(code) + f.next(code)) / 2)
			if float64(middle) != (f.value(code)+f.next(code))/2 {
				t.Fatalf("the midpoint above %#04x is no float32", code)
			}
			even := code + code&1
			checkRounds(t, f, math.Nextafter32(middle, 0), code)
			checkRounds(t, f, middle, even)
			checkRounds(t, f, math.Nextafter32(middle, math.MaxFloat32), code+1)
		}
	})
}

func checkRounds(t *testing.T, f format, x float32, code uint16) {
	t.Helper()
	for _, o := range []Overflow{Saturate, ToInf} {
		want := f.rounded(code, o)
		if got := f.of.Encode(x, o); got != want {
			t.Fatalf("%v rounds to %#04x, want %#04x", x, got, want)
		}
		if got := f.of.Encode(-x, o); got != want|f.sign() {
			t.Fatalf("%v rounds to %#04x, want %#04x", -x, got, want|f.sign())
		}
	}
}

func TestOverflowAndInfinity(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for _, x := range []float32{float32(math.Inf(1)), math.MaxFloat32, float32(2 * f.value(f.top))} {
			checkRounds(t, f, x, f.top+1)
		}
		checkRounds(t, f, f.largest, f.top)
		checkRounds(t, f, math.SmallestNonzeroFloat32, 0)
		checkRounds(t, f, 0, 0)
	})
}

// What overflows, by the figures of the specifications.
func TestWhereOverflowBegins(t *testing.T) {
	for _, c := range []struct {
		of   *Float
		x    float32
		want float32
	}{
		{F16, math.Nextafter32(65520, 0), 65504},
		{F16, 65520, float32(math.Inf(1))},
		{E5M2, math.Nextafter32(61440, 0), 57344},
		{E5M2, 61440, float32(math.Inf(1))},
		{E4M3, 464, 448}, // a tie, and 448 is the even one
		{E4M3, math.Nextafter32(464, 500), float32(math.NaN())},
		{E3M2, 1e9, 28},
		{E2M3, 1e9, 7.5},
		{E2M1, 1e9, 6},
	} {
		if got := c.of.Decode(c.of.Encode(c.x, ToInf)); got != c.want && (got == got || c.want == c.want) {
			t.Errorf("%s: %v becomes %v, want %v", c.of.Name, c.x, got, c.want)
		}
	}
}

// The nearest multiple of the unit in the last place, by exact float64 steps.
func TestRandomValuesRoundToNearest(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		random := rand.New(rand.NewPCG(1, 2))
		for range 100000 {
			x := f.randomAround(random)
			exponent := max(math.Ilogb(float64(x)), 1-f.bias)
			unit := math.Ldexp(1, exponent-f.mantissa)
			want := math.RoundToEven(float64(x)/unit) * unit
			if math.Abs(want) > float64(f.largest) {
				want = math.Copysign(float64(f.largest), want)
			}
			if got := f.of.Decode(f.of.Encode(x, Saturate)); math.Float32bits(got) != math.Float32bits(float32(want)) {
				t.Fatalf("%v rounds to %v, want %v", x, got, want)
			}
		}
	})
}

// randomAround draws from the format's exponents and a few beyond.
func (f format) randomAround(random *rand.Rand) float32 {
	lowest, highest := 1-f.bias-f.mantissa-4, f.maxExponent+2
	x := math.Ldexp(1+random.Float64(), lowest+random.IntN(highest-lowest+1))
	return float32(math.Copysign(min(x, math.MaxFloat32), random.Float64()-0.5))
}

// A payload that lies only in the dropped bits must not turn into infinity.
func TestNaNStaysNaN(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for shift := range 23 {
			for _, sign := range []uint32{0, 1 << 31} {
				nan := math.Float32frombits(sign | 0x7F800000 | 1<<shift)
				for _, o := range []Overflow{Saturate, ToInf} {
					checkEncodedNaN(t, f, nan, f.of.Encode(nan, o))
					checkEncodedNaN(t, f, nan, f.of.EncodeStochastic(nan, math.MaxUint32, o))
				}
			}
		}
	})
}

func checkEncodedNaN(t *testing.T, f format, nan float32, code uint16) {
	t.Helper()
	if f.nan == 0 {
		if code != f.top {
			t.Errorf("NaN becomes %#04x, want the largest value", code)
		}
		return
	}
	abs := code &^ f.sign()
	if abs <= f.top || abs == f.inf || code>>(f.bits-1) != uint16(math.Float32bits(nan)>>31) {
		t.Errorf("NaN %#08x encodes as %#04x", math.Float32bits(nan), code)
	}
	if back := f.of.Decode(code); back == back {
		t.Errorf("NaN %#08x comes back as %v", math.Float32bits(nan), back)
	}
}

// The types of 16 bits have code of their own, which must give the same bits.
func TestFloat16AndBFloat16AreTheirFormats(t *testing.T) {
	same := func(x float32) {
		if got, want := uint16(ToFloat16(x)), F16.Encode(x, ToInf); got != want {
			t.Fatalf("%v is float16 %#04x, want %#04x", x, got, want)
		}
		if got, want := uint16(ToBFloat16(x)), BF16.Encode(x, ToInf); got != want {
			t.Fatalf("%v is bfloat16 %#04x, want %#04x", x, got, want)
		}
	}
	for c := range 1 << 16 {
		code := uint16(c)
		sameFloat32(t, code, Float16(code).Float32(), F16.Decode(code))
		b := BFloat16(code).Float32()
		if b != b { // a signalling NaN stays one
			b = math.Float32frombits(math.Float32bits(b) | 1<<22)
		}
		sameFloat32(t, code, b, BF16.Decode(code))
		for _, halves := range []float32{F16.Decode(code), BF16.Decode(code)} {
			for _, x := range neighbours(halves) {
				same(x)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000000 {
		same(math.Float32frombits(random.Uint32()))
	}
}

// neighbours returns x, the midpoints above it in both formats of 16 bits, and the
// float32 next to each.
func neighbours(x float32) (all []float32) {
	bits := math.Float32bits(x)
	for _, b := range []uint32{bits, bits + 1<<12, bits + 1<<15} {
		all = append(all, math.Float32frombits(b-1), math.Float32frombits(b), math.Float32frombits(b+1))
	}
	return all
}

func sameFloat32(t *testing.T, code uint16, got, want float32) {
	t.Helper()
	if math.Float32bits(got) != math.Float32bits(want) {
		t.Fatalf("%#04x is %v, want %v", code, got, want)
	}
}

func TestE8M0(t *testing.T) {
	for code := range 255 {
		want := math.Ldexp(1, code-127)
		if got := E8M0(code).Float32(); float64(got) != want {
			t.Errorf("%d is %v, want %v", code, got, want)
		}
		if got := ToE8M0(code - 127); int(got) != code {
			t.Errorf("2^%d is %d, want %d", code-127, got, code)
		}
	}
	if got := E8M0(255).Float32(); got == got || E8M0NaN != 255 {
		t.Errorf("255 is %v, want NaN", got)
	}
	if ToE8M0(128) != 254 || ToE8M0(-128) != 0 || ToE8M0(1000) != 254 || ToE8M0(-1000) != 0 {
		t.Error("exponents that are out of range do not become the closest")
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, f := range formats {
		b.Run(f.name, func(b *testing.B) {
			for i := range b.N {
				sink16 += f.of.Encode(float32(i&1023)*0.01, Saturate)
			}
		})
	}
	b.Run("Float16", func(b *testing.B) {
		for i := range b.N {
			sink16 += uint16(ToFloat16(float32(i)))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, f := range formats {
		b.Run(f.name, func(b *testing.B) {
			for i := range b.N {
				sink32 += f.of.Decode(uint16(i))
			}
		})
	}
	b.Run("Float16", func(b *testing.B) {
		for i := range b.N {
			sink32 += Float16(i).Float32()
		}
	})
}

// Results that the compiler must not do without.
var (
	sink16 uint16
	sink32 float32
)
