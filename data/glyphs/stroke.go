package glyphs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

type point struct{ x, y float64 }

// knot is a point that a stroke passes through, smoothly or with a corner.
type knot struct {
	point
	corner bool
}

// form is one way to write a character.
type form struct {
	weight  int
	strokes [][]knot
	center  point
	size    float64 // the longer side of its box
}

// parsed holds the forms of every label.
var parsed = parseCharacters()

func parseCharacters() (all [len(characters)][]form) {
	for label, c := range characters {
		for _, text := range c.forms {
			f, err := parseForm(text)
			if err != nil {
				panic(fmt.Sprintf("glyphs: form %q of %q: %v", text, c.name, err))
			}
			all[label] = append(all[label], f)
		}
	}
	return all
}

func parseForm(text string) (f form, err error) {
	weight, strokes, _ := strings.Cut(text, ":")
	if f.weight, err = strconv.Atoi(weight); err != nil {
		return form{}, err
	}
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for stroke := range strings.SplitSeq(strokes, "|") {
		var knots []knot
		for field := range strings.FieldsSeq(stroke) {
			k, err := parseKnot(field)
			if err != nil {
				return form{}, err
			}
			lo, hi = point{min(lo.x, k.x), min(lo.y, k.y)}, point{max(hi.x, k.x), max(hi.y, k.y)}
			knots = append(knots, k)
		}
		if len(knots) < 2 {
			return form{}, fmt.Errorf("stroke %q has fewer than 2 points", stroke)
		}
		f.strokes = append(f.strokes, knots)
	}
	f.center = point{(lo.x + hi.x) / 2, (lo.y + hi.y) / 2}
	f.size = max(hi.x-lo.x, hi.y-lo.y)
	return f, nil
}

func parseKnot(field string) (k knot, err error) {
	field, k.corner = strings.CutSuffix(field, "*")
	x, y, _ := strings.Cut(field, ",")
	if k.x, err = strconv.ParseFloat(x, 64); err != nil {
		return knot{}, err
	}
	k.y, err = strconv.ParseFloat(y, 64)
	return k, err
}

// trace returns points along the stroke through the knots: between neighbours
// a cubic Bézier curve whose handles reach a third of the way, so that uneven
// spacing makes no overshoot.
func trace(knots []knot) []point {
	const steps = 6
	path := make([]point, 0, steps*len(knots))
	path = append(path, knots[0].point)
	for i := range len(knots) - 1 {
		a, b := knots[i].point, knots[i+1].point
		reach := distance(a, b) / 3
		out, in := handle(knots, i, reach), handle(knots, i+1, -reach)
		for s := 1; s <= steps; s++ {
			path = append(path, bezier(a, out, in, b, float64(s)/steps))
		}
	}
	return path
}

// handle returns the point at a signed distance from knot i along the curve's
// direction there, which is that from its one neighbour to the other. At a
// corner and at an end there is none: the handle stays on the knot.
func handle(knots []knot, i int, reach float64) point {
	p := knots[i].point
	if i == 0 || i == len(knots)-1 || knots[i].corner {
		return p
	}
	before, after := knots[i-1].point, knots[i+1].point
	span := distance(before, after)
	if span == 0 {
		return p
	}
	return point{
		p.x + float64((after.x-before.x)/span*reach),
		p.y + float64((after.y-before.y)/span*reach),
	}
}

func bezier(a, b, c, d point, t float64) point {
	u := 1 - t
	wa, wb := float64(float64(u*u)*u), float64(3*float64(float64(u*u)*t))
	wc, wd := float64(3*float64(float64(t*t)*u)), float64(float64(t*t)*t)
	return point{
		float64(wa*a.x) + float64(wb*b.x) + float64(wc*c.x) + float64(wd*d.x),
		float64(wa*a.y) + float64(wb*b.y) + float64(wc*c.y) + float64(wd*d.y),
	}
}

func distance(a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}
