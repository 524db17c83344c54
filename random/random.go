// Package random gives counter-based random numbers: every draw is a pure
// function of a seed and a position, so a result never depends on which
// goroutine drew first, on how many workers there are, or on what was drawn
// before a program was stopped and resumed.
//
// The generator is Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel
// Random Numbers: As Easy as 1, 2, 3", SC 2011.
package random

import "math/bits"

const rounds = 10

// Philox returns the four 32-bit words that Philox4x32-10 assigns to a counter
// under a key.
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range rounds {
		hi0, lo0 := bits.Mul32(0xD2511F53, counter[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}

// Stream is the sequence of draws that belongs to one seed and one path. Two
// streams made with the same arguments give the same draws; streams whose
// arguments differ are independent. A Stream is not safe for concurrent use:
// make one for each position instead, which costs no more than a draw.
type Stream struct {
	key     [2]uint32
	counter [4]uint32
	block   [4]uint32
	used    int // words of block already given out
}

// New returns the stream of a seed and a path, the position it is for: a
// layer, an epoch and an index, say. The path's length counts: New(1) and
// New(1, 0) differ.
func New(seed uint64, path ...uint64) *Stream {
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	for _, p := range path {
		// Chaining through Philox itself makes each path element a fresh key;
		// the constant keeps these counters away from those of draws.
		b := Philox([4]uint32{uint32(p), uint32(p >> 32), 0x70617468, 1}, key)
		key = [2]uint32{b[0], b[1]}
	}
	return &Stream{key: key, used: 4}
}

// Uint32 returns 32 random bits.
func (s *Stream) Uint32() uint32 {
	if s.used == len(s.block) {
		s.block = Philox(s.counter, s.key)
		s.used = 0
		if s.counter[0]++; s.counter[0] == 0 {
			s.counter[1]++
		}
	}
	s.used++
	return s.block[s.used-1]
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 {
	lo := s.Uint32()
	return uint64(s.Uint32())<<32 | uint64(lo)
}

// Float64 returns a multiple of 2^-53 in [0, 1).
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) * 0x1p-53 }

// Float32 returns a multiple of 2^-24 in [0, 1).
func (s *Stream) Float32() float32 { return float32(s.Uint32()>>8) * 0x1p-24 }

// Uniform returns a number in [lo, hi), up to rounding at hi.
func (s *Stream) Uniform(lo, hi float64) float64 {
	return lo + float64((hi-lo)*s.Float64()) // the conversion forbids a fused multiply-add
}

// IntN returns an unbiased integer in [0, n). It panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic("random: IntN wants n of at least 1")
	}
	bound := uint64(n)
	hi, lo := bits.Mul64(s.Uint64(), bound)
	for lo < bound && lo < -bound%bound { // Lemire, 2019: reject the biased part
		hi, lo = bits.Mul64(s.Uint64(), bound)
	}
	return int(hi)
}

// Perm returns a random permutation of the integers 0 to n-1 (Fisher-Yates).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.IntN(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}
