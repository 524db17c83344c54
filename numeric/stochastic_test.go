package numeric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The number that decides is the fraction of the gap in units of 2^-32, rounded
// down: below it the value is rounded up, from there on down.
func TestStochasticThreshold(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		random := rand.New(rand.NewPCG(3, 4))
		step := max(1, int(f.top)/2000)
		for c := 0; c <= int(f.top); c += step {
			for range 8 {
				checkThreshold(t, f, uint16(c), f.between(uint16(c), random.Float64()))
			}
		}
		for range 2000 { // below the first subnormal, and most of them far below
			x := f.smallest * float32(math.Ldexp(random.Float64(), -random.IntN(40)))
			checkThreshold(t, f, 0, x)
		}
		checkThreshold(t, f, f.top, f.between(f.top, 0.5))
	})
}

// between returns the float32 at a fraction of the gap above a code.
func (f format) between(code uint16, fraction float64) float32 {
	return float32(min(f.value(code)+fraction*(f.next(code)-f.value(code)), math.MaxFloat32))
}

func checkThreshold(t *testing.T, f format, below uint16, x float32) {
	t.Helper()
	if float64(x) >= f.next(below) {
		return // rounded to the next value when it was made
	}
	fraction := (float64(x) - f.value(below)) / (f.next(below) - f.value(below)) // exact
	threshold := uint64(fraction * (1 << 32))
	for _, o := range []Overflow{Saturate, ToInf} {
		if threshold > 0 {
			checkStochastic(t, f, x, uint32(threshold-1), o, f.rounded(below+1, o))
			checkStochastic(t, f, x, 0, o, f.rounded(below+1, o))
		}
		checkStochastic(t, f, x, uint32(threshold), o, below)
		checkStochastic(t, f, x, math.MaxUint32, o, below)
	}
}

func checkStochastic(t *testing.T, f format, x float32, random uint32, o Overflow, want uint16) {
	t.Helper()
	if got := f.of.EncodeStochastic(x, random, o); got != want {
		t.Fatalf("%v with %#08x becomes %#04x, want %#04x", x, random, got, want)
	}
	if got := f.of.EncodeStochastic(-x, random, o); got != want|f.sign() {
		t.Fatalf("%v with %#08x becomes %#04x, want %#04x", -x, random, got, want|f.sign())
	}
}

func TestStochasticLeavesValuesAlone(t *testing.T) {
	forEachFormat(t, func(t *testing.T, f format) {
		for code := uint16(0); code <= f.top; code++ {
			x := float32(f.value(code))
			checkStochastic(t, f, x, 0, Saturate, code)
			checkStochastic(t, f, x, math.MaxUint32, ToInf, code)
		}
		for _, random := range []uint32{0, math.MaxUint32} {
			checkStochastic(t, f, float32(math.Inf(1)), random, Saturate, f.top)
			checkStochastic(t, f, float32(math.Inf(1)), random, ToInf, f.rounded(f.top+1, ToInf))
			checkStochastic(t, f, float32(2*f.value(f.top)), random, ToInf, f.rounded(f.top+1, ToInf))
		}
	})
}

// The mean of what a value becomes is the value, within four standard errors.
func TestStochasticIsUnbiased(t *testing.T) {
	const points, draws = 64, 10000
	forEachFormat(t, func(t *testing.T, f format) {
		random := rand.New(rand.NewPCG(5, 6))
		for point := range points {
			below := uint16(0) // a quarter of the points lie below the first subnormal
			if point >= points/4 {
				below = uint16(random.IntN(int(f.top)))
			}
			x := f.between(below, random.Float64())
			gap := f.next(below) - f.value(below)
			p := (float64(x) - f.value(below)) / gap
			sum := 0.0 // of the errors, in gaps
			for range draws {
				got := f.of.Decode(f.of.EncodeStochastic(x, random.Uint32(), Saturate))
				sum += (float64(got) - float64(x)) / gap
			}
			if bound := 4 * math.Sqrt(p*(1-p)/draws); math.Abs(sum/draws) > bound {
				t.Errorf("%v, %.3f of the gap above %#04x: mean error of %.4f gaps, bound %.4f", x, p, below, sum/draws, bound)
			}
		}
	})
}

// Stochastic rounding keeps the mean of the largest value of a block too: it does not saturate.
func TestTheLargestOfABlockIsUnbiased(t *testing.T) {
	for _, b := range []*Blocks{MXFP8E4M3, MXFP8E5M2, MXFP6E3M2, MXFP6E2M3, MXFP4} {
		random := rand.New(rand.NewPCG(3, 4))
		packed, decoded, words := make([]byte, b.Bytes()), make([]float32, 1), make([]uint32, 1)
		for i := range 64 {
			const n = 4000
			largest := 1 + float32(i)/64
			sum, squares := 0.0, 0.0
			for range n {
				words[0] = random.Uint32()
				b.Decode(decoded, packed, b.EncodeStochastic(packed, []float32{largest}, 1, words), 1)
				off := float64(decoded[0] - largest)
				sum, squares = sum+off, squares+float64(off*off)
			}
			if deviation := math.Sqrt(squares / n / n); math.Abs(sum/n) > 4*deviation {
				t.Errorf("%s: %v becomes %v on average, %.1f standard errors off", b.Name, largest, float64(largest)+sum/n, sum/n/deviation)
			}
		}
	}
}
