package numeric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// format describes a 16-bit format by its layout alone, so that one set of
// tests, written from the definition, covers every such format.
type format struct {
	name         string
	mantissa     int // bits
	bias         int
	encode       func(float32) uint16
	decode       func(uint16) float32
	quietsDecode bool // decoding makes a signalling NaN quiet
}

var formats = []format{
	{"float16", 10, 15,
		func(f float32) uint16 { return uint16(ToFloat16(f)) },
		func(c uint16) float32 { return Float16(c).Float32() }, true},
	{"bfloat16", 7, 127,
		func(f float32) uint16 { return uint16(ToBFloat16(f)) },
		func(c uint16) float32 { return BFloat16(c).Float32() }, false},
}

const signBit = 0x8000

// inf is the code of +Inf; all larger codes without sign are NaNs.
func (f format) inf() uint16 { return uint16(0x7FFF) >> f.mantissa << f.mantissa }

// value is the definition of a finite code: (-1)^s 2^(e-bias) 1.m, or 0.m at
// the lowest exponent. At inf's code it gives the value that an exponent range
// without end would have there, which is what overflow is rounded against.
func (f format) value(code uint16) float64 {
	exponent := int(code&^signBit) >> f.mantissa
	mantissa := int(code) & (1<<f.mantissa - 1)
	if exponent == 0 {
		exponent = 1
	} else {
		mantissa += 1 << f.mantissa
	}
	v := math.Ldexp(float64(mantissa), exponent-f.bias-f.mantissa)
	if code&signBit != 0 {
		v = math.Copysign(v, -1)
	}
	return v
}

func forEachFormat(t *testing.T, test func(t *testing.T, f format)) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func TestEveryCodeDecodesAndEncodesBack(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for c := range 1 << 16 {
			code := uint16(c)
			got := f.decode(code)
			if code&^signBit > f.inf() {
				checkNaN(t, f, code, got)
				continue
			}
			want := float32(f.value(code))
			if code&^signBit == f.inf() {
				want = float32(math.Inf(1 - 2*int(code>>15)))
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%#04x decodes to %v, want %v", code, got, want)
			}
			if back := f.encode(got); back != code {
				t.Fatalf("%#04x encodes back as %#04x", code, back)
			}
		}
	})
}

func checkNaN(t *testing.T, f format, code uint16, got float32) {
	t.Helper()
	quiet := code | 1<<(f.mantissa-1)
	wantBits := uint32(code)
	if f.quietsDecode {
		wantBits = uint32(quiet)
	}
	mask := uint32(1)<<f.mantissa - 1
	gotBits := math.Float32bits(got)
	if got == got || gotBits>>31 != uint32(code>>15) || gotBits&(1<<23-1) != wantBits&mask<<(23-f.mantissa) {
		t.Fatalf("NaN %#04x decodes to %#08x", code, gotBits)
	}
	if back := f.encode(got); back != quiet {
		t.Fatalf("NaN %#04x encodes back as %#04x, want %#04x", code, back, quiet)
	}
}

// Rounding is monotone between the points tested here, so these are all the
// places where it can go wrong: each midpoint and the float32 on either side.
func TestEveryMidpointRoundsToEven(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for code := uint16(0); code < f.inf(); code++ {
			middle := float32((f.value(code) + f.value(code+1)) / 2)
			if float64(middle) != (f.value(code)+f.value(code+1))/2 {
				t.Fatalf("the midpoint above %#04x is no float32", code)
			}
			even := code + code&1
			checkRounds(t, f, math.Nextafter32(middle, 0), code)
			checkRounds(t, f, middle, even)
			checkRounds(t, f, math.Nextafter32(middle, math.MaxFloat32), code+1)
		}
	})
}

func checkRounds(t *testing.T, f format, x float32, want uint16) {
	t.Helper()
	if got := f.encode(x); got != want {
		t.Fatalf("%v rounds to %#04x, want %#04x", x, got, want)
	}
	if got := f.encode(-x); got != want|signBit {
		t.Fatalf("%v rounds to %#04x, want %#04x", -x, got, want|signBit)
	}
}

// The nearest multiple of the unit in the last place, by exact float64 steps.
func TestRandomValuesRoundToNearest(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		random := rand.New(rand.NewPCG(1, 2))
		largest := f.value(f.inf() - 1)
		for range 300000 {
			x := math.Float32frombits(random.Uint32())
			if x != x {
				continue
			}
			exponent := max(math.Ilogb(float64(x)), 1-f.bias)
			unit := math.Ldexp(1, exponent-f.mantissa)
			want := float32(math.RoundToEven(float64(x)/unit) * unit)
			if math.Abs(float64(want)) > largest {
				want = float32(math.Copysign(math.Inf(1), float64(x)))
			}
			if got := f.decode(f.encode(x)); math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%v rounds to %v, want %v", x, got, want)
			}
		}
	})
}

func TestOverflowAndInfinity(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for _, x := range []float32{float32(math.Inf(1)), math.MaxFloat32} {
			checkRounds(t, f, x, f.inf())
		}
		checkRounds(t, f, float32(f.value(f.inf()-1)), f.inf()-1)
		checkRounds(t, f, math.SmallestNonzeroFloat32, 0)
		checkRounds(t, f, 0, 0)
	})
	if got := ToFloat16(65520); got != 0x7C00 {
		t.Errorf("65520 is float16 %#04x, want 0x7c00", got)
	}
	if got := ToFloat16(math.Nextafter32(65520, 0)); got.Float32() != 65504 {
		t.Errorf("just below 65520 is float16 %v, want 65504", got.Float32())
	}
}

// A payload that lies only in the dropped bits must not turn into infinity.
func TestNaNStaysNaN(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for shift := range 23 {
			for _, sign := range []uint32{0, 1 << 31} {
				nan := math.Float32frombits(sign | float32Inf | 1<<shift)
				code := f.encode(nan)
				if code&^signBit <= f.inf() || code>>15 != uint16(sign>>31) {
					t.Errorf("NaN %#08x encodes as %#04x", math.Float32bits(nan), code)
				}
				if back := f.decode(code); back == back {
					t.Errorf("NaN %#08x comes back as %v", math.Float32bits(nan), back)
				}
			}
		}
	})
}

func BenchmarkToFloat16(b *testing.B) {
	var sum Float16
	for i := range b.N {
		sum += ToFloat16(float32(i))
	}
	_ = sum
}

func BenchmarkFromFloat16(b *testing.B) {
	var sum float32
	for i := range b.N {
		sum += Float16(i & 0x7BFF).Float32()
	}
	_ = sum
}
