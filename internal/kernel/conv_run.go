package kernel

// ForwardScratch returns how many elements of scratch ConvForward needs.
func (p *ConvPlan) ForwardScratch() int { return p.X.Len() + p.Y.Len() + alignSlack }

// InputScratch returns how many elements of scratch ConvInput needs.
func (p *ConvPlan) InputScratch() int { return p.DX.Len() + p.Y.Len() + alignSlack }

// WeightScratch returns how many elements of scratch ConvWeight needs.
func (p *ConvPlan) WeightScratch() int {
	return p.X.Len() + p.Y.Len() + p.WeightLanesScratch() + alignSlack
}

// WeightLanesScratch returns how many elements of scratch ConvWeightLanes needs.
func (p *ConvPlan) WeightLanesScratch() int {
	return min(p.Shape.Filters, tileRows) * p.Shape.weights() * Lanes
}

// ConvForward computes the convolution of 0 to 16 images:
// y[n][o] = bias[o] + sum over (c, ky, kx) of w[o][c][ky][kx] * x[n][c], where
// each output is one chain of fused multiply-adds in that order, and taps in
// the padding take part as zeros. A nil bias is zero.
func ConvForward[T Float](p *ConvPlan, images int, y, x, w, bias, scratch []T) {
	scratch = aligned(scratch)
	xs, ys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.X, xs, images, x)
	ConvForwardLanes(p, ys, xs, w, bias)
	FromLanes(p.Y, y, images, ys)
}

// ConvInput computes the gradient of the input of 0 to 16 images: each element
// is one chain of fused multiply-adds from zero over (o, ky, kx), of the taps
// through which it reaches an output.
func ConvInput[T Float](p *ConvPlan, images int, dx, dy, w, scratch []T) {
	scratch = aligned(scratch)
	dxs, dys := cut(&scratch, p.DX.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.Y, dys, images, dy)
	ConvInputLanes(p, dxs, dys, w)
	FromLanes(p.DX, dx, images, dxs)
}

// ConvWeight stores in dw the gradient of the weights from one group of 0 to 16
// images: for each image a chain of fused multiply-adds from zero over the
// output's positions, row by row, and of these 16 numbers (zero for a missing
// image) the sum in a fixed tree: i and i+8, then i and i+4, i+2, i+1.
func ConvWeight[T Float](p *ConvPlan, images int, dw, x, dy, scratch []T) {
	scratch = aligned(scratch)
	xs, dys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.X, xs, images, x)
	ToLanes(p.Y, dys, images, dy)
	ConvWeightLanes(p, dw, xs, dys, scratch)
}

// ConvForwardLanes is ConvForward from a block X to a block Y.
func ConvForwardLanes[T Float](p *ConvPlan, y, x, w, bias []T) {
	s := p.Shape
	wantLen("y", len(y), p.Y.Len())
	wantLen("x", len(x), p.X.Len())
	wantLen("w", len(w), s.Filters*s.weights())
	if bias != nil {
		wantLen("bias", len(bias), s.Filters)
	}
	t := tile[T]{
		dst: y, dstRow: p.Y.plane(), pos: p.outputs,
		in: x, taps: p.inputs,
		w: w, wRow: s.weights(),
		start: bias,
	}
	t.run(s.Filters)
}

// ConvInputLanes is ConvInput from a block Y to a block DX.
func ConvInputLanes[T Float](p *ConvPlan, dx, dy, w []T) {
	s := p.Shape
	wantLen("dx", len(dx), p.DX.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("w", len(w), s.Filters*s.weights())
	for _, r := range p.regions {
		t := tile[T]{
			dst: dx, dstRow: p.DX.plane(), pos: r.inputs,
			in: dy, taps: r.taps,
			w: w, wRow: s.KernelH * s.KernelW,
		}
		t.run(s.Channels)
	}
}

// weightChunk is how many output positions the weight gradient takes before it
// goes on to the next weights, so that these rows of dy stay in the first cache.
const weightChunk = 48

// ConvWeightLanes is ConvWeight from blocks X and Y.
func ConvWeightLanes[T Float](p *ConvPlan, dw, x, dy, scratch []T) {
	s := p.Shape
	wantLen("dw", len(dw), s.Filters*s.weights())
	wantLen("x", len(x), p.X.Len())
	wantLen("dy", len(dy), p.Y.Len())
	wantLen("scratch", len(scratch), p.WeightLanesScratch())
	for o := 0; o < s.Filters; {
		rows := bandRows(s.Filters - o)
		sums := scratch[:rows*s.weights()*Lanes]
		t := tile[T]{
			dst: sums, dstRow: s.weights() * Lanes, pos: p.weights,
			in: x,
			w:  dy[o*p.Y.plane():], wRow: p.Y.plane(), wLanes: true,
		}
		for from := 0; from < len(p.pixels); from += weightChunk {
			t.taps = p.pixels[from:min(from+weightChunk, len(p.pixels))]
			t.band(rows)
			t.from = fromDst
		}
		sumLanes(dw[o*s.weights():][:rows*s.weights()], sums)
		o += rows
	}
}
