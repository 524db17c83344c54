package kernel

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg kernel

import "unsafe"

// Lanes is how many values the kernels compute side by side, one an image in a
// [Block] or one a column in a matrix product: one AVX-512 register, two of
// AVX2.
const Lanes = 16

// tileRows is how many rows a tile has at most. With four vectors of 16 lanes,
// its 24 sums are what the 32 registers of AVX-512 can hold.
const tileRows = 6

// A tile is one run of the micro-kernel that matrix products share. It computes
// rows x len(pos) vectors of 16 lanes,
//
//	sum[m][n] = fma(w[m][k], in[n][k], sum[m][n])   for each k in order
//
// where in[n][k] are the 16 lanes at in[pos[n].in + taps[k].in], and
// w[m][k] is the element at w[m*wRow + k*wStep + taps[k].w], the same for all
// lanes. The sum is stored at dst[m*dstRow + pos[n].dst].
type tile[T Float] struct {
	dst    []T
	dstRow int
	in     []T
	w      []T
	wRow   int
	wStep  int
	pos    []position
	taps   []tap
	start  []T // a row's first value with fromStart; nil is zero
	from   origin
	cut    int // how many lanes of the last position dst does not have
}

// position says where a vector of a tile reads its input and is stored.
type position struct{ in, dst int32 }

// tap is one term of a tile's sums.
type tap struct{ in, w int32 }

// origin says where a tile's sums start.
type origin int

const (
	fromStart origin = iota // at the row's start value
	fromDst                 // at what dst holds: the chain goes on
	addDst                  // at zero, and the whole is then added to dst
)

// bandRows returns how many of the rows left to compute next. The assembly has
// tiles of six rows and of four, and this choice wastes fewest.
func bandRows(left int) int {
	if left == 7 || left == 8 {
		return 4
	}
	return min(left, tileRows)
}

// band computes 1 to tileRows rows.
func (t *tile[T]) band(rows int) {
	if len(t.pos) == 0 {
		return
	}
	if isFloat32[T]() && bandFast((*tile[float32])(unsafe.Pointer(t)), rows) {
		return
	}
	for m := range rows {
		for i, p := range t.pos {
			lanes := Lanes
			if i == len(t.pos)-1 {
				lanes -= t.cut
			}
			t.vector(m, p, lanes)
		}
	}
}

// vector computes one row at one position, and stores some lanes of it.
func (t *tile[T]) vector(m int, p position, lanes int) {
	dst := t.dst[m*t.dstRow+int(p.dst):][:lanes]
	var sum [Lanes]T
	switch {
	case t.from == fromDst:
		copy(sum[:], dst)
	case t.from == fromStart && t.start != nil:
		for i := range sum {
			sum[i] = t.start[m]
		}
	}
	for i, k := range t.taps {
		x := (*[Lanes]T)(t.in[int(p.in)+int(k.in):])
		fmaLanes(&sum, t.w[m*t.wRow+i*t.wStep+int(k.w):], 0, x)
	}
	if t.from == addDst {
		for i, v := range dst {
			sum[i] += v
		}
	}
	copy(dst, sum[:])
}
