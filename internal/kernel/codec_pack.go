package kernel

import "encoding/binary"

// packCodes writes codes of fewer than 8 bits, each in a byte, without gaps. The last
// byte is filled up with zeros. Eight codes take as many bytes as one has bits.
func packCodes(packed, codes []byte, bits int) {
	for len(codes) >= 8 && len(packed) >= 8 {
		// What this writes too much, the next codes write over.
		binary.LittleEndian.PutUint64(packed, squeeze(binary.LittleEndian.Uint64(codes), bits))
		packed, codes = packed[bits:], codes[8:]
	}
	for len(codes) > 0 {
		var word [8]byte
		n := copy(word[:], codes)
		binary.LittleEndian.PutUint64(word[:], squeeze(binary.LittleEndian.Uint64(word[:]), bits))
		used := (n*bits + 7) / 8
		copy(packed[:used], word[:])
		packed, codes = packed[used:], codes[n:]
	}
}

// unpackCodes is its inverse.
func unpackCodes(codes, packed []byte, bits int) {
	for len(codes) >= 8 && len(packed) >= 8 {
		binary.LittleEndian.PutUint64(codes, unsqueeze(binary.LittleEndian.Uint64(packed), bits))
		packed, codes = packed[bits:], codes[8:]
	}
	for len(codes) > 0 {
		var word [8]byte
		copy(word[:], packed[:min(bits, len(packed))])
		binary.LittleEndian.PutUint64(word[:], unsqueeze(binary.LittleEndian.Uint64(word[:]), bits))
		n := copy(codes, word[:])
		packed, codes = packed[min(bits, len(packed)):], codes[n:]
	}
}

// squeeze moves the low bits of each byte of a word together: of neighbouring bytes, then
// of pairs, then of fours.
func squeeze(x uint64, bits int) uint64 {
	const bytes, pairs, fours = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 1<<32 - 1 // the lower of two
	gap := 8 - bits
	x = x&bytes | x&^bytes>>gap
	x = x&pairs | x&^pairs>>(2*gap)
	return x&fours | x&^fours>>(4*gap)
}

// unsqueeze is its inverse. Bits above those of eight codes do not count.
func unsqueeze(x uint64, bits int) uint64 {
	const halves, quarters, eighths = 1, 1<<32 + 1, 1<<48 + 1<<32 + 1<<16 + 1 // the lowest bits of each
	gap := 8 - bits
	x &= 1<<(8*bits) - 1
	low := x & (halves * (1<<(4*bits) - 1))
	x = low | (x^low)<<(4*gap)
	low = x & (quarters * (1<<(2*bits) - 1))
	x = low | (x^low)<<(2*gap)
	low = x & (eighths * (1<<bits - 1))
	return low | (x^low)<<gap
}
