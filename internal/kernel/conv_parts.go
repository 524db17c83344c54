package kernel

// A convolution of one block is cut into parts that can run at once and in any
// order. A part is small enough for the second cache, and where a block has
// work for it, there are enough parts for several processors. Which part
// computes an output does not show in its bits.

const (
	cacheBytes = 1 << 20 // of the second cache, for inputs that are used again and again
	chainDepth = 320     // taps computed before going on to the next positions
	partTerms  = 1 << 15 // vectors of multiply-adds below which a part is not worth its own start
	largeTerms = 1 << 18 // and above which it is cut further
	flatTerms  = 1 << 13 // partTerms where nothing but the part is waited for: an image by itself
	manyParts  = 16      // as many as there need be for processors' sake
	longest    = 1024    // positions in a part: assembly cannot be preempted
)

// pieces cuts n things into count pieces, whose ends are multiples of unit, and
// returns piece i.
func pieces(n, unit, count, i int) (lo, hi int) {
	units := (n + unit - 1) / unit
	return min(units*i/count*unit, n), min(units*(i+1)/count*unit, n)
}

// mostRows returns the most rows of a piece, where count pieces are cut.
func mostRows(n, count int) (most int) {
	for i := range count {
		lo, hi := pieces(n, 6, count, i)
		most = max(most, hi-lo)
	}
	return most
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// rowsInCache returns how many rows of outputs of a convolution with a kernel
// of some height have inputs, of channels that lie in the layout b, which fit
// the cache.
func rowsInCache(b Block, channels, kernelH, stride int) int {
	row := channels * b.row() * 4
	return max(1, (cacheBytes/row-kernelH)/stride+1)
}

// partition is a way to cut rows of weights, and positions, in pieces.
type partition struct {
	groups          int
	rows, positions int // pieces of each group's
}

func (p partition) parts() int { return p.groups * p.rows * p.positions }

// part returns the group and the pieces of a part. Neighbours have the same
// positions: pieces of rows are not equal, and each processor gets all of them.
func (p partition) part(i int) (group, row, position int) {
	return i / (p.rows * p.positions), i % p.rows, i / p.rows % p.positions
}

// wanted returns how many parts a group with some terms wants for the
// processors' sake.
func (s ConvShape) wanted() int {
	return max(1, min(ceil(manyParts, s.groups()), s.terms()/partTerms))
}

// cutWeight cuts a group's filters into pieces of about 32, and the weights of
// a filter into pieces of about 144: their sums fit the cache.
func (s ConvShape) cutWeight() partition {
	filters, weights := ceil(s.filters(), 36), ceil(s.weights(), 144)
	if have := filters * weights; have < s.wanted() {
		weights = min(weights*ceil(s.wanted(), have), ceil(s.weights(), 8))
	}
	return partition{s.groups(), filters, weights}
}

// deal cuts stretches into shorter ones, of at most so many places, and deals
// these out to parts of about equal work. Where that leaves much work to each, the
// rows are cut too: few large parts do not come out even.
func (t *partTables) deal(s ConvShape, rows int, stretches []stretch, most func(r stretch) int) {
	work := 0
	for _, r := range stretches {
		work += len(r.places) * len(r.taps)
	}
	share := ceil(max(work, 1), s.wanted())
	var parts [][]stretch
	left := 0
	for _, r := range stretches {
		most := most(r)
		for rest := r.places; len(rest) > 0; {
			if left <= 0 {
				parts, left = append(parts, nil), share
			}
			fit := max(left/max(len(r.taps), 1)/4*4, 4)
			n := min(len(rest), most, fit)
			last := len(parts) - 1
			parts[last] = append(parts[last], stretch{rest[:n], r.taps})
			rest = rest[n:]
			left -= n * len(r.taps)
		}
	}
	t.parts, t.groups, t.rows = parts, s.groups(), rows
	t.rowPieces = max(1, min(ceil(rows, 24), share*rows/largeTerms))
}

// count returns how many parts there are.
func (t *partTables) count() int {
	if t.depthwise != nil {
		return t.depthwise.pieces()
	}
	return t.groups * len(t.parts) * t.rowPieces
}

// part returns the group, the rows and the places of a part. Neighbours read the
// same inputs.
func (t *partTables) part(i int) (group, lo, hi int, stretches []stretch) {
	lo, hi = pieces(t.rows, 6, t.rowPieces, i%t.rowPieces)
	i /= t.rowPieces
	return i / len(t.parts), lo, hi, t.parts[i%len(t.parts)]
}

// mostPlaces returns how many places a stretch may have for what they read, of
// channels that lie in the layout b, to come from the cache. A row has width
// places, and reads kernelH rows.
func mostPlaces(b Block, channels int, r stretch, kernelH, stride, width int) int {
	perChannel := max(1, len(r.taps)/channels)
	some := ceil(min(len(r.taps), chainDepth), perChannel)
	return min(rowsInCache(b, max(1, some), kernelH, stride)*width, longest)
}
