package numeric

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
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
	blocks := 4000 // of each format
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

// Blocks worked out by hand from the specifications: the rest of each is zeros.
func TestBlocksByHand(t *testing.T) {
	for _, c := range []struct {
		of     *Blocks
		values []float32
		tensor float32
		scale  byte
		packed []byte // its beginning
		back   []float32
	}{
		// The largest is 6 = 1.5·2^2: the scale is 2^0, code 127. Elements lie low
		// half first: 6 is code 7, -0.5 code 9, 2.5 a tie that goes to 2, code 4.
		{MXFP4, []float32{6, -0.5, 2.5}, 1, 127, []byte{0x97, 0x04}, []float32{6, -0.5, 2}},
		// Just below 8 the scale is still 2^0: 7.9 saturates.
		{MXFP4, []float32{7.9, 3.5}, 1, 127, []byte{0x67}, []float32{6, 4}},
		{MXFP4, []float32{8, 3.5}, 1, 128, []byte{0x46}, []float32{8, 4}},
		// 28 is code 0b011111, 1 is 0b001100, -1 0b101100, 2 0b010000, from bit 0:
		// 010000 101100 001100 011111.
		{MXFP6E3M2, []float32{28, 1, -1, 2}, 1, 127, []byte{0b00011111, 0b11000011, 0b01000010}, []float32{28, 1, -1, 2}},
		// 7.5 is code 0b011111, 0.125 is 0b000001.
		{MXFP6E2M3, []float32{7.5, 0.125}, 1, 127, []byte{0b01011111, 0, 0}, []float32{7.5, 0.125}},
		// 2^9 · 0.875 = 448, the largest: the scale is 2^0. 1 is code 0x38.
		{MXFP8E4M3, []float32{-448, 1}, 1, 127, []byte{0xFE, 0x38}, []float32{-448, 1}},
		{MXFP8E5M2, []float32{57344, 1}, 1, 127, []byte{0x7B, 0x3C}, []float32{57344, 1}},
		// Multiples of 2^-6 · 2^0; 1.999 saturates at 127/64, a negative tie goes to even.
		{MXINT8, []float32{1.999, -1, -1.5 / 64}, 1, 127, []byte{127, 0xC0, 0xFE}, []float32{127. / 64, -1, -2. / 64}},
		// A tensor whose largest is 2688 has the scale 1. Here 12 / 6 is the scale 2,
		// code 0x40: -6 becomes -3, code 13, and 1 becomes 0.5, code 1.
		{NVFP4, []float32{12, -6, 1}, 1, 0x40, []byte{0xD7, 0x01}, []float32{12, -6, 1}},
		// 12 / 6 / 2^-4 is 32.
		{NVFP4, []float32{12, -6, 1}, 0x1p-4, 0x60, []byte{0xD7, 0x01}, []float32{12, -6, 1}},
	} {
		packed, back := make([]byte, c.of.Bytes()), make([]float32, len(c.back))
		scale := c.of.Encode(packed, c.values, c.tensor)
		c.of.Decode(back, packed, scale, c.tensor)
		if scale != c.scale || !bytes.HasPrefix(packed, c.packed) || !slices.Equal(back, c.back) {
			t.Errorf("%s of %v: scale %d, %x, back %v; want %d, %x, %v", c.of.Name, c.values, scale, packed, back, c.scale, c.packed, c.back)
		}
		if rest := packed[len(c.packed):]; !bytes.Equal(rest, make([]byte, len(rest))) {
			t.Errorf("%s of %v: padded with %x", c.of.Name, c.values, rest)
		}
	}
}

// The scale of the tensor makes that of its largest block 448, and the largest value
// comes back, be it float32's own largest.
func TestTensorScaleOfNVFP4(t *testing.T) {
	for exponent := -110; exponent < 128; exponent++ {
		for _, mantissa := range []float64{1, 1.3, 2 - 0x1p-23} {
			largest := float32(math.Ldexp(mantissa, exponent))
			tensor := NVFP4.TensorScale(largest)
			packed, back := make([]byte, NVFP4.Bytes()), make([]float32, 2)
			scale := NVFP4.Encode(packed, []float32{largest, -largest}, tensor)
			NVFP4.Decode(back, packed, scale, tensor)
			if scale != 0x7E || math.Abs(float64(back[0]/largest-1)) > 0x1p-22 || back[1] != -back[0] {
				t.Errorf("%v: scales %v and %#02x, back %v", largest, tensor, scale, back)
			}
		}
	}
	if got := MXFP4.TensorScale(1000); got != 1 {
		t.Errorf("MXFP4 has the tensor scale %v", got)
	}
}

