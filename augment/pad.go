package augment

// Border says what lies beyond an image's border.
type Border uint8

// The borders.
const (
	Constant Border = iota // a fill value
	Edge                   // the outermost pixel
	Reflect                // the image mirrored, its outermost pixel not repeated
)

var borders = []string{"constant", "edge", "reflect"}

func (Border) names() []string { return borders }

func (b Border) String() string { return nameOf(b, uint64(b)) }

// index returns which of n pixels shows at place i, of any sign; -1 for the fill.
func (b Border) index(i, n int) int {
	switch {
	case i >= 0 && i < n:
		return i
	case n == 0 || b == Constant:
		return -1
	case b == Edge || n == 1:
		return min(max(i, 0), n-1)
	}
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

// Outside is what lies beyond an image's border.
type Outside struct {
	Border Border  `set:"border" doc:"what lies outside of the image"`
	Fill   float64 `set:"fill" of:"0..1" doc:"value outside of the image, for a constant border"`
}

// Pad adds pixels around an image.
type Pad struct {
	Left   int `set:"left" of:"0..4096" doc:"pixels added on that side"`
	Right  int `set:"right" of:"0..4096" doc:"pixels added on that side"`
	Top    int `set:"top" of:"0..4096" doc:"pixels added on that side"`
	Bottom int `set:"bottom" of:"0..4096" doc:"pixels added on that side"`
	Outside
}

var _ = register(Row{
	Name: "pad", Kind: Size, Default: Pad{Left: 2, Right: 2, Top: 2, Bottom: 2},
	Formula: "y[r, c] = x[r − top, c − left]", Draws: "0", Identity: "left=0,right=0,top=0,bottom=0", Show: "left=4,right=2,top=2,bottom=4,border=reflect",
})

// Apply implements Transform.
func (t Pad) Apply(dst, src *Image, w *Work) {
	t.window(dst, src, -t.Left, -t.Top, src.Height+t.Top+t.Bottom, src.Width+t.Left+t.Right)
}

// window cuts a rectangle out of an image, of which it may reach out.
func (o Outside) window(dst, src *Image, left, top, height, width int) {
	dst.Reset(src.Channels, height, width)
	for c := range src.Channels {
		from, to := src.plane(c), dst.plane(c)
		for y := range height {
			line := to[y*width:][:width]
			row := o.Border.index(top+y, src.Height)
			if row < 0 || src.Width == 0 {
				fill(line, float32(o.Fill))
				continue
			}
			o.windowLine(line, from[row*src.Width:][:src.Width], left)
		}
	}
}

func (o Outside) windowLine(dst, src []float32, left int) {
	// Columns lo to hi-1 lie in the image.
	lo := min(max(0, -left), len(dst))
	hi := max(lo, min(len(dst), len(src)-left))
	for x := range lo {
		dst[x] = o.value(src, left+x)
	}
	if lo < hi {
		copy(dst[lo:hi], src[left+lo:])
	}
	for x := hi; x < len(dst); x++ {
		dst[x] = o.value(src, left+x)
	}
}

func (o Outside) value(src []float32, i int) float32 {
	if i = o.Border.index(i, len(src)); i >= 0 {
		return src[i]
	}
	return float32(o.Fill)
}
