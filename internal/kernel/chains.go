package kernel

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg kernel

import "unsafe"

// Lanes is how many values the kernels compute side by side, one an image in a
// [Block]: one AVX-512 register, two of AVX2. Blocks of HalfLanes are for batches
// that would leave processors without one.
const (
	Lanes     = 16
	HalfLanes = 8
)

// position says where a vector of lanes is read, where its sum is stored, and what
// gates it.
type position struct{ in, dst, gate int32 }

// tap is one term of a sum: where its two factors lie.
type tap struct{ in, w int32 }

// A chains is one run of the micro-kernel that all convolutions and dense layers
// in lanes share. It computes rows x len(pos) vectors of 16 lanes, or 8,
//
//	sum[m][n] = fma(w[m][k], in[n][k], sum[m][n])   for each k in order
//
// where in[n][k] are the lanes at in[pos[n].in + taps[k].in], and
// w[m][k] is the element at w[m*wRow + k*wStep + taps[k].w], the same for all
// lanes, or with wLanes the lanes from there. The sum is stored at
// dst[m*dstRow + pos[n].dst]; with a gate, 0 is where
// gate[m*gateRow + pos[n].gate] is not above 0.
type chains[T Float] struct {
	lanes  int
	dst    []T
	dstRow int
	in     []T
	w      []T
	wRow   int
	wStep  int
	wLanes bool
	pos    []position
	taps   []tap
	start  []T  // a row's first value; nil is zero
	goOn   bool // begin at what dst holds instead
	then   Epilogue

	gate    []T
	gateRow int
}

// Epilogue is what becomes of a sum before it is stored.
type Epilogue int

const (
	None     Epilogue = iota // nothing
	ThenReLU                 // the larger of the sum and zero, as function ReLU has it
	thenZero                 // -0 becomes 0
)

// orZero returns an epilogue after which no sum is -0.
func (e Epilogue) orZero() Epilogue {
	if e == None {
		return thenZero
	}
	return e
}

// run computes the chains of rows [lo, hi).
func (c *chains[T]) run(lo, hi int) {
	if len(c.pos) == 0 {
		return
	}
	for lo < hi {
		n := chainRows(hi-lo, len(c.pos), c.wLanes, c.lanes)
		c.band(lo, n)
		lo += n
	}
}

// runDeep is run in steps of at most depth taps, each for all rows, so that
// the inputs of a step stay in the second cache meanwhile.
func (c *chains[T]) runDeep(lo, hi, depth int) {
	all, then, gate := c.taps, c.then, c.gate
	steps := max(1, (len(all)+depth-1)/depth)
	for i := range steps {
		c.taps = all[i*len(all)/steps : (i+1)*len(all)/steps]
		c.goOn, c.then, c.gate = i > 0, None, nil
		if i == steps-1 {
			c.then, c.gate = then, gate
		}
		c.run(lo, hi)
	}
}

// runStretches is runDeep for one stretch after the other.
func (c *chains[T]) runStretches(stretches []stretch, lo, hi, depth int) {
	for i := range stretches {
		c.pos, c.taps = stretches[i].places, stretches[i].taps
		c.runDeep(lo, hi, depth)
	}
}

// band computes rows [m, m+rows).
func (c *chains[T]) band(m, rows int) {
	if isFloat32[T]() && chainsFast((*chains[float32])(unsafe.Pointer(c)), m, rows) {
		return
	}
	for ; rows > 0; rows-- {
		for _, p := range c.pos {
			c.vector(m, p)
		}
		m++
	}
}

// vector computes one row at one position.
func (c *chains[T]) vector(m int, p position) {
	dst := c.dst[m*c.dstRow+int(p.dst):][:c.lanes]
	var sums [Lanes]T
	sum := sums[:c.lanes]
	switch {
	case c.goOn:
		copy(sum, dst)
	case c.start != nil:
		for i := range sum {
			sum[i] = c.start[m]
		}
	}
	step := 0
	if c.wLanes {
		step = 1
	}
	for i, k := range c.taps {
		fmaLanes(sum, c.w[m*c.wRow+i*c.wStep+int(k.w):], step, c.in[int(p.in)+int(k.in):])
	}
	switch c.then {
	case ThenReLU:
		for i, v := range sum {
			sum[i] = max(v, 0)
		}
	case thenZero:
		for i := range sum {
			sum[i] += 0
		}
	}
	if c.gate != nil {
		Gate(sum, c.gate[m*c.gateRow+int(p.gate):][:c.lanes], sum)
	}
	copy(dst, sum)
}
