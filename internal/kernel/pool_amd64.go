package kernel

import "math"

// run is outputs lo to hi-1 along an axis whose windows have as many taps in the
// plane: size, from tap on, the first of them at first.
type run struct{ lo, hi, first, tap, size int }

// runFrom returns the run that begins at window o: all from there on that reach
// into no padding, or a single one that is cut, or a bin.
func (w windows) runFrom(o int) run {
	first, lo, hi := w.at(o)
	if w.bins > 0 || hi-lo < w.kernel {
		return run{o, o + 1, first + lo, lo, hi - lo}
	}
	return run{o, o + (w.size-first-w.kernel)/w.stride + 1, first, 0, w.kernel}
}

// eachRun calls do for every rectangle of windows with taps alike, in order row by
// row if inOrder. No call has many rows: the scheduler cannot stop assembly.
func (p pooling) eachRun(inOrder bool, do func(rows, cols run)) {
	const longest = 1 << 15 // taps, about 100 µs in the layout of lanes
	for oy := 0; oy < p.height; {
		rows := p.rows.runFrom(oy)
		rows.hi = min(rows.hi, rows.lo+1+longest/(p.width*p.KernelH*p.KernelW))
		if inOrder {
			rows.hi = rows.lo + 1
		}
		for ox := 0; ox < p.width; {
			cols := p.cols.runFrom(ox)
			do(rows, cols)
			ox = cols.hi
		}
		oy = rows.hi
	}
}

// maxFast is MaxPool in assembly, or returns false.
func (p pooling) maxFast(y []float32, tap []int32, x []float32) bool {
	if active == portable {
		return false
	}
	search := maxPoolAVX2
	if active == avx512 {
		search = maxPoolAVX512
	}
	p.eachRun(false, func(rows, cols run) {
		for plane := range p.planes {
			out := p.y.at(plane, rows.lo, cols.lo)
			search(&y[out], &tap[out], p.y.row, &x[p.x.at(plane, rows.first, cols.first)], p.x.row, p.StrideH*p.x.row, p.StrideW,
				rows.hi-rows.lo, cols.hi-cols.lo, rows.size, cols.size, rows.tap*p.KernelW+cols.tap, p.KernelW-cols.size)
		}
	})
	return true
}

// scatterFast is PoolScatter in assembly, or returns false: for windows two wide
// that lie side by side.
func (p pooling) scatterFast(dx, dy []float32, tap []int32) bool {
	if active == portable || p.KernelW != 2 || p.StrideW != 2 || p.KernelH != p.StrideH || p.PadH > 0 || p.PadW > 0 ||
		p.height*p.StrideH > p.Height || p.width*p.StrideW > p.Width {
		return false
	}
	scatter := scatterPairsAVX2
	if active == avx512 {
		scatter = scatterPairsAVX512
	}
	clearOutside(p, dx, p.height*p.StrideH, p.width*p.StrideW)
	p.eachRun(false, func(rows, cols run) {
		for plane := range p.planes {
			from := p.y.at(plane, rows.lo, 0)
			scatter(&dx[p.x.at(plane, rows.first, 0)], &dy[from], &tap[from], p.x.row, rows.hi-rows.lo, p.width, p.KernelH)
		}
	})
	return true
}

// lanesKernel is a loop over windows of blocks, in assembly.
type lanesKernel func(x, y *float32, tap *int32, gate *float32, xRow, xStep, xNext, yNext, tapNext,
	rows, cols, kernelH, kernelW, number, skip int, value float32)

var lanesKernels = [...][lanesLoops]lanesKernel{
	avx2: {
		lanesMax: lanesMaxAVX2, lanesGather: lanesGatherAVX2, lanesAvg: lanesAvgAVX2,
		lanesScatter: lanesScatterAVX2, lanesScatterAdd: lanesScatterAddAVX2,
		lanesSpread: lanesSpreadAVX2, lanesSpreadAdd: lanesSpreadAddAVX2,
	},
	avx512: {
		lanesMax: lanesMaxAVX512, lanesGather: lanesGatherAVX512, lanesAvg: lanesAvgAVX512,
		lanesScatter: lanesScatterAVX512, lanesScatterAdd: lanesScatterAddAVX512,
		lanesSpread: lanesSpreadAVX512, lanesSpreadAdd: lanesSpreadAddAVX512,
	},
}

// halfLanesKernels are those for 8 lanes, of every path that has any.
var halfLanesKernels = [lanesLoops]lanesKernel{
	lanesMax: lanesMaxAVX2Half, lanesGather: lanesGatherAVX2Half, lanesAvg: lanesAvgAVX2Half,
	lanesScatter: lanesScatterAVX2Half, lanesScatterAdd: lanesScatterAddAVX2Half,
	lanesSpread: lanesSpreadAVX2Half, lanesSpreadAdd: lanesSpreadAddAVX2Half,
}

// lanesValue is what a loop needs to know of a window: what an average multiplies
// its sum by, or what no maximum is below.
func (p *pooling) lanesValue(loop lanesLoop, oy, ox int) float32 {
	switch loop {
	case lanesMax:
		return float32(math.Inf(-1))
	case lanesAvg, lanesSpread, lanesSpreadAdd:
		return factor[float32](p, oy, ox)
	}
	return 0
}

// lanesFast runs a loop in assembly, or returns false. Tap and gate may be nil.
func (p pooling) lanesFast(loop lanesLoop, x, y []float32, tap []int32, gate []float32) bool {
	kernel := lanesKernels[active][loop]
	if kernel == nil {
		return false
	}
	if p.x.lanes == HalfLanes {
		kernel = halfLanesKernels[loop]
	}
	adds := loop == lanesScatterAdd || loop == lanesSpreadAdd
	p.eachRun(adds, func(rows, cols run) {
		n, xStep := cols.hi-cols.lo, p.StrideW*p.x.lanes
		var t *int32
		var g *float32
		value := p.lanesValue(loop, rows.lo, cols.lo)
		for plane := range p.planes {
			at := p.y.at(plane, rows.lo, cols.lo)
			if tap != nil {
				t = &tap[p.tap.at(plane, rows.lo, cols.lo)]
			}
			if gate != nil {
				g = &gate[p.gate.at(plane, rows.lo, cols.lo)]
			}
			kernel(&x[p.x.at(plane, rows.first, cols.first)], &y[at], t, g,
				p.x.row, xStep, p.StrideH*p.x.row-n*xStep, p.y.row-n*p.y.lanes, p.tap.row-n*p.tap.lanes,
				rows.hi-rows.lo, n, rows.size, cols.size, rows.tap*p.KernelW+cols.tap, p.KernelW-cols.size, value)
		}
	})
	return true
}
