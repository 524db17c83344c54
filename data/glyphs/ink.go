package glyphs

import "math"

// frame scales and moves a drawing so that its longer side fills the image up
// to a margin of about two pixels and its middle is the image's, as EMNIST's
// images are made.
func (h *hand) frame(g *drawing) {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, path := range g.paths {
		for _, m := range path {
			lo = point{min(lo.x, m.x-m.radius), min(lo.y, m.y-m.radius)}
			hi = point{max(hi.x, m.x+m.radius), max(hi.y, m.y+m.radius)}
		}
	}
	scale := (Size - 2*h.Uniform(1.7, 3)) / max(hi.x-lo.x, hi.y-lo.y)
	left := Size/2 - float64(scale*(lo.x+hi.x)/2) + h.normal(0.3)
	top := Size/2 - float64(scale*(lo.y+hi.y)/2) + h.normal(0.3)
	for _, path := range g.paths {
		for i, m := range path {
			path[i] = mark{point{left + float64(scale*m.x), top + float64(scale*m.y)}, float64(scale * m.radius)}
		}
	}
	g.soft = 1.3 + float64(scale*g.soft)
}

// ink renders a drawing: the ink of a pixel depends on how far its centre lies
// inside the nearest stroke, by a smooth step as wide as the drawing's edge.
func (h *hand) ink(dst []uint8, g *drawing) {
	var depth [Size * Size]float64
	for i := range depth {
		depth[i] = math.Inf(-1)
	}
	for _, path := range g.paths {
		for i := range len(path) - 1 {
			sweep(&depth, path[i], path[i+1], g.soft)
		}
	}
	rough, full := h.Uniform(0, 0.3), h.Uniform(1, 1.15)
	for i, d := range depth {
		dst[i] = 0
		if d <= -g.soft {
			continue
		}
		d += float64(rough * (h.Float64() - 0.5))
		t := min(max(0.5+d/g.soft, 0), 1)
		v := float64(float64(t*t) * (3 - 2*t) * full)
		dst[i] = uint8(min(math.Floor(float64(v*255)+0.5), 255))
	}
}

// sweep raises the depth of the pixels near the segment from a to b to how far
// they lie inside its ink; outside the ink the depth is negative.
func sweep(depth *[Size * Size]float64, a, b mark, soft float64) {
	reach := max(a.radius, b.radius) + soft
	x0, x1 := pixels(min(a.x, b.x)-reach, max(a.x, b.x)+reach)
	y0, y1 := pixels(min(a.y, b.y)-reach, max(a.y, b.y)+reach)
	dx, dy := b.x-a.x, b.y-a.y
	inverse := 1 / max(float64(dx*dx)+float64(dy*dy), 1e-12)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			px, py := float64(x)+0.5-a.x, float64(y)+0.5-a.y
			t := min(max(float64((float64(px*dx)+float64(py*dy))*inverse), 0), 1)
			ox, oy := px-float64(t*dx), py-float64(t*dy)
			radius := a.radius + float64(t*(b.radius-a.radius))
			d := radius - math.Sqrt(float64(ox*ox)+float64(oy*oy))
			depth[y*Size+x] = max(depth[y*Size+x], d)
		}
	}
}

// pixels returns the range of pixel numbers that a span from lo to hi touches.
func pixels(lo, hi float64) (first, end int) {
	return int(max(math.Floor(lo), 0)), int(min(math.Ceil(hi), Size))
}
