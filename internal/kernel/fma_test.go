package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA is x*y + z by big.Float, which rounds once; finite operands only.
func exactFMA(x, y, z float32) float32 {
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(v)) }
	sum := new(big.Float).SetPrec(600).Mul(wide(x), wide(y))
	sum.Add(sum, wide(z))
	if sum.Sign() == 0 { // big.Float has no rule for the sign of an exact zero sum
		return x*y + z
	}
	f, _ := sum.Float32()
	return f
}

func checkFMA(t *testing.T, x, y, z float32) {
	t.Helper()
	got, want := FMA32(x, y, z), exactFMA(x, y, z)
	if math.Float32bits(got) != math.Float32bits(want) {
		t.Fatalf("FMA32(%x, %x, %x) = %x, want %x", x, y, z, got, want)
	}
}

func TestFMA32RandomBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	finite := func() float32 {
		for {
			if f := math.Float32frombits(r.Uint32()); f-f == 0 {
				return f
			}
		}
	}
	for range 50_000 {
		checkFMA(t, finite(), finite(), finite())
	}
}

// The addend's exponent is drawn near the product's, and few bits are set, so
// that sums fall on and next to midpoints, into subnormals, and past the
// largest value.
func TestFMA32NearMidpoints(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	sparse := func(exp int) float32 {
		mantissa := 1<<23 | 1<<r.IntN(24) | 1<<r.IntN(24)
		if r.IntN(2) == 0 {
			mantissa = 1<<24 - 1<<r.IntN(12)
		}
		f := math.Ldexp(float64(mantissa), exp-23)
		if r.IntN(2) == 0 {
			f = -f
		}
		return float32(f)
	}
	for range 300_000 {
		ex := r.IntN(60) - 30
		ey := r.IntN(60) - 30
		switch r.IntN(4) {
		case 0: // the product is around the subnormal range
			ey = -149 + r.IntN(30) - ex
		case 1: // or around the largest value
			ey = 127 - r.IntN(3) - ex
		}
		ez := min(ex+ey+r.IntN(80)-40, 127)
		checkFMA(t, sparse(ex), sparse(min(ey, 127)), sparse(ez))
	}
}

// Ties between two neighbouring float32, exact or broken by a product whose tail
// lies far below the float64's last bit, in every binade.
func TestFMA32BrokenTies(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	factors := [][2]float32{
		{1, 1},
		{1 + 0x1p-23, 1 - 0x1p-23},           // product 1 - 2^-46
		{1 + 0x1p-12, 1 - 0x1p-12 + 0x1p-24}, // product 1 + 2^-36
	}
	for range 20_000 {
		z := math.Float32frombits(r.Uint32N(0x7f80_0000))
		exponent := ulpExponent(z) - 1 // of half the distance to the next
		for _, f := range factors {
			x := float32(math.Ldexp(float64(f[0]), exponent/2))
			y := float32(math.Ldexp(float64(f[1]), exponent-exponent/2))
			checkFMA(t, x, y, z)
			checkFMA(t, -x, y, z)
			checkFMA(t, x, y, -z)
		}
	}
}

// ulpExponent returns the exponent of the distance from z to the next float32.
func ulpExponent(z float32) int {
	return max(math.Ilogb(float64(z)), -126) - 23
}

// Sums one float64 beside a subnormal midpoint, whose error points at it.
func TestFMA32BesideTies(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		z := math.Float32frombits(1<<22 | r.Uint32N(1<<22)) // its float64 has a last bit of 2^-179
		x := 1 + r.Float32()
		for _, beside := range []float64{1 + 0x1p-29, 1 - 0x1p-29} {
			y := float32(beside / float64(x))
			checkFMA(t, x*0x1p-75, y*0x1p-75, z)
		}
	}
}

func TestFMA32Specials(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negZero := float32(math.Copysign(0, -1))
	values := []float32{0, negZero, 1, -1, math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, inf, -inf, nan}
	for _, x := range values {
		for _, y := range values {
			for _, z := range values {
				got := FMA32(x, y, z)
				want := float32(math.FMA(float64(x), float64(y), float64(z)))
				if x-x == 0 && y-y == 0 && z-z == 0 && got != 0 {
					want = exactFMA(x, y, z)
				}
				if got != got && want != want {
					continue
				}
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Errorf("FMA32(%v, %v, %v) = %v, want %v", x, y, z, got, want)
				}
			}
		}
	}
}

func BenchmarkFMA32(b *testing.B) {
	x, y, z := float32(1.000001), float32(0.999999), float32(0)
	for b.Loop() {
		z = FMA32(x, y, z)
	}
}
