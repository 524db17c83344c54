package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/numeric"
)

// packedMatrix returns random codes between guard zones, and the elements that they are
// by package numeric.
func packedMatrix(mem *arena[float32], f *numeric.Float, b *numeric.Blocks, rows, row int) (*PackedMatrix, []float32) {
	m := &PackedMatrix{Float: f, Blocks: b, Scale: float32(mem.random.NormFloat64()), Rows: rows, Row: row}
	random := func(n int) []byte {
		s, free := fenced[byte](mem.t, n)
		mem.frees = append(mem.frees, free)
		for i := range s {
			s[i] = byte(mem.random.Uint32())
		}
		return s
	}
	values := make([]float32, rows*row)
	if b == nil {
		m.Codes = random((rows*row*f.Bits() + 7) / 8)
		for i := range values {
			values[i] = f.Decode(f.Get(m.Codes, i)) * m.Scale
		}
		return m, values
	}
	n := ceil(row, b.Size)
	m.Codes, m.Scales = random(rows*n*b.Bytes()), random(rows*n)
	for i := range m.Scales {
		if mem.random.IntN(8) > 0 { // mostly what a sum does not drown in
			m.Scales[i] = byte(120 + mem.random.IntN(16))
			if b == numeric.NVFP4 {
				m.Scales[i] = byte(mem.random.IntN(127))
			}
		}
	}
	for i := range rows {
		for k := range n {
			at := i*n + k
			b.Decode(values[i*row+k*b.Size:i*row+min((k+1)*b.Size, row)], m.Codes[at*b.Bytes():][:b.Bytes()], m.Scales[at], m.Scale)
		}
	}
	return m, values
}

// eachFormat calls test for every packed format.
func eachFormat(test func(name string, f *numeric.Float, b *numeric.Blocks)) {
	for _, f := range numeric.Floats() {
		test(f.Name, f, nil)
	}
	for _, b := range numeric.BlockFormats() {
		test(b.Name, nil, b)
	}
}

func TestDecodePackedMatrix(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		eachFormat(func(name string, f *numeric.Float, b *numeric.Blocks) {
			for _, row := range []int{0, 1, 3, 31, 32, 33, 101} {
				mem := newArena[float32](t, uint64(row))
				m, values := packedMatrix(mem, f, b, 5, row)
				for k0 := 0; k0 <= row; k0 += 32 {
					for _, k1 := range []int{k0, (k0 + row) / 2, row} {
						for i0 := range 5 {
							ld := k1 - k0 + 2
							dst := mem.make(max(0, (4-i0)*ld+k1-k0))
							m.Decode(dst, ld, i0, 5, k0, k1)
							for i := i0; i < 5 && k1 > k0; i++ {
								wantSame(t, fmt.Sprint(name, row, k0, k1, i0), dst[(i-i0)*ld:][:k1-k0], values[i*row+k0:i*row+k1])
							}
						}
					}
				}
				mem.check()
			}
		})
	})
}

func TestMatVecPacked(t *testing.T) {
	scratch := make([]float32, MatVecScratch)
	for i := range scratch {
		scratch[i] = float32(math.NaN())
	}
	forEachPath(t, func(t *testing.T) {
		eachFormat(func(name string, f *numeric.Float, b *numeric.Blocks) {
			lengths := []int{0, 1, 31, 32, 33, 64, 95, 200}
			if b == numeric.MXFP4 || b == numeric.NVFP4 {
				lengths = append(lengths, packedTerms, packedTerms+48)
			}
			for _, k := range lengths {
				for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 63, 70} {
					mem := newArena[float32](t, uint64(k*100+n))
					w, values := packedMatrix(mem, f, b, n+2, k)
					x, y := mem.numbers(k, ordinary), mem.numbers(n, ordinary)
					want := make([]float32, n)
					for j := range want {
						want[j] = y[j]
						for l, v := range x {
							want[j] = exact(v, values[(j+1)*k+l], want[j])
						}
					}
					MatVecPacked(y, w, 1, x, scratch)
					wantSame(t, fmt.Sprintf("%s %dx%d", name, n, k), y, want)
					mem.check()
				}
			}
		})
	})
}

func BenchmarkMatVecPacked(b *testing.B) {
	const n = 4096
	for _, f := range []*numeric.Blocks{numeric.MXFP4, numeric.NVFP4, numeric.MXFP8E4M3} {
		b.Run(f.Name, func(b *testing.B) {
			blocks := n * n / f.Size
			m := &PackedMatrix{Blocks: f, Codes: make([]byte, blocks*f.Bytes()), Scales: make([]byte, blocks), Scale: 1, Rows: n, Row: n}
			for i := range m.Codes {
				m.Codes[i] = byte(i * 7)
			}
			for i := range m.Scales {
				m.Scales[i] = 120
			}
			x, y, scratch := make([]float32, n), make([]float32, n), make([]float32, MatVecScratch)
			for b.Loop() {
				MatVecPacked(y, m, 0, x, scratch)
			}
			b.ReportMetric(float64(n)*n/float64(b.Elapsed().Nanoseconds())*float64(b.N), "Gweights/s")
		})
	}
}
