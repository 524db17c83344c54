package kernel

// denseTaps are the terms of a product with a vector of 16 lanes, and of 8: the
// inputs lie one after the other, and chains.wStep leads through the weights.
var denseTaps, denseTapsHalf [mostTaps]tap

const mostTaps = 512

// denseOutput is the one position of such a product.
var denseOutput = []position{{}}

func init() {
	for i := range denseTaps {
		denseTaps[i].in, denseTapsHalf[i].in = int32(i*Lanes), int32(i*HalfLanes)
	}
}

// LinearLanes computes a linear layer of the images in 16 lanes, or 8:
// y[o] = bias[o] + sum over i of w[o][i] * x[i], for y [out][lanes],
// x [in][lanes] and w [out][in], each a chain of fused multiply-adds in the order
// of i. A nil bias is zero. The epilogue is applied to every output.
func LinearLanes[T Float](lanes, out, in int, y, x, w, bias []T, e Epilogue) {
	wantLen("y", len(y), out*lanes)
	wantLen("x", len(x), in*lanes)
	wantLen("w", len(w), out*in)
	if bias != nil {
		wantLen("bias", len(bias), out)
	}
	c := chains[T]{lanes: lanes, dst: y, dstRow: lanes, in: x, w: w, wRow: in, wStep: 1, start: bias, then: e}
	c.runDense(out, in)
}

// LinearInputLanes computes the gradient of a linear layer's input, of the images
// in 16 lanes, or 8: dx[i] = sum over o of w[o][i] * dy[o], for dx [in][lanes],
// dy [out][lanes] and w [out][in], each a chain of fused multiply-adds from zero
// in the order of o.
func LinearInputLanes[T Float](lanes, out, in int, dx, dy, w []T) {
	wantLen("dx", len(dx), in*lanes)
	wantLen("dy", len(dy), out*lanes)
	wantLen("w", len(w), out*in)
	c := chains[T]{lanes: lanes, dst: dx, dstRow: lanes, in: dy, w: w, wRow: 1, wStep: in}
	c.runDense(in, out)
}

// runDense computes the chains of some rows with terms one after the other.
func (c *chains[T]) runDense(rows, terms int) {
	then := c.then
	c.pos = denseOutput
	taps := denseTaps[:]
	if c.lanes == HalfLanes {
		taps = denseTapsHalf[:]
	}
	for {
		n := min(terms, mostTaps)
		terms -= n
		c.taps, c.then = taps[:n], None
		if terms == 0 {
			c.then = then
		}
		c.run(0, rows)
		if terms == 0 {
			return
		}
		c.in, c.w, c.goOn = c.in[n*c.lanes:], c.w[n*c.wStep:], true
	}
}
