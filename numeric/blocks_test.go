package numeric

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

func forEachBlocks(t *testing.T, test func(t *testing.T, b *slowBlocks)) {
	for _, b := range blockFormats {
		t.Run(b.name, func(t *testing.T) { test(t, b) })
	}
}

func TestBlocksAreAsSpecified(t *testing.T) {
	forEachBlocks(t, func(t *testing.T, b *slowBlocks) {
		if b.of.Name != b.name || b.of.Size != b.size || b.of.Bytes() != b.size*b.bits/8 || b.of.BitsPerValue() != b.bitsPer {
			t.Errorf("%s: %d values in %d bytes, %v bits each", b.of.Name, b.of.Size, b.of.Bytes(), b.of.BitsPerValue())
		}
		if float64(b.of.Element.Max()) != b.largest {
			t.Errorf("largest element %v, want %v", b.of.Element.Max(), b.largest)
		}
	})
}

// checkBlock compares a block with what it should become.
func checkBlock(t *testing.T, b *slowBlocks, values []float32, tensor float32, random []uint32) {
	t.Helper()
	packed := bytes.Repeat([]byte{0xA5}, b.of.Bytes())
	var scale byte
	if random == nil {
		scale = b.of.Encode(packed, values, tensor)
	} else {
		scale = b.of.EncodeStochastic(packed, values, tensor, random)
	}
	want := b.encode(values, tensor, random)
	if scale != want.scale || !bytes.Equal(packed, want.packed) {
		t.Fatalf("%v, tensor scale %v:\nbecomes %#02x %x\nwant    %#02x %x", values, tensor, scale, packed, want.scale, want.packed)
	}
	decoded := make([]float32, len(values))
	b.of.Decode(decoded, packed, scale, tensor)
	for i, got := range decoded {
		w := want.decoded[i]
		if math.Float32bits(got) != math.Float32bits(w) && (got == got || w == w) {
			t.Fatalf("%v of %v comes back as %v, want %v", values[i], values, got, w)
		}
	}
}

// tensorScale is that of a tensor which is one block.
func (b *slowBlocks) tensorScale(values []float32) float32 {
	largest := float32(0)
	for _, v := range values {
		if a := float32(math.Abs(float64(v))); a > largest && a <= math.MaxFloat32 {
			largest = a
		}
	}
	return b.of.TensorScale(largest)
}

func specialBlocks(size int) map[string][]float32 {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negativeZero := float32(math.Copysign(0, -1))
	block := func(fill float32, first ...float32) []float32 {
		values := make([]float32, size)
		for i := range values {
			values[i] = fill
		}
		copy(values, first)
		return values
	}
	return map[string][]float32{
		"empty":                     {},
		"one value":                 {-3},
		"one value short":           block(1.3, 7)[1:],
		"all zero":                  block(0),
		"all negative zero":         block(negativeZero),
		"negative zero among":       block(1, negativeZero, -1e-30),
		"one huge value":            block(1e-3, math.MaxFloat32),
		"one huge negative value":   block(0, -math.MaxFloat32),
		"all huge":                  block(math.MaxFloat32),
		"only subnormals":           block(0x1p-140, 0x1p-149, -0x1.8p-148, 0x1.FFFp-127),
		"only the smallest":         block(math.SmallestNonzeroFloat32),
		"smallest normal":           block(0x1p-126, -0x1p-127),
		"Inf":                       block(1, 2, inf),
		"-Inf last":                 append(block(1)[1:], -inf),
		"NaN":                       block(1, nan),
		"NaN of negative sign":      block(1, float32(math.Copysign(math.NaN(), -1))),
		"NaN and Inf":               block(0, inf, nan),
		"ties":                      block(0, 4, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, -0.25, -0.75, -1.25, -1.75, -2.5, -3.5, 1.125),
		"a largest that would clip": block(0, 7.99, 7.5, 6.5, 5, 4.99),
		"just below a power of two": block(0.1, math.Nextafter32(8, 0)),
		"wide":                      block(1, 1e30, 1e-30, -1e20, -1e-20, 1e10),
	}
}

func TestSpecialBlocks(t *testing.T) {
	forEachBlocks(t, func(t *testing.T, b *slowBlocks) {
		random := rand.New(rand.NewPCG(7, 8))
		for name, values := range specialBlocks(b.size) {
			t.Run(name, func(t *testing.T) {
				tensor := b.tensorScale(values)
				checkBlock(t, b, values, tensor, nil)
				checkBlock(t, b, values, tensor, bits(random, len(values)))
				checkBlock(t, b, values, 1, nil)
				checkBlock(t, b, values, math.SmallestNonzeroFloat32, nil)
				checkBlock(t, b, values, 0, nil)
			})
		}
	})
}

func bits(random *rand.Rand, n int) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = random.Uint32()
	}
	return all
}

func TestRandomBlocks(t *testing.T) {
	blocks := 10000
	if os.Getenv("ODYSSEY_LONG") != "" {
		blocks = 1000000
	}
	forEachBlocks(t, func(t *testing.T, b *slowBlocks) {
		random := rand.New(rand.NewPCG(9, 10))
		for i := range blocks {
			values := randomBlock(random, b.size)
			// A block is rarely the one that has its tensor's largest value.
			tensor := b.tensorScale(values) * float32(math.Ldexp(1+random.Float64(), random.IntN(20)-1))
			if i%8 == 0 {
				checkBlock(t, b, values, tensor, bits(random, len(values)))
			} else {
				checkBlock(t, b, values, tensor, nil)
			}
		}
	})
}

// randomBlock draws values over 40 binades, in half of the blocks with so few bits
// that there are ties, most of them near the block's largest.
func randomBlock(random *rand.Rand, size int) []float32 {
	values := make([]float32, 1+random.IntN(size))
	highest, coarse := random.IntN(40), random.IntN(2) == 0
	for i := range values {
		exponent := random.IntN(highest+1) - 20
		if random.IntN(4) > 0 {
			exponent = max(highest-random.IntN(6), 0) - 20
		}
		mantissa := 1 + random.Float64()
		if coarse {
			mantissa = 1 + float64(random.IntN(16))/16
		}
		values[i] = float32(math.Copysign(math.Ldexp(mantissa, exponent), random.Float64()-0.5))
	}
	return values
}
