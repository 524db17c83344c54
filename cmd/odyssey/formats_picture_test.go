package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	normalColour    = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	subnormalColour = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
	lineColour      = color.Gray{0xd0}
)

// drawFormats returns a picture, as PNG, of the values of all formats that are not of
// blocks, and of the elements that only blocks have.
func drawFormats(t *testing.T, all []format) []byte {
	t.Helper()
	var linear, logarithmic []scatter
	for _, f := range all {
		if f.Block > 0 && f.Element != "INT8" {
			continue
		}
		s := scatterOf(f)
		logarithmic = append(logarithmic, s)
		if f.Sign > 0 && f.Sign+f.Exponent+f.Mantissa <= 8 {
			linear = append(linear, s)
		}
	}
	top := panelOf("values as shares of the largest, linear", linear, true)
	top.X.Tick.Marker = plot.ConstantTicks(shares())
	top.X.Min, top.X.Max = -0.01, 1.09
	bottom := panelOf(fmt.Sprintf("values from 2^%d to 2^%d, logarithmic", lowest, highest), logarithmic, false)
	bottom.X.Tick.Marker = plot.ConstantTicks(powers())
	bottom.X.Min, bottom.X.Max = lowest, highest
	return paint(t, top, bottom, len(linear), len(logarithmic))
}

// The ends of the logarithmic line: BF16 and E8M0 go on, all others have room.
const lowest, highest = -26, 18

// scatter is the values of a format that are drawn.
type scatter struct {
	name            string
	largest, normal float64 // normal is the smallest normal value
	values          []float64
}

// scatterOf returns the finite values without sign.
func scatterOf(f format) scatter {
	s := scatter{name: f.Name, largest: f.Largest, normal: f.MinNormal}
	if f.Block > 0 {
		s.name = f.Element
	}
	for code := range 1 << (f.Exponent + f.Mantissa) {
		if v := float64(f.decode(code)); v <= f.Largest {
			s.values = append(s.values, v)
		}
	}
	return s
}

func panelOf(title string, rows []scatter, linear bool) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(4)
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
	}
	var names []plot.Tick
	for i, s := range rows {
		y := float64(len(rows) - 1 - i)
		names = append(names, plot.Tick{Value: y, Label: s.name})
		p.Add(ticked{s, y, linear})
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Tick.Length, p.Y.LineStyle.Width, p.Y.Padding, p.X.Padding = 0, 0, vg.Points(6), 0
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	return p
}

// ticked draws the values of a format as ticks on a line.
type ticked struct {
	scatter
	y      float64
	linear bool // from 0 to the largest value, or else from lowest to highest
}

// at returns where a value lies on the line.
func (r ticked) at(v float64) float64 {
	if r.linear {
		return v / r.largest
	}
	return math.Log2(v)
}

// Plot draws the line, and no more ticks than fill it.
func (r ticked) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	y, half := toY(r.y), vg.Points(7)
	from, to := p.X.Min, p.X.Max
	if r.linear {
		from, to = 0, 1
		r.label(c, p, toX(1), y)
	}
	c.StrokeLine2(draw.LineStyle{Color: lineColour, Width: vg.Points(0.75)}, toX(from), y, toX(to), y)
	last := vg.Length(math.Inf(-1))
	for _, v := range r.values {
		x := toX(r.at(v))
		if x < c.Min.X || x > c.Max.X || x-last < vg.Points(0.25) {
			continue
		}
		last = x
		c.StrokeLine2(draw.LineStyle{Color: r.colour(v), Width: vg.Points(0.75)}, x, y-half, x, y+half)
	}
}

func (s scatter) colour(v float64) color.Color {
	switch {
	case v == 0:
		return color.Black
	case v < s.normal:
		return subnormalColour
	default:
		return normalColour
	}
}

// label writes the largest value behind the end of a linear line, which is at x = 1.
func (r ticked) label(c draw.Canvas, p *plot.Plot, x, y vg.Length) {
	style := p.X.Tick.Label
	style.XAlign, style.YAlign = text.XLeft, text.YCenter
	c.FillText(style, vg.Point{X: x + vg.Points(6), Y: y}, power(r.largest))
}

// drawLegend says what the colours are, in one row at the upper right.
func drawLegend(c draw.Canvas, style text.Style) {
	x, y := c.Max.X, c.Max.Y-vg.Points(7)
	style.XAlign, style.YAlign = text.XRight, text.YCenter
	for _, e := range []struct {
		name string
		color.Color
	}{{"subnormal", subnormalColour}, {"normal", normalColour}, {"zero", color.Black}} {
		c.FillText(style, vg.Point{X: x, Y: y}, e.name)
		x -= style.Width(e.name) + vg.Points(6)
		c.StrokeLine2(draw.LineStyle{Color: e.Color, Width: vg.Points(2)}, x, y-vg.Points(5), x, y+vg.Points(5))
		x -= vg.Points(12)
	}
}

func shares() (marks []plot.Tick) {
	for i := range 11 {
		marks = append(marks, plot.Tick{Value: float64(i) / 10, Label: fmt.Sprintf("%.1f", float64(i)/10)})
	}
	return marks
}

func powers() (marks []plot.Tick) {
	for e := lowest + 2; e <= highest; e += 4 {
		marks = append(marks, plot.Tick{Value: float64(e), Label: fmt.Sprintf("2^%d", e)})
	}
	return marks
}

// paint draws the panels one above the other, with the same height for each row.
func paint(t *testing.T, top, bottom *plot.Plot, above, below int) []byte {
	t.Helper()
	const width, row, frame = 26 * vg.Centimeter, 0.85 * vg.Centimeter, 1.6 * vg.Centimeter
	upper, lower := vg.Length(above)*row+frame, vg.Length(below)*row+frame
	canvas := vgimg.NewWith(vgimg.UseWH(width, upper+lower), vgimg.UseDPI(100))
	whole, pad := draw.New(canvas), vg.Points(10)
	top.Draw(draw.Crop(whole, pad, -pad, lower+pad, -pad))
	drawLegend(draw.Crop(whole, pad, -pad, pad, -pad), top.X.Tick.Label)
	bottom.Draw(draw.Crop(whole, pad, -pad, pad, -upper-pad))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
