package augment

import "math"

// Perspective shows an image as if it were seen from the side: each corner moves
// inwards.
type Perspective struct {
	Distortion float64 `set:"distortion" of:"0..1" doc:"largest move of a corner, as a fraction of half the width and height"`
	Sampling
}

var _ = register(Row{
	Name: "perspective", Kind: Geometry, Default: Perspective{Distortion: 0.3},
	Formula: "p = (a·x + b·y + c, d·x + e·y + f)/(g·x + h·y + 1), which takes each corner inwards by up to distortion/2 of the size",
	Draws:   "8", Identity: "distortion=0", Show: "distortion=0.7",
})

// Apply implements Transform.
func (t Perspective) Apply(dst, src *Image, w *Work) {
	var moves [8]float64
	for i := range moves {
		moves[i] = w.Random.Uniform(0, t.Distortion/2)
	}
	t.warp(dst, src, w, cornersAfter(moves, float64(src.Height), float64(src.Width)))
}

// corners are the points that become an image's corners, from the upper left on
// clockwise, in pixels from the upper left corner.
type corners [4][2]float64

func cornersAfter(moves [8]float64, h, w float64) corners {
	return corners{
		{moves[0] * w, moves[1] * h},
		{w - float64(moves[2]*w), moves[3] * h},
		{w - float64(moves[4]*w), h - float64(moves[5]*h)},
		{moves[6] * w, h - float64(moves[7]*h)},
	}
}

func (t Perspective) warp(dst, src *Image, w *Work, to corners) {
	dst.like(src)
	width, height := float64(src.Width), float64(src.Height)
	m, ok := projection(to, corners{{0, 0}, {width, 0}, {width, height}, {0, height}})
	if !ok { // the corners are on a line, as those of an empty image are
		fill(dst.Pix, float32(t.Fill))
		return
	}
	scratch := w.take()
	defer w.give()
	for c := range src.Channels {
		from := t.sampler(scratch, src, c)
		plane := dst.plane(c)
		for y := range dst.Height {
			for x := range dst.Width {
				plane[y*dst.Width+x] = from.near(m.at(float64(x)+0.5, float64(y)+0.5))
			}
		}
	}
}

// near returns the value at a place given in pixels from the corner, which may
// be any number.
func (s *sampler) near(x, y float64) float32 {
	if !(math.Abs(x) < 1<<20 && math.Abs(y) < 1<<20) {
		return s.fill
	}
	return s.at(fixed(x-0.5), fixed(y-0.5))
}

// homography maps (x, y) to (m[0]·x + m[1]·y + m[2], m[3]·x + m[4]·y + m[5]) /
// (m[6]·x + m[7]·y + 1).
type homography [8]float64

func (m *homography) at(x, y float64) (float64, float64) {
	z := float64(m[6]*x) + float64(m[7]*y) + 1
	return (float64(m[0]*x) + float64(m[1]*y) + m[2]) / z, (float64(m[3]*x) + float64(m[4]*y) + m[5]) / z
}

// projection returns the homography that takes four points to four others, and
// false where there is none.
func projection(from, to corners) (homography, bool) {
	var a [8][9]float64 // a system of equations, with its right side
	for i, p := range from {
		x, y, u, v := p[0], p[1], to[i][0], to[i][1]
		a[2*i] = [9]float64{x, y, 1, 0, 0, 0, -x * u, -y * u, u}
		a[2*i+1] = [9]float64{0, 0, 0, x, y, 1, -x * v, -y * v, v}
	}
	for col := range 8 {
		best := col
		for r := col + 1; r < 8; r++ {
			if math.Abs(a[r][col]) > math.Abs(a[best][col]) {
				best = r
			}
		}
		if math.Abs(a[best][col]) < 1e-9 {
			return homography{}, false
		}
		a[col], a[best] = a[best], a[col]
		for r := range 8 {
			if r != col {
				subtract(&a[r], &a[col], col)
			}
		}
	}
	var m homography
	for i := range m {
		m[i] = a[i][8] / a[i][i]
	}
	return m, true
}

// subtract takes from a row as much of another as makes its element of a column
// 0.
func subtract(row, other *[9]float64, col int) {
	factor := row[col] / other[col]
	for k := range row {
		row[k] -= float64(factor * other[k])
	}
}
