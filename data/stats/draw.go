package stats

import (
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	barColour  = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	gridColour = color.Gray{0xe4}
)

// The picture's measures.
const (
	height   = 10 * vg.Centimeter
	least    = 16 * vg.Centimeter  // wide
	barWidth = 0.5 * vg.Centimeter // with the gap to the next
	upright  = 4                   // letters of the longest name that stands upright
)

// Draw writes a picture, as PNG, of the examples that there are of each class.
func (s *Stats) Draw(w io.Writer) error {
	values := make(plotter.Values, len(s.Counts))
	for i, n := range s.Counts {
		values[i] = float64(n)
	}
	bars, err := plotter.NewBarChart(values, 0.7*barWidth)
	if err != nil {
		return err
	}
	bars.Color, bars.LineStyle.Width = barColour, 0
	p := plot.New()
	p.Title.Text = "examples of each class"
	p.Title.Padding = vg.Points(6)
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridColour
	p.Add(grid, bars)
	p.NominalX(Readable(s.Classes)...)
	p.Y.Min = 0
	p.Y.Tick.Marker = plot.TickerFunc(wholeTicks)
	if longest(Readable(s.Classes)) > upright { // names of words are turned
		p.X.Tick.Label.Rotation = math.Pi / 3
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YCenter
	}
	width := max(least, vg.Length(len(s.Counts)+4)*barWidth)
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(100))
	pad := vg.Points(14)
	p.Draw(draw.Crop(draw.New(canvas), pad, -pad, pad, -pad))
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// wholeTicks marks round numbers of examples, which have no decimals.
func wholeTicks(lo, hi float64) (marks []plot.Tick) {
	for _, tick := range (plot.DefaultTicks{}).Ticks(lo, hi) {
		if tick.Label != "" && tick.Value == math.Trunc(tick.Value) {
			marks = append(marks, plot.Tick{Value: tick.Value, Label: strconv.FormatFloat(tick.Value, 'f', 0, 64)})
		}
	}
	return marks
}

func longest(names []string) (n int) {
	for _, name := range names {
		n = max(n, len([]rune(name)))
	}
	return n
}
