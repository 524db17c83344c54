package numeric

import (
	"math"
	"math/big"
	"sort"
)

// slowBlocks is a block format stated anew, and worked out in rational numbers. It
// shares no code with the package.
type slowBlocks struct {
	name       string
	size, bits int
	emax       int
	largest    float64
	bitsPer    float64
	nvfp4      bool
	integer    bool // elements are two's complement
	of         *Blocks

	elements ladder
}

var blockFormats = []*slowBlocks{
	{name: "MXFP8_E4M3", size: 32, bits: 8, emax: 8, largest: 448, bitsPer: 8.25, of: MXFP8E4M3, elements: floats("F8_E4M3")},
	{name: "MXFP8_E5M2", size: 32, bits: 8, emax: 15, largest: 57344, bitsPer: 8.25, of: MXFP8E5M2, elements: floats("F8_E5M2")},
	{name: "MXFP6_E3M2", size: 32, bits: 6, emax: 4, largest: 28, bitsPer: 6.25, of: MXFP6E3M2, elements: floats("F6_E3M2")},
	{name: "MXFP6_E2M3", size: 32, bits: 6, emax: 2, largest: 7.5, bitsPer: 6.25, of: MXFP6E2M3, elements: floats("F6_E2M3")},
	{name: "MXFP4", size: 32, bits: 4, emax: 2, largest: 6, bitsPer: 4.25, of: MXFP4, elements: floats("F4")},
	{name: "MXINT8", size: 32, bits: 8, emax: 0, largest: 127. / 64, bitsPer: 8.25, integer: true, of: MXINT8, elements: integers()},
	{name: "NVFP4", size: 16, bits: 4, largest: 6, bitsPer: 4.5, nvfp4: true, of: NVFP4, elements: floats("F4")},
}

// floats returns the finite values of a format, from its definition.
func floats(name string) ladder {
	var values []*big.Rat
	for _, f := range formats {
		if f.name == name {
			for code := uint16(0); code <= f.top; code++ {
				values = append(values, rat(f.value(code)))
			}
		}
	}
	return newLadder(values)
}

func integers() ladder {
	var values []*big.Rat
	for i := range int64(128) {
		values = append(values, big.NewRat(i, 64))
	}
	return newLadder(values)
}

var scalesE4M3 = floats("F8_E4M3")

// slowBlock is what a block should become.
type slowBlock struct {
	packed  []byte
	scale   byte
	decoded []float32
}

// encode works out a block: to nearest, or with one of random for each value.
func (b *slowBlocks) encode(values []float32, tensor float32, random []uint32) slowBlock {
	block := slowBlock{packed: make([]byte, b.size*b.bits/8), decoded: make([]float32, len(values))}
	largest := new(big.Rat)
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return b.notFinite(block)
		}
		if r := abs(rat(float64(v))); r.Cmp(largest) > 0 {
			largest = r
		}
	}
	scale := b.scale(&block, largest, tensor, random != nil)
	packed := new(big.Int)
	for i, v := range values {
		index := b.element(v, scale, tensor, random, i)
		negative := math.Signbit(float64(v))
		block.decoded[i] = b.decoded(index, negative, scale, tensor)
		packed.Or(packed, new(big.Int).Lsh(big.NewInt(b.code(index, negative)), uint(i*b.bits)))
	}
	packed.FillBytes(block.packed)
	for i, j := 0, len(block.packed)-1; i < j; i, j = i+1, j-1 { // to little endian
		block.packed[i], block.packed[j] = block.packed[j], block.packed[i]
	}
	return block
}

func (b *slowBlocks) notFinite(block slowBlock) slowBlock {
	block.scale = 0xFF
	if b.nvfp4 {
		block.scale = 0x7F
	}
	for i := range block.decoded {
		block.decoded[i] = float32(math.NaN())
	}
	return block
}

