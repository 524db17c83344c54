package kernel

import "encoding/binary"

// packCodes writes codes of fewer than 8 bits, each in a byte, without gaps. The last
// byte is filled up with zeros. Eight codes take as many bytes as one has bits.
func packCodes(packed, codes []byte, bits int) {
	p := newPacker(bits)
	for len(codes) >= 8 && len(packed) >= 8 {
		// What this writes too much, the next codes write over.
		binary.LittleEndian.PutUint64(packed, p.squeeze(binary.LittleEndian.Uint64(codes)))
		packed, codes = packed[bits:], codes[8:]
	}
	for len(codes) > 0 {
		var word [8]byte
		n := copy(word[:], codes)
		binary.LittleEndian.PutUint64(word[:], p.squeeze(binary.LittleEndian.Uint64(word[:])))
		used := (n*bits + 7) / 8
		copy(packed[:used], word[:])
		packed, codes = packed[used:], codes[n:]
	}
}

// unpackCodes is its inverse.
func unpackCodes(codes, packed []byte, bits int) {
	p := newPacker(bits)
	for len(codes) >= 8 && len(packed) >= 8 {
		binary.LittleEndian.PutUint64(codes, p.spread(binary.LittleEndian.Uint64(packed)))
		packed, codes = packed[bits:], codes[8:]
	}
	for len(codes) > 0 {
		var word [8]byte
		used := copy(word[:bits], packed)
		binary.LittleEndian.PutUint64(word[:], p.spread(binary.LittleEndian.Uint64(word[:])))
		n := copy(codes, word[:])
		packed, codes = packed[used:], codes[n:]
	}
}

// packer moves the codes of a word together and apart: of neighbouring bytes, of pairs
// and of fours. Of two it moves the upper one, by the gap between them; the masks have
// the lower one, packed.
type packer struct {
	gap                 uint
	one, two, four, all uint64
}

func newPacker(bits int) packer {
	const bytes, pairs, fours = 1<<48 + 1<<32 + 1<<16 + 1, 1<<32 + 1, 1 // the lowest bits of each lower one
	return packer{
		gap:  uint(8 - bits),
		one:  bytes * (1<<bits - 1),
		two:  pairs * (1<<(2*bits) - 1),
		four: fours * (1<<(4*bits) - 1),
		all:  1<<(8*bits) - 1,
	}
}

// squeeze moves codes, each in a byte, together.
func (p *packer) squeeze(x uint64) uint64 {
	low := x & p.one
	x = low | (x^low)>>(p.gap&63)
	low = x & p.two
	x = low | (x^low)>>(2*p.gap&63)
	low = x & p.four
	return low | (x^low)>>(4*p.gap&63)
}

// spread is its inverse. Bits above those of eight codes do not count.
func (p *packer) spread(x uint64) uint64 {
	x &= p.all
	low := x & p.four
	x = low | (x^low)<<(4*p.gap&63)
	low = x & p.two
	x = low | (x^low)<<(2*p.gap&63)
	low = x & p.one
	return low | (x^low)<<(p.gap&63)
}
