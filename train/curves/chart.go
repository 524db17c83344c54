package curves

import (
	"cmp"
	"errors"
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

// Chart is one picture of lines and points.
type Chart struct {
	Title      string
	X, Y       string // what the axes show
	LogX, LogY bool
	WholeX     bool     // the X axis counts
	Categories []string // the names of 0, 1, … on the X axis; nil: it has numbers
	Series     []Series
	Marks      []Mark
	FromZero   bool    // the Y axis begins at 0
	TopY       float64 // where the Y axis ends at most; 0: where the points do
	Legend     Corner
}

// Corner is where a legend stands.
type Corner int

// The corners there are.
const (
	Nowhere Corner = iota
	Above          // at the right, where the Y axis leaves room for it
	TopRight
	BottomRight
	BottomLeft
)

// Series is points that belong together, in the order of a line. Those that are not finite are left out, as are those that
// are not above 0 on a logarithmic axis.
type Series struct {
	Name   string
	X, Y   []float64
	Colour int  // a number for each
	Line   bool // joins the points
	Dashed bool
	Faint  bool
	Dots   bool
}

// Mark is a line up from a place on the X axis.
type Mark struct {
	Name   string
	X      float64
	Colour int
}

var gridColour = color.Gray{0xe4}

// palette has colours that are told apart by most eyes, on white: those of Okabe and Ito, darkened where they are light.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xb8, 0x86, 0x0b, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x70, 0x3b, 0xa0, 0xff}, {0x55, 0x55, 0x55, 0xff},
}

// Palette is how many colours there are before they come again.
var Palette = len(palette)

func colourOf(number int, faint bool) color.RGBA {
	c := palette[number%len(palette)]
	if faint { // half way to white
		c.R, c.G, c.B = 128+c.R/2, 128+c.G/2, 128+c.B/2
	}
	return c
}

// DrawCharts writes a picture, as PNG, of charts beside each other, in so many columns.
func DrawCharts(w io.Writer, columns int, charts []Chart) error {
	if len(charts) == 0 || columns < 1 {
		return errors.New("a picture of no charts: want at least one, in at least one column")
	}
	columns = min(columns, len(charts))
	rows := (len(charts) + columns - 1) / columns
	plots := make([][]*plot.Plot, rows)
	for i := range rows * columns {
		var p *plot.Plot
		if i < len(charts) {
			var err error
			if p, err = charts[i].plot(); err != nil {
				return err
			}
		}
		plots[i/columns] = append(plots[i/columns], p)
	}
	width, height := vg.Length(columns)*13*vg.Centimeter, vg.Length(rows)*10*vg.Centimeter
	if columns == 1 {
		width = 18 * vg.Centimeter
	}
	return writePNG(w, width, height, plots)
}