// Every element under every scale, those that encoding does not write included.
func TestDecodeEveryElementAndScale(t *testing.T) {
	forEachBlocks(t, func(t *testing.T, b *slowBlocks) {
		packed, got := make([]byte, b.of.Bytes()), make([]float32, b.size)
		for code := range 1 << b.bits {
			element := b.decodedCode(code)
			clear(packed)
			at := 3 * b.bits // of element 3, of which each bit is set by itself
			for bit := range b.bits {
				packed[(at+bit)/8] |= byte(code>>bit&1) << ((at + bit) % 8)
			}
			for scale := range 256 {
				b.of.Decode(got, packed, byte(scale), 1)
				want := float32(element * b.scaleValue(scale))
				if got[3] != want && (got[3] == got[3] || want == want) {
					t.Fatalf("element %#x, scale %#x: %v, want %v", code, scale, got[3], want)
				}
				if zero := float32(0 * b.scaleValue(scale)); got[2] != zero && zero == zero {
					t.Fatalf("element 2 is %v", got[2])
				}
			}
		}
	})
}

// decodedCode returns the value of an element, from the definition of its format.
func (b *slowBlocks) decodedCode(code int) float64 {
	if b.integer {
		return float64((code+128)%256-128) / 64
	}
	for _, f := range formats {
		if f.bits == b.bits && f.of == b.of.Element {
			abs := uint16(code) &^ f.sign()
			switch {
			case abs <= f.top:
				return f.value(uint16(code))
			case abs == f.inf:
				return math.Inf(1 - 2*(code>>(f.bits-1)))
			}
		}
	}
	return math.NaN()
}

func (b *slowBlocks) scaleValue(code int) float64 {
	switch {
	case b.nvfp4 && code&0x7F == 0x7F, !b.nvfp4 && code == 0xFF:
		return math.NaN()
	case b.nvfp4:
		return formats[2].value(uint16(code))
	default:
		return math.Ldexp(1, code-127)
	}
}

func TestBlocksRefuseWrongLengths(t *testing.T) {
	refused := func(what string, call func()) {
		defer func() {
			if message, _ := recover().(string); !strings.HasPrefix(message, "numeric: ") {
				t.Errorf("%s: %q", what, message)
			}
		}()
		call()
	}
	packed, values := make([]byte, 16), make([]float32, 32)
	refused("a short block", func() { MXFP4.Encode(packed[:15], values, 1) })
	refused("a long block", func() { NVFP4.Encode(packed, values[:16], 1) })
	refused("a value too many", func() { MXFP4.Encode(packed, make([]float32, 33), 1) })
	refused("a value too many, decoded,", func() { MXFP4.Decode(make([]float32, 33), packed, 0, 1) })
	refused("a random number too few", func() { MXFP4.EncodeStochastic(packed, values, 1, make([]uint32, 31)) })
}

func TestBlocksAllocateNothing(t *testing.T) {
	forEachBlocks(t, func(t *testing.T, b *slowBlocks) {
		n := testing.AllocsPerRun(10, func() {
			var packed [32]byte
			var values [32]float32
			var random [32]uint32
			p, v, r := packed[:b.of.Bytes()], values[:b.size], random[:b.size]
			v[1] = 3
			scale := b.of.Encode(p, v, 1)
			scale ^= b.of.EncodeStochastic(p, v, 1, r)
			b.of.Decode(v, p, scale, 1)
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkBlocks(b *testing.B) {
	for _, f := range blockFormats {
		packed, values := make([]byte, f.of.Bytes()), randomBlock(rand.New(rand.NewPCG(1, 2)), f.size)
		b.Run(f.name, func(b *testing.B) {
			for range b.N {
				f.of.Decode(values, packed, f.of.Encode(packed, values, 1), 1)
			}
		})
	}
}
