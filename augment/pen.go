package augment

// Element is the neighbourhood of which an erosion takes the darkest, a dilation
// the brightest pixel.
type Element uint8

// The neighbourhoods.
const (
	Cross  Element = iota // a pixel and its four neighbours
	Square                // and the four at its corners
)

var elements = []string{"cross", "square"}

func (Element) names() []string { return elements }

func (e Element) String() string { return nameOf(e, uint64(e)) }

// Erode makes what is bright thinner: on dark paper, the pen.
type Erode struct {
	Amount  Range   `set:"amount" of:"0..16" doc:"pixels taken from each side; for a fraction of a pixel, two results are mixed"`
	Element Element `set:"element" doc:"shape of the neighbourhood"`
}

// Dilate makes what is bright thicker.
type Dilate struct {
	Amount  Range   `set:"amount" of:"0..16" doc:"pixels added on each side; for a fraction of a pixel, two results are mixed"`
	Element Element `set:"element" doc:"shape of the neighbourhood"`
}

// PenWidth makes bright strokes thinner or thicker.
type PenWidth struct {
	Amount  Range   `set:"amount" of:"-16..16" one:"around 0" doc:"pixels on each side, taken away below 0, added above 0; for a fraction of a pixel, two results are mixed"`
	Element Element `set:"element" doc:"shape of the neighbourhood"`
}

var _ = register(Row{
	Name: "erode", Kind: Pen, Default: Erode{Amount: Range{0, 1}},
	Formula: "the smallest value of the neighbourhood, ⌊amount⌋ times; then x + rest·(smallest − x)", Draws: "1", Identity: "amount=0", Show: "amount=0.8",
})

var _ = register(Row{
	Name: "dilate", Kind: Pen, Default: Dilate{Amount: Range{0, 1}},
	Formula: "the largest value of the neighbourhood, ⌊amount⌋ times; then x + rest·(largest − x)", Draws: "1", Identity: "amount=0", Show: "amount=1",
})

var _ = register(Row{
	Name: "pen", Kind: Pen, Default: PenWidth{Amount: Within(0.5)},
	Formula: "erode by −amount, or dilate by amount", Draws: "1", Identity: "amount=0", Show: "amount=-0.5..-0.5",
})

// Apply implements Transform.
func (t Erode) Apply(dst, src *Image, w *Work) { t.Element.spread(dst, src, w, -t.Amount.draw(w)) }

// Apply implements Transform.
func (t Dilate) Apply(dst, src *Image, w *Work) { t.Element.spread(dst, src, w, t.Amount.draw(w)) }

// Apply implements Transform.
func (t PenWidth) Apply(dst, src *Image, w *Work) { t.Element.spread(dst, src, w, t.Amount.draw(w)) }

// spread dilates, or where the amount is negative erodes.
func (e Element) spread(dst, src *Image, w *Work, amount float64) {
	pick := larger
	if amount < 0 {
		pick, amount = smaller, -amount
	}
	now, next := w.take(), w.take()
	defer w.give()
	defer w.give()
	now.copyOf(src)
	for ; amount >= 1; amount-- {
		e.step(next, now, w, pick)
		now, next = next, now
	}
	e.step(next, now, w, pick)
	dst.like(src)
	for i, v := range now.Pix {
		dst.Pix[i] = lerp(v, next.Pix[i], float32(amount))
	}
}

func larger(a, b float32) float32  { return max(a, b) }
func smaller(a, b float32) float32 { return min(a, b) }

// step takes each pixel's neighbourhood once; beyond the border is nothing.
func (e Element) step(dst, src *Image, w *Work, pick func(a, b float32) float32) {
	dst.like(src)
	rows := w.take()
	defer w.give()
	rows.like(src)
	n := src.Width
	for c := range src.Channels {
		x, along, y := src.plane(c), rows.plane(c), dst.plane(c)
		for i, v := range x {
			if i%n > 0 {
				v = pick(v, x[i-1])
			}
			if i%n < n-1 {
				v = pick(v, x[i+1])
			}
			along[i] = v
		}
		above := x
		if e == Square {
			above = along
		}
		for i, v := range along {
			if i >= n {
				v = pick(v, above[i-n])
			}
			if i+n < len(x) {
				v = pick(v, above[i+n])
			}
			y[i] = v
		}
	}
}
