package kernel

// denseTaps are the terms of a product with a vector of lanes: the inputs lie
// one after the other, and chains.wStep leads through the weights.
var denseTaps [512]tap

// denseOutput is the one position of such a product.
var denseOutput = []position{{}}

func init() {
	for i := range denseTaps {
		denseTaps[i].in = int32(i * Lanes)
	}
}

// LinearLanes computes a linear layer of 16 images in the lanes:
// y[o] = bias[o] + sum over i of w[o][i] * x[i], for y [out][16], x [in][16] and
// w [out][in], each a chain of fused multiply-adds in the order of i. A nil bias
// is zero. The epilogue is applied to every output.
func LinearLanes[T Float](out, in int, y, x, w, bias []T, e Epilogue) {
	wantLen("y", len(y), out*Lanes)
	wantLen("x", len(x), in*Lanes)
	wantLen("w", len(w), out*in)
	if bias != nil {
		wantLen("bias", len(bias), out)
	}
	c := chains[T]{dst: y, dstRow: Lanes, in: x, w: w, wRow: in, wStep: 1, start: bias, then: e}
	c.runDense(out, in)
}

// LinearInputLanes computes the gradient of a linear layer's input, of 16 images
// in the lanes: dx[i] = sum over o of w[o][i] * dy[o], for dx [in][16],
// dy [out][16] and w [out][in], each a chain of fused multiply-adds from zero in
// the order of o.
func LinearInputLanes[T Float](out, in int, dx, dy, w []T) {
	wantLen("dx", len(dx), in*Lanes)
	wantLen("dy", len(dy), out*Lanes)
	wantLen("w", len(w), out*in)
	c := chains[T]{dst: dx, dstRow: Lanes, in: dy, w: w, wRow: 1, wStep: in}
	c.runDense(in, out)
}

// runDense computes the chains of some rows with terms one after the other.
func (c *chains[T]) runDense(rows, terms int) {
	then := c.then
	c.pos = denseOutput
	for {
		n := min(terms, len(denseTaps))
		terms -= n
		c.taps, c.then = denseTaps[:n], None
		if terms == 0 {
			c.then = then
		}
		c.run(0, rows)
		if terms == 0 {
			return
		}
		c.in, c.w, c.goOn = c.in[n*Lanes:], c.w[n*c.wStep:], true
	}
}