// writePNG writes a picture of plots in rows; nil leaves a place empty.
func writePNG(w io.Writer, width, height vg.Length, plots [][]*plot.Plot) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(100))
	pad := vg.Points(14)
	tiles := draw.Tiles{Rows: len(plots), Cols: len(plots[0]), PadX: 2 * pad, PadY: 2 * pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	for i, row := range plot.Align(plots, tiles, draw.New(canvas)) {
		for j, c := range row {
			if plots[i][j] != nil {
				plots[i][j].Draw(c)
			}
		}
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// newPlot returns an empty plot in this package's style.
func newPlot(title, x string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text = x
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.X.Padding, p.Y.Padding = 0, 0
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(6), vg.Points(6)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColour, gridColour
	p.Add(grid)
	return p
}

func (c Chart) plot() (*plot.Plot, error) {
	p := newPlot(c.Title, c.X)
	p.Y.Label.Text = c.Y
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(0), ticks(0)
	if c.WholeX {
		p.X.Tick.Marker = ticks(1)
	}
	for _, s := range c.Series {
		if err := c.add(p, s); err != nil {
			return nil, err
		}
	}
	for _, m := range c.Marks {
		if !c.shows(m.X, 1) {
			continue
		}
		line := &plotter.Line{XYs: plotter.XYs{{X: m.X, Y: p.Y.Min}, {X: m.X, Y: p.Y.Max}}}
		line.Color, line.Width, line.Dashes = colourOf(m.Colour, false), vg.Points(1.2), []vg.Length{vg.Points(5), vg.Points(3)}
		p.Add(line)
		if c.Legend != Nowhere {
			p.Legend.Add(m.Name, line)
		}
	}
	top := cmp.Or(c.TopY, math.Inf(1))
	p.Y.Max = min(p.Y.Max, top) // room is in proportion to what is shown
	setAxis(&p.X, c.LogX)
	setAxis(&p.Y, c.LogY)
	p.Y.Max = min(p.Y.Max, top)
	if c.FromZero {
		p.Y.Min = 0
	}
	if c.Legend == Above {
		c.leaveRoom(&p.Y)
	}
	if c.Categories != nil {
		p.X.Min, p.X.Max = -0.5, float64(len(c.Categories))-0.5
		p.X.Tick.Marker = categoryTicks(c.Categories)
	}
	c.placeLegend(&p.Legend)
	return p, nil
}

// leaveRoom lets an axis go on above its last mark, for a legend.
func (c Chart) leaveRoom(a *plot.Axis) {
	top, marks, lines := a.Max, a.Tick.Marker, len(c.Marks)
	for _, s := range c.Series {
		lines += min(1, len(s.Name))
	}
	a.Max += 0.06 * float64(lines) * (a.Max - a.Min)
	a.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick { return marks.Ticks(lo, top) })
}

func (c Chart) placeLegend(l *plot.Legend) {
	l.Top, l.Left = c.Legend == TopRight || c.Legend == Above, c.Legend == BottomLeft
	l.TextStyle.Font.Size = vg.Points(10)
	if l.Top {
		l.YOffs = -l.YOffs
	}
	if l.Left {
		l.XOffs = -l.XOffs
	}
}

// shows reports whether a point can be drawn.
func (c Chart) shows(x, y float64) bool {
	for _, v := range []struct {
		value float64
		log   bool
	}{{x, c.LogX}, {y, c.LogY}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) || v.log && v.value <= 0 {
			return false
		}
	}
	return true
}

func (c Chart) add(p *plot.Plot, s Series) error {
	var points plotter.XYs
	for i := range s.X {
		if c.shows(s.X[i], s.Y[i]) {
			points = append(points, plotter.XY{X: s.X[i], Y: s.Y[i]})
		}
	}
	if len(points) == 0 {
		return nil
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = colourOf(s.Colour, s.Faint), vg.Points(1.6)
	if s.Dashed {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
	}
	dots.Color, dots.Radius, dots.Shape = line.Color, vg.Points(2.2), draw.CircleGlyph{}
	var thumbs []plot.Thumbnailer
	if s.Line {
		p.Add(line)
		thumbs = append(thumbs, line)
	}
	if s.Dots {
		p.Add(dots)
		thumbs = append(thumbs, dots)
	}
	if c.Legend != Nowhere && s.Name != "" {
		p.Legend.Add(s.Name, thumbs...)
	}
	return nil
}

// setAxis leaves room around the points, and makes an axis logarithmic.
func setAxis(a *plot.Axis, log bool) {
	if math.IsInf(a.Min, 0) || math.IsInf(a.Max, 0) { // nothing is drawn
		a.Min, a.Max = 1, 2
	}
	if log {
		room := math.Pow(max(a.Max/a.Min, 1.2), 0.04)
		a.Min, a.Max = a.Min/room, a.Max*room
		a.Scale, a.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
		return
	}
	room := max(0.05*(a.Max-a.Min), 0.01*math.Abs(a.Max), 1e-6)
	a.Min, a.Max = a.Min-room, a.Max+room
}

// logTicks marks the powers of ten, and twice and five times these where there are few.
func logTicks(lo, hi float64) (marks []plot.Tick) {
	decades := math.Log10(hi / lo)
	for k := math.Floor(math.Log10(lo)); k <= math.Ceil(math.Log10(hi)); k++ {
		for digit := 1.0; digit < 10; digit++ {
			value := digit * math.Pow(10, k)
			if value < lo || value > hi {
				continue
			}
			label := ""
			if digit == 1 || decades < 2.5 && (digit == 2 || digit == 5) || decades < 0.7 {
				label = strconv.FormatFloat(value, 'g', 3, 64)
			}
			marks = append(marks, plot.Tick{Value: value, Label: label})
		}
	}
	return marks
}

// categoryTicks marks 0, 1, … by names.
func categoryTicks(names []string) plot.TickerFunc {
	return func(lo, hi float64) (marks []plot.Tick) {
		for i, name := range names {
			marks = append(marks, plot.Tick{Value: float64(i), Label: name})
		}
		return marks
	}
}
