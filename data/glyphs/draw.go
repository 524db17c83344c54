package glyphs

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/random"
)

// The first elements of the paths of this package's random streams.
const (
	streamDraw  uint64 = 0x676c7970_00000001
	streamOrder uint64 = 0x676c7970_00000002
)

// Draw draws a character into the first 784 elements of dst, row by row, with
// ink 255 on paper 0. The pixels are a pure function of the arguments; another
// index gives another drawing. Draw panics if there is no such label or dst is
// shorter.
func Draw(dst []uint8, label int, seed uint64, index uint64) {
	if label < 0 || label >= len(characters) {
		panic(fmt.Sprintf("glyphs: Draw wants a label from 0 to %d, got %d", len(characters)-1, label))
	}
	if len(dst) < Size*Size {
		panic(fmt.Sprintf("glyphs: Draw wants room for %d pixels, got %d", Size*Size, len(dst)))
	}
	h := &hand{random.New(seed, streamDraw, uint64(label), index)}
	g := h.write(parsed[label])
	h.frame(&g)
	h.ink(dst[:Size*Size], &g)
}

// hand is the source of all that varies from one drawing to the next.
type hand struct{ *random.Stream }

// normal returns a draw of mean 0 and standard deviation sd. The sum of three
// uniform draws is near enough to the normal distribution, and keeps within
// three deviations.
func (h *hand) normal(sd float64) float64 {
	return float64((h.Float64() + h.Float64() + h.Float64() - 1.5) * float64(2*sd))
}

// drawing is a character written down: paths of the pen in the form's own units
// or, once framed, in pixels.
type drawing struct {
	paths [][]mark
	soft  float64 // width of the edge of the ink
}

// mark is a place the pen passed and the radius of the ink it left there.
type mark struct {
	point
	radius float64
}

// write chooses one of the forms and writes it by hand: no point is hit
// exactly, the letter leans, and the pen is pressed unevenly. The spreads here
// and below were chosen so that a network trained on the drawings alone reads
// real handwriting.
func (h *hand) write(forms []form) drawing {
	f := h.choose(forms)
	unit := f.size / 100 // 1 for a capital
	sloppy := float64(unit * h.Uniform(1, 7))
	rounds := h.Float64() < 0.15 // whether corners are cut
	bend := h.distortion(f)
	// A letter written small and enlarged to fill the frame is bold and blurred.
	zoom := h.Uniform(0.75, 1.3) + float64(0.35*h.Float64()*h.Float64())
	pen := float64(h.Uniform(4.5, 7.2) * float64(zoom*math.Sqrt(unit)))
	g := drawing{soft: float64(h.Uniform(3, 7) * zoom)}
	for _, stroke := range f.strokes {
		g.paths = append(g.paths, h.press(pen, bend.apply(trace(h.shake(stroke, sloppy, rounds)))))
	}
	return g
}

// choose picks a form by its weight.
func (h *hand) choose(forms []form) form {
	total := 0
	for _, f := range forms {
		total += f.weight
	}
	n := h.IntN(total)
	for _, f := range forms {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	panic("glyphs: the weights do not add up")
}

// shake moves the knots of a stroke by sd or so: each largely as the one before
// it, so that a stroke is misplaced and deformed more than it is crumpled.
func (h *hand) shake(stroke []knot, sd float64, rounds bool) []knot {
	shaken := make([]knot, len(stroke))
	drift := point{h.normal(sd), h.normal(sd)}
	for i, k := range stroke {
		drift.x = float64(0.5*drift.x) + h.normal(0.8*sd)
		drift.y = float64(0.5*drift.y) + h.normal(0.8*sd)
		shaken[i] = knot{point{k.x + drift.x, k.y + drift.y}, k.corner && !rounds}
	}
	return shaken
}

// press gives the points of a path the ink of a pen whose pressure rises or
// falls from its start to its end and is least or greatest midway.
func (h *hand) press(pen float64, path []point) []mark {
	pen *= 1 + h.normal(0.07)
	slope, bulge := h.normal(0.1), h.normal(0.08)
	marks := make([]mark, len(path))
	for i, p := range path {
		t := float64(2*float64(i)/float64(len(path)-1)) - 1
		pressure := 1 + float64(slope*t) + float64(bulge*(1-2*float64(t*t)))
		marks[i] = mark{p, float64(pen * pressure)}
	}
	return marks
}

// distortion is a smooth map of the plane: the letter's slant, rotation and
// proportions, and the warp by which handwriting is nowhere quite straight.
type distortion struct {
	center point
	scale  float64    // maps the form onto [-1,1]
	x, y   [9]float64 // coefficients of 1 u v u² uv v² u³ v³ u²v
}

func (h *hand) distortion(f form) distortion {
	d := distortion{center: f.center, scale: 2 / f.size}
	turn := h.normal(0.07) // the rotation's tangent
	cos := 1 / math.Sqrt(1+float64(turn*turn))
	sin := float64(turn * cos)
	wide := 1.22 + h.normal(0.22)
	slant := 0.18 + h.normal(0.26)
	d.x = [9]float64{0, float64(wide * cos), -(sin + float64(slant*cos))}
	d.y = [9]float64{0, float64(wide * sin), cos - float64(slant*sin)}
	for i := 3; i < len(d.x); i++ {
		d.x[i], d.y[i] = h.normal(0.09), h.normal(0.09)
	}
	return d
}

func (d distortion) apply(path []point) []point {
	for i, p := range path {
		u, v := float64((p.x-d.center.x)*d.scale), float64((p.y-d.center.y)*d.scale)
		uu, uv, vv := float64(u*u), float64(u*v), float64(v*v)
		basis := [9]float64{1, u, v, uu, uv, vv, float64(uu * u), float64(vv * v), float64(uu * v)}
		var x, y float64
		for j, b := range basis {
			x += float64(d.x[j] * b)
			y += float64(d.y[j] * b)
		}
		path[i] = point{x / d.scale, y / d.scale}
	}
	return path
}
