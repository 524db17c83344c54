package kernel

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// drawPower returns a number and an exponent whose power is finite, and mostly not 0.
func drawPower(r *rand.Rand) (x, y float64) {
	x = positive(r)
	y = spread(r, 720, -760) / max(math.Abs(math.Log(x)), 1e-300)
	if r.IntN(8) == 0 {
		y = math.Round(y)
	}
	return x, y
}

func bigPow(x, y float64) *big.Float {
	l := bigLog(x)
	return bigExpOf(l.Mul(l, newBig(y)))
}

func TestPowKeepsItsBound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var worst, worst32 float64
	for range *samples {
		x, y := drawPower(r)
		got, want := pow(x, y), bigPow(x, y)
		if v, _ := want.Float64(); math.IsInf(got, 0) || math.IsInf(v, 0) {
			if got != v {
				t.Fatalf("pow(%v, %v) = %v, want %v", x, y, got, v)
			}
			continue
		}
		e := ulps64(got, want)
		if worst = max(worst, e); e > 0.9 {
			t.Fatalf("pow(%v, %v) = %v is off by %v ulp", x, y, got, e)
		}
		x32, y32 := float32(0.01+10*r.Float64()), float32(20*r.Float64()-10)
		var dst [1]float32
		Pow(dst[:], []float32{x32}, []float32{y32})
		near, _ := bigPow(float64(x32), float64(y32)).Float64()
		e = math.Abs(float64(dst[0])-near) / unit(near, -126, 23)
		if worst32 = max(worst32, e); e > 0.51 {
			t.Fatalf("pow(%v, %v) = %v is off by %v ulp in float32", x32, y32, dst[0], e)
		}
	}
	t.Logf("largest errors %.4f ulp, in float32 %.4f ulp", worst, worst32)
}

// The special cases of C99's annex F, which package math has too.
func TestPowSpecialValues(t *testing.T) {
	inf, nan, zero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	values := []float64{0, zero, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, inf, -inf, nan, 1e300, -1e300, 1e-300, -1e-300,
		math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1<<53 + 2, 1<<53 - 1, -(1<<53 - 1), 1025, 1074}
	for _, x := range values {
		for _, y := range values {
			if got, want := pow(x, y), math.Pow(x, y); got != want && math.Abs(got-want) > 1e-14*math.Abs(want) || !sameKind(got, want) {
				t.Errorf("pow(%v, %v) = %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestPowBitsAreFixed(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	sum := uint32(0)
	var buffer [8]byte
	for range 1 << 16 {
		x := math.Ldexp(1+float64(r.Uint64N(1<<52))/(1<<52), r.IntN(20)-10) // exact
		y := float64(r.IntN(1<<24)-1<<23) / (1 << 17)
		binary.LittleEndian.PutUint64(buffer[:], math.Float64bits(pow(x, y)))
		sum = crc32.Update(sum, crc32.IEEETable, buffer[:])
	}
	if sum != 0xabebb32f {
		t.Errorf("checksum %#08x, want 0xabebb32f", sum)
	}
}

func TestPowScalar(t *testing.T) {
	x := []float64{0.5, 2, -3, 0, math.Inf(-1), 7}
	got, want := make([]float64, len(x)), make([]float64, len(x))
	for _, c := range []float64{-1, 0, 0.5, 1, 2, 3} {
		PowScalar(got, x, c)
		for i, v := range x {
			want[i] = pow(v, c)
		}
		wantSame(t, "PowScalar", got, want)
	}
}
