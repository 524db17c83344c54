package metric

import (
	"math"
	"math/big"
)

// sum adds float64 numbers without rounding, so that their order and grouping do not matter: a
// number is split over digits of 32 bits that cover the whole range of float64. (Kulisch, "Computer
// Arithmetic and Validity", 2013, has such accumulators.) The zero value is an empty sum.
type sum struct {
	digits  [digits]int64 // digit i counts 2^(32i - 1074), and may overflow its 32 bits until carry
	pending int64         // additions since the last carry

	nan, plus, minus bool // NaN, +Inf or -Inf was added
}

const (
	lowest = -1074 // the exponent of the smallest float64
	digits = 2 + (1024-lowest)/32 + 2
	most   = 1 << 30 // additions that a digit can take without overflow
)

func (s *sum) add(v float64) {
	bits := math.Float64bits(v)
	exponent, fraction := int(bits>>52&0x7FF), bits&(1<<52-1)
	switch exponent {
	case 0x7FF:
		s.addSpecial(v)
		return
	case 0: // a subnormal has the exponent of the smallest normal numbers, without their leading one
		exponent = 1
	default:
		fraction |= 1 << 52
	}
	at, shift := (exponent-1)/32, (exponent-1)%32
	low := fraction << shift
	high := fraction >> 1 >> (63 - shift) // what low has lost; shifts by 64 when shift is 0
	d := s.digits[at : at+3 : at+3]
	if bits>>63 == 0 {
		d[0] += int64(low & math.MaxUint32)
		d[1] += int64(low >> 32)
		d[2] += int64(high)
	} else {
		d[0] -= int64(low & math.MaxUint32)
		d[1] -= int64(low >> 32)
		d[2] -= int64(high)
	}
	if s.pending++; s.pending == most {
		s.carry()
	}
}

func (s *sum) addSpecial(v float64) {
	s.nan = s.nan || v != v
	s.plus = s.plus || v > 0
	s.minus = s.minus || v < 0
}

// addProduct adds x*y, exact unless it is below 2^-969 or overflows: then as float64 has it.
func (s *sum) addProduct(x, y float64) {
	p := float64(x * y)
	s.add(p)
	if !math.IsInf(p, 0) && p == p {
		s.add(math.FMA(x, y, -p))
	}
}

func (s *sum) merge(o *sum) {
	s.carry()
	for i, d := range o.digits {
		s.digits[i] += d
	}
	s.carry()
	s.nan, s.plus, s.minus = s.nan || o.nan, s.plus || o.plus, s.minus || o.minus
}

// carry brings all digits but the last, which has the sign, into 32 bits.
func (s *sum) carry() {
	for i := range digits - 1 {
		s.digits[i+1] += s.digits[i] >> 32
		s.digits[i] &= math.MaxUint32
	}
	s.pending = 0
}

// exact returns the sum, of finite numbers.
func (s *sum) exact() *big.Rat {
	total := new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		total.Lsh(total, 32).Add(total, big.NewInt(s.digits[i]))
	}
	return new(big.Rat).SetFrac(total, new(big.Int).Lsh(big.NewInt(1), -lowest))
}

// special returns the sum where it is not finite.
func (s *sum) special() (v float64, is bool) {
	switch {
	case s.nan || s.plus && s.minus:
		return math.NaN(), true
	case s.plus:
		return math.Inf(1), true
	case s.minus:
		return math.Inf(-1), true
	}
	return 0, false
}

// mean returns the sum divided by n, rounded once; NaN for none.
func (s *sum) mean(n int64) float64 {
	if n == 0 {
		return math.NaN()
	}
	if v, is := s.special(); is {
		return v
	}
	v, _ := new(big.Rat).Quo(s.exact(), new(big.Rat).SetInt64(n)).Float64()
	return v
}
