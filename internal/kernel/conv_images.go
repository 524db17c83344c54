package kernel

// The three convolutions on images that lie one after the other, which are
// converted to and from blocks in scratch.

// ForwardScratch returns how many elements of scratch ConvForward needs.
func (p *ConvPlan) ForwardScratch() int { return p.X.Len() + p.Y.Len() + alignSlack }

// InputScratch returns how many elements of scratch ConvInput needs.
func (p *ConvPlan) InputScratch() int { return p.X.Len() + p.Y.Len() + alignSlack }

// WeightScratch returns how many elements of scratch ConvWeight needs.
func (p *ConvPlan) WeightScratch() int {
	return p.X.Len() + p.Y.Len() + p.WeightLanesScratch() + alignSlack
}

// ConvForward computes the convolution of 0 to 16 images:
// y[n][o] = bias[o] + sum over (c, ky, kx) of w[o][c][ky][kx] * x[n][c], where
// each output is one chain of fused multiply-adds in that order, of the taps
// that do not fall into the padding, and -0 becomes 0. A nil bias is zero. The
// epilogue is applied to every output.
func ConvForward[T Float](p *ConvPlan, images int, y, x, w, bias, scratch []T, e Epilogue) {
	scratch = aligned(scratch)
	xs, ys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.X, xs, images, x)
	ConvForwardLanes(p, ys, xs, w, bias, e)
	FromLanes(p.Y, y, images, ys)
}

// ConvInput computes the gradient of the input of 0 to 16 images: each element
// is one chain of fused multiply-adds from zero over (o, ky, kx), of the taps
// through which it reaches an output.
func ConvInput[T Float](p *ConvPlan, images int, dx, dy, w, scratch []T) {
	scratch = aligned(scratch)
	dxs, dys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.Y, dys, images, dy)
	ConvInputLanes(p, dxs, dys, w)
	FromLanes(p.X, dx, images, dxs)
}

// ConvWeight stores in dw the gradient of the weights from one group of 0 to 16
// images: for each image a chain of fused multiply-adds from zero over the
// output's positions, row by row, without the rows that the weight would take
// from padding (what columns of padding give is 0), and of these 16 numbers (zero
// for a missing image) the sum in a fixed tree: i and i+8, then i and i+4, i+2,
// i+1.
func ConvWeight[T Float](p *ConvPlan, images int, dw, x, dy, scratch []T) {
	scratch = aligned(scratch)
	xs, dys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	ToLanes(p.X, xs, images, x)
	ToLanes(p.Y, dys, images, dy)
	ConvWeightLanes(p, images, dw, xs, dys, scratch)
}
