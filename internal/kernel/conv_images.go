package kernel

// The three convolutions on images that lie one after the other, which are
// converted to and from blocks in scratch.

// ForwardScratch returns how many elements of scratch ConvForward needs.
func (p *ConvPlan) ForwardScratch() int { return p.X.Len() + p.Y.Len() + alignSlack }

// InputScratch returns how many elements of scratch ConvInput needs.
func (p *ConvPlan) InputScratch() int { return p.X.Len() + p.Y.Len() + alignSlack }

// WeightScratch returns how many elements of scratch ConvWeight needs.
func (p *ConvPlan) WeightScratch() int {
	return p.X.Len() + p.Y.Len() + p.bareX().Len() + p.WeightLanesScratch() + alignSlack
}

// ConvForward computes the convolution of 0 to 16 images:
// y[n][o] = bias[o] + sum over (c, ky, kx) of w[o][c][ky][kx] * x[n][c], where
// each output is one chain of fused multiply-adds in that order, of the taps
// that do not fall into the padding, and -0 becomes 0. A nil bias is zero. The
// epilogue is applied to every output.
func ConvForward[T Float](p *ConvPlan, images int, y, x, w, bias, scratch []T, e Epilogue) {
	scratch = aligned(scratch)
	xs, ys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	toLanes(p.X, xs, images, x, p.XStep, 0, p.X.Channels)
	ConvForwardLanes(p, ys, xs, w, bias, e)
	fromLanes(p.Y, y, images, ys, p.YStep, 0, p.Y.Channels)
}

// ConvInput computes the gradient of the input of 0 to 16 images: each element
// is one chain of fused multiply-adds from zero over (o, ky, kx), of the taps
// through which it reaches an output.
func ConvInput[T Float](p *ConvPlan, images int, dx, dy, w, scratch []T) {
	scratch = aligned(scratch)
	dxs, dys := cut(&scratch, p.X.Len()), cut(&scratch, p.Y.Len())
	toLanes(p.Y, dys, images, dy, p.YStep, 0, p.Y.Channels)
	ConvInputLanes(p, dxs, dys, w)
	fromLanes(p.X, dx, images, dxs, p.XStep, 0, p.X.Channels)
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
	if bare := p.bareX(); bare.Len() > 0 {
		all := cut(&scratch, bare.Len())
		toLanes(bare, all, images, x, p.XStep, 0, bare.Channels)
		ClearBorder(p.X, xs)
		CopyBlock(p.X, xs, bare, all)
	} else {
		toLanes(p.X, xs, images, x, p.XStep, 0, p.X.Channels)
	}
	toLanes(p.Y, dys, images, dy, p.YStep, 0, p.Y.Channels)
	ConvWeightLanes(p, images, dw, xs, dys, scratch)
}

// bareX returns the layout that images go through on their way to a block whose rows
// are too short to be transposed one by one; an empty one otherwise.
func (p *ConvPlan) bareX() Block {
	if p.X.Width >= Lanes || p.X.Left+p.X.Right == 0 {
		return Block{}
	}
	return Block{Channels: p.X.Channels, Height: p.X.Height, Width: p.X.Width, Lanes: p.X.Lanes}
}
