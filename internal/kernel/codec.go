package kernel

import "github.com/mlodyssey/odyssey/numeric"

// RoundFloat sets dst to the values of a format that are nearest to those of x, ties to
// even: f.Decode(f.Encode(x[i], o)). dst may be x.
func RoundFloat(dst, x []float32, f *numeric.Float, o numeric.Overflow) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = f.Decode(f.Encode(v, o))
	}
}

// EncodeFloat sets packed to the codes of the values of x, one behind the other as
// f.Put writes them: f.Encode(x[i], o). packed has no more bytes than they take.
func EncodeFloat(packed []byte, x []float32, f *numeric.Float, o numeric.Overflow) {
	wantLen("packed", len(packed), codeBytes(len(x), f))
	clear(packed)
	for i, v := range x {
		f.Put(packed, i, f.Encode(v, o))
	}
}

// DecodeFloat sets dst to the values of codes that EncodeFloat wrote.
func DecodeFloat(dst []float32, packed []byte, f *numeric.Float) {
	wantLen("packed", len(packed), codeBytes(len(dst), f))
	for i := range dst {
		dst[i] = f.Decode(f.Get(packed, i))
	}
}

// codeBytes returns how many bytes n codes take.
func codeBytes(n int, f *numeric.Float) int { return (n*f.Bits() + 7) / 8 }
