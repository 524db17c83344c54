package kernel

import (
	"fmt"
	"unsafe"

	"github.com/mlodyssey/odyssey/numeric"
)

// PackedMatrix is a matrix of codes of few bits, row by row: Float says what they are,
// or Blocks, of which each row has its own, the last one filled up.
type PackedMatrix struct {
	Float         *numeric.Float
	Blocks        *numeric.Blocks
	Codes, Scales []byte
	Scale         float32 // of all elements; 1 in formats of blocks that have none
	Rows, Row     int     // so many rows of so many elements
}

// check panics where the matrix is too short, or a piece of it is none.
func (m *PackedMatrix) check(i0, i1, k0, k1 int) {
	if i0 < 0 || i0 > i1 || i1 > m.Rows || k0 < 0 || k0 > k1 || k1 > m.Row || m.Blocks != nil && k0%m.Blocks.Size != 0 {
		panic(fmt.Sprintf("kernel: rows %d to %d and columns %d to %d of %d x %d packed elements", i0, i1, k0, k1, m.Rows, m.Row))
	}
	if m.Blocks == nil {
		wantCodes(m.Codes, m.Rows*m.Row, m.Float)
		return
	}
	wantLen("codes", len(m.Codes), m.Rows*m.rowBlocks()*m.Blocks.Bytes())
	wantLen("scales", len(m.Scales), m.Rows*m.rowBlocks())
}

// rowBlocks returns how many blocks a row has.
func (m *PackedMatrix) rowBlocks() int { return ceil(m.Row, m.Blocks.Size) }

// Decode sets dst, whose rows begin ld elements apart, to the columns [k0, k1) of the
// rows [i0, i1). In formats of blocks k0 begins one.
func (m *PackedMatrix) Decode(dst []float32, ld, i0, i1, k0, k1 int) {
	m.check(i0, i1, k0, k1)
	if i0 == i1 || k0 == k1 {
		return
	}
	wantLen("dst", len(dst), (i1-i0-1)*ld+k1-k0)
	for i := i0; i < i1; i++ {
		row := dst[(i-i0)*ld:][:k1-k0]
		if m.Blocks == nil {
			m.decodeFloats(row, i*m.Row+k0)
			continue
		}
		from, to := i*m.rowBlocks()+k0/m.Blocks.Size, i*m.rowBlocks()+ceil(k1, m.Blocks.Size)
		size := m.Blocks.Bytes()
		DecodeBlocks(row, m.Codes[from*size:to*size], m.Scales[from:to], m.Blocks, m.Scale)
	}
}

// decodeFloats sets dst to elements of a format without blocks, from element i on.
func (m *PackedMatrix) decodeFloats(dst []float32, i int) {
	bits, all := m.Float.Bits(), dst
	for ; i*bits%8 != 0 && len(dst) > 0; i++ { // up to the begin of a byte
		dst[0] = m.Float.Decode(m.Float.Get(m.Codes, i))
		dst = dst[1:]
	}
	codes := m.Codes[i*bits/8:]
	done := 0
	if m.Float == numeric.BF16 {
		done = widenFast(dst, codes, 2*m.Row)
	}
	DecodeFloat(dst[done:], codes[done*bits/8:], m.Float)
	if m.Scale != 1 {
		MulScalar(all, all, m.Scale)
	}
}

// The pieces in which a product with a packed matrix goes along it.
const (
	packedTerms = 1024 // terms whose codes are brought into lanes at a time, in the first cache
	packedRows  = 32   // rows, of which so many terms are decoded at a time where there is no faster way
)

// MatVecScratch is how many elements of scratch MatVecPacked needs.
const MatVecScratch = packedRows*(packedTerms+rowPad) + packedRows + alignSlack