// scale sets the scale's code and returns its value.
func (b *slowBlocks) scale(block *slowBlock, largest *big.Rat, tensor float32, stochastic bool) *big.Rat {
	if !b.nvfp4 {
		exponent := -127
		if largest.Sign() > 0 {
			exponent = floorLog2(largest) - b.emax
			for stochastic && b.of != MXINT8 && new(big.Rat).Mul(power(exponent), rat(b.largest)).Cmp(largest) < 0 {
				exponent++
			}
			exponent = min(max(exponent, -127), 127)
		}
		block.scale = byte(exponent + 127)
		return power(exponent)
	}
	if tensor == 0 {
		return new(big.Rat)
	}
	sixth := round32(new(big.Rat).Quo(largest, big.NewRat(6, 1)))
	wanted := round32(sixth.Quo(sixth, rat(float64(tensor))))
	index := scalesE4M3.nearest(wanted)
	block.scale = byte(index)
	return scalesE4M3.values[index]
}

// element returns the index of the value that v becomes.
func (b *slowBlocks) element(v float32, scale *big.Rat, tensor float32, random []uint32, i int) int {
	divisor := scale
	if b.nvfp4 {
		divisor = round32(new(big.Rat).Mul(scale, rat(float64(tensor))))
	}
	if divisor.Sign() == 0 {
		return 0
	}
	q := abs(rat(float64(v)))
	q.Quo(q, divisor)
	if b.nvfp4 {
		q = round32(q)
	}
	if random == nil {
		return b.elements.nearest(q)
	}
	return b.elements.stochastic(q, random[i])
}

// code returns the bits of an element.
func (b *slowBlocks) code(index int, negative bool) int64 {
	switch {
	case negative && b.integer:
		return int64(256-index) % 256
	case negative:
		return int64(index) | 1<<(b.bits-1)
	default:
		return int64(index)
	}
}

func (b *slowBlocks) decoded(index int, negative bool, scale *big.Rat, tensor float32) float32 {
	v := new(big.Rat).Mul(b.elements.values[index], scale)
	if b.nvfp4 {
		v = round32(v)
		v.Mul(v, rat(float64(tensor)))
	}
	f, _ := v.Float32()
	if negative && (index > 0 || !b.integer) {
		f = -f
	}
	return f
}

// ladder is a format's values without sign, in the order of their codes, and the
// midpoints between them.
type ladder struct{ values, middles []*big.Rat }

func newLadder(values []*big.Rat) (l ladder) {
	l.values = values
	for i := range len(values) - 1 {
		sum := new(big.Rat).Add(values[i], values[i+1])
		l.middles = append(l.middles, sum.Quo(sum, big.NewRat(2, 1)))
	}
	return l
}

// nearest returns the index of the value closest to q, of two that are equally close
// the even one, and the last for all beyond.
func (l ladder) nearest(q *big.Rat) int {
	i := sort.Search(len(l.middles), func(i int) bool { return l.middles[i].Cmp(q) >= 0 })
	if i < len(l.middles) && l.middles[i].Cmp(q) == 0 {
		return i + i%2
	}
	return i
}

// stochastic rounds up where random lies below the fraction of the gap.
func (l ladder) stochastic(q *big.Rat, random uint32) int {
	values := l.values
	i := sort.Search(len(values), func(i int) bool { return values[i].Cmp(q) > 0 }) - 1
	if i == len(values)-1 {
		return i
	}
	fraction := new(big.Rat).Sub(q, values[i])
	fraction.Quo(fraction, new(big.Rat).Sub(values[i+1], values[i]))
	fraction.Mul(fraction, power(32))
	threshold := new(big.Int).Quo(fraction.Num(), fraction.Denom())
	if big.NewInt(int64(random)).Cmp(threshold) < 0 {
		return i + 1
	}
	return i
}

func rat(v float64) *big.Rat      { return new(big.Rat).SetFloat64(v) }
func abs(r *big.Rat) *big.Rat     { return r.Abs(r) }
func power(exponent int) *big.Rat { return rat(math.Ldexp(1, exponent)) }

// round32 rounds to the nearest float32, ties to even. Inf is any number past all
// formats.
func round32(r *big.Rat) *big.Rat {
	f, _ := r.Float32()
	if math.IsInf(float64(f), 0) {
		return power(200)
	}
	return rat(float64(f))
}

func floorLog2(r *big.Rat) int {
	n := r.Num().BitLen() - r.Denom().BitLen()
	if power(n).Cmp(r) > 0 {
		n--
	}
	return n
}
