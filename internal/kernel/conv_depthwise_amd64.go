package kernel

import "unsafe"

// depthwiseLoop is a loop over columns, by how many there are at a time.
type depthwiseLoop [1 + wideRun]func(dst *float32, dstPlane int, in *float32, inPlane int, inRow int, w *float32, wPlane int,
	start *float32, gate *float32, gatePlane int, rows *int32, count int, repeats int, channels int, flags int)

var (
	depthwiseAVX512 = [...]depthwiseLoop{
		depthwiseForward: {1: depthwise1AVX512, 2: depthwise2AVX512, 3: depthwise3AVX512, 4: depthwise4AVX512,
			5: depthwise5AVX512, 6: depthwise6AVX512, 7: depthwise7AVX512, 8: depthwise8AVX512},
		depthwiseForwardStride: {1: depthwiseStride1AVX512, 2: depthwiseStride2AVX512, 3: depthwiseStride3AVX512, 4: depthwiseStride4AVX512,
			5: depthwiseStride5AVX512, 6: depthwiseStride6AVX512, 7: depthwiseStride7AVX512, 8: depthwiseStride8AVX512},
		depthwiseInput: {1: depthwiseInput1AVX512, 2: depthwiseInput2AVX512, 3: depthwiseInput3AVX512, 4: depthwiseInput4AVX512,
			5: depthwiseInput5AVX512, 6: depthwiseInput6AVX512, 7: depthwiseInput7AVX512, 8: depthwiseInput8AVX512},
		depthwiseInputStride: {1: depthwiseInputStride1AVX512, 2: depthwiseInputStride2AVX512, 3: depthwiseInputStride3AVX512, 4: depthwiseInputStride4AVX512,
			5: depthwiseInputStride5AVX512, 6: depthwiseInputStride6AVX512, 7: depthwiseInputStride7AVX512, 8: depthwiseInputStride8AVX512},
	}
	depthwiseAVX2 = [...]depthwiseLoop{ // for half of the lanes
		depthwiseForward:       {1: depthwise1AVX2, 2: depthwise2AVX2, 3: depthwise3AVX2, 4: depthwise4AVX2},
		depthwiseForwardStride: {1: depthwiseStride1AVX2, 2: depthwiseStride2AVX2, 3: depthwiseStride3AVX2, 4: depthwiseStride4AVX2},
		depthwiseInput:         {1: depthwiseInput1AVX2, 2: depthwiseInput2AVX2, 3: depthwiseInput3AVX2, 4: depthwiseInput4AVX2},
		depthwiseInputStride:   {1: depthwiseInputStride1AVX2, 2: depthwiseInputStride2AVX2, 3: depthwiseInputStride3AVX2, 4: depthwiseInputStride4AVX2},
	}
	depthwiseHalves = [...]depthwiseLoop{
		depthwiseForward:       {1: depthwise1Half, 2: depthwise2Half, 3: depthwise3Half, 4: depthwise4Half},
		depthwiseForwardStride: {1: depthwiseStride1Half, 2: depthwiseStride2Half, 3: depthwiseStride3Half, 4: depthwiseStride4Half},
		depthwiseInput:         {1: depthwiseInput1Half, 2: depthwiseInput2Half, 3: depthwiseInput3Half, 4: depthwiseInput4Half},
		depthwiseInputStride:   {1: depthwiseInputStride1Half, 2: depthwiseInputStride2Half, 3: depthwiseInputStride3Half, 4: depthwiseInputStride4Half},
	}
)

// The bits of the assembly's argument flags, beside those of chains.
const (
	flagLeft = 8 << iota
	flagRight
	flagOdd
)

// fast computes the channels [lo, hi) in assembly, or returns false. c has
// the whole tensors.
func (t *depthwiseTables) fast(c *chains[float32], inPlane, lo, hi int) bool {
	if active == portable {
		return false
	}
	loops, columns, halves := &depthwiseAVX512[t.kind], t.wide, 1
	switch {
	case c.lanes == HalfLanes:
		loops, columns = &depthwiseHalves[t.kind], t.narrow
	case active == avx2:
		loops, columns, halves = &depthwiseAVX2[t.kind], t.narrow, 2
	}
	common := chainFlags(false, c.then)
	t.eachRun(lo, hi, func(channel, channels int, rows []depthwiseRow) {
		var start, gate *float32
		if c.start != nil {
			start = &c.start[channel]
		}
		for i, r := range columns {
			flags := common
			if i == 0 && t.left {
				flags |= flagLeft
			}
			if i == len(columns)-1 && t.right {
				flags |= flagRight
			}
			if i == len(columns)-1 && t.odd {
				flags |= flagOdd
			}
			for half := range halves {
				at := r.first*t.pair*c.lanes + half*HalfLanes
				if c.gate != nil {
					gate = &c.gate[channel*c.gateRow+at]
				}
				loops[r.n](&c.dst[channel*c.dstRow+at], c.dstRow, &c.in[channel*inPlane+r.first*t.reads*c.lanes+half*HalfLanes], inPlane, t.inRow,
					&c.w[channel*c.wRow], c.wRow, start, gate, c.gateRow,
					(*int32)(unsafe.Pointer(&rows[0])), len(rows), r.repeats, channels, flags)
			}
		}
	})
	return true
}

// fastWeights sums the gradient of the weights of the channels [lo, hi) in assembly,
// or returns false.
func (t *depthwiseTables) fastWeights(p *ConvPlan, images int, dw, x, dy, scratch []float32, lo, hi int) bool {
	if active == portable {
		return false
	}
	lanes, weights := p.X.Images(), p.Shape.weights()
	for ; lo < hi; lo += someChannels {
		n := min(someChannels, hi-lo)
		sums := scratch
		if lanes == HalfLanes {
			sums = dw[lo*weights*lanes:]
		}
		sums = sums[:n*weights*lanes]
		t.sumWeights(p, sums, x, dy, lo, n)
		ClearLanes(sums, lanes, images)
		if lanes == Lanes {
			SumLanes(dw[lo*weights:][:n*weights], sums)
		}
	}
	return true
}

// sumWeights sums, for each lane, the gradient of the weights of n channels.
func (t *depthwiseTables) sumWeights(p *ConvPlan, sums, x, dy []float32, channel, n int) {
	loop, halves := depthwiseWeightAVX512, 1
	stride := t.kind == depthwiseWeightsStride
	switch half := p.X.Images() == HalfLanes; {
	case half && stride:
		loop = depthwiseWeightStrideHalf
	case half:
		loop = depthwiseWeightHalf
	case active == avx2 && stride:
		loop, halves = depthwiseWeightStrideAVX2, 2
	case active == avx2:
		loop, halves = depthwiseWeightAVX2, 2
	case stride:
		loop = depthwiseWeightStrideAVX512
	}
	for half := range halves {
		at := half * HalfLanes
		loop(&sums[at], &x[channel*p.X.Plane()+at], p.X.Plane(), t.inRow, &dy[channel*p.Y.Plane()+at], p.Y.Plane(),
			(*int32)(unsafe.Pointer(&t.rows[0])), len(t.rows), t.outputs/len(t.rows), n)
	}
}