// MatVecPacked multiplies the rows from i0 on of a packed matrix, as many as y has, by a
// vector: y[j] = fma(x[l], w[i0+j][l], y[j]) for each l in order.
func MatVecPacked(y []float32, w *PackedMatrix, i0 int, x, scratch []float32) {
	w.check(i0, i0+len(y), 0, w.Row)
	wantLen("x", len(x), w.Row)
	wantLen("scratch", len(scratch), MatVecScratch)
	scratch = aligned(scratch)
	x = x[:w.Row]
	done := w.dotsFast(y, i0, x, scratch)
	tail := cut(&scratch, packedRows)
	for k := done; k < w.Row; k += packedTerms {
		x := x[k:min(k+packedTerms, w.Row)]
		for j := 0; j < len(y); j += packedRows {
			some := y[j:min(j+packedRows, len(y))]
			ld := len(x) + rowPad
			w.Decode(scratch, ld, i0+j, i0+j+len(some), k, k+len(x))
			dots(some, scratch, ld, x, tail)
		}
	}
}

// dotsCodes is the assembly of products of some rows of codes of 4 bits with a vector.
type dotsCodes struct {
	rows   int
	block  int // codes that share a scale
	run    func(y *float32, codes *uint32, scales *float32, shared float32, x *float32, ahead *byte, steps int)
	scales func(dst *float32, src *byte, srcRow int, steps int) // of half of the rows, 16 of each a step
}

// HasDots reports whether MatVecPacked takes codes as they are.
func (m *PackedMatrix) HasDots() bool {
	_, ok := dotsCodesOf(m.Blocks)
	return ok
}

// dotsStep is how many terms dotsCodes goes on by.
const dotsStep = 32

// dotsFast multiplies by some first terms of x in assembly, and returns how many: none
// where there is none for the format, or there are too few rows.
func (m *PackedMatrix) dotsFast(y []float32, i0 int, x, scratch []float32) int {
	f, ok := dotsCodesOf(m.Blocks)
	steps := len(x) / dotsStep
	if !ok || len(y) < f.rows || steps == 0 {
		return 0
	}
	tail := cut(&scratch, packedRows)[:f.rows]
	for j := 0; j < len(y); j += f.rows {
		if j+f.rows <= len(y) {
			m.dotsRows(&f, y[j:], i0+j, x, steps, scratch)
			continue
		}
		// Rows that fill no group are computed aside, among some that are computed twice.
		at := len(y) - f.rows
		copy(tail, y[at:])
		for r := range j - at {
			tail[r] = 0
		}
		m.dotsRows(&f, tail, i0+at, x, steps, scratch)
		copy(y[j:], tail[j-at:])
	}
	return steps * dotsStep
}

// dotsRows multiplies a group of rows from row i on. Their codes are brought side by side,
// 8 of each row in a word: lines of the cache are read whole, and once.
func (m *PackedMatrix) dotsRows(f *dotsCodes, y []float32, i int, x []float32, steps int, scratch []float32) {
	rowBytes := m.rowBlocks() * m.Blocks.Bytes()
	codes := asWords(m.Codes)[i*rowBytes/4:]
	lanes := asWords(cut(&scratch, packedTerms/8*f.rows))
	for l := 0; l < steps*dotsStep; l += packedTerms {
		n := min(packedTerms, steps*dotsStep-l)
		Transpose(lanes, f.rows, codes[l/8:], rowBytes/4, f.rows, n/8)
		scales := m.scales(scratch, f, i, l/f.block, n/f.block)
		ahead := &m.Codes[min((i+f.rows)*rowBytes+l/2*f.rows, len(m.Codes)-1)]
		f.run(&y[0], &lanes[0], &scales[0], m.Scale, &x[l], ahead, n/dotsStep)
	}
}

// asWords returns a slice as words of 4 bytes.
func asWords[T byte | float32](s []T) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T)))/4)
}

// scales returns the values of the scales of a group of rows from row i on: of block b and
// n-1 more, [block][row].
func (m *PackedMatrix) scales(scratch []float32, f *dotsCodes, i, b, n int) []float32 {
	to, row := cut(&scratch, n*f.rows), m.rowBlocks()
	if n >= 16 {
		for half := 0; half < f.rows; half += f.rows / 2 {
			f.scales(&to[half], &m.Scales[(i+half)*row+b], row, n/16)
		}
	}
	values := scaleTable(m.Blocks)
	for r := range f.rows {
		from := m.Scales[(i+r)*row+b:][:n]
		for k := n / 16 * 16; k < n; k++ {
			to[k*f.rows+r] = values[from[k]]
		}
	}
	return to
}
