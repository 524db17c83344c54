package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/train"
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/details.html
	detailsHTML string
	//go:embed page/style.css
	styleCSS string
	//go:embed page/chart.js
	chartJS string
	//go:embed page/curves.js
	curvesJS string
	//go:embed page/tables.js
	tablesJS string
	//go:embed page/live.js
	liveJS string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": percent, "significant": significant, "count": count, "duration": duration, "bytes": byteCount,
	"times100": func(v float64) float64 { return 100 * v }, "shade": shade, "cell": cell, "when": when,
}).Parse(pageHTML + detailsHTML))

// script is one block, so that the policy that allows it needs no more than its hash.
var script = chartJS + curvesJS + tablesJS + liveJS

// policy is the page's Content-Security-Policy: nothing is loaded, and nothing runs but what this package
// has written. connect is what the script may talk to.
func policy(connect string) string {
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; connect-src %s; base-uri 'none'; form-action 'none'",
		hashOf(script), hashOf(styleCSS), connect)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// view is what the templates read.
type view struct {
	*Report
	Live   *liveView // nil in a file
	Policy string
	Style  template.CSS
	Script template.JS
	Curves any
}

// liveView is what a page that is served shows besides.
type liveView struct {
	Ended string `json:"ended"` // why; "": the run goes on
	Now   now    `json:"now"`
}

func newView(r *Report, live *liveView) *view {
	v := &view{Report: r, Live: live, Policy: policy("'none'"), Style: template.CSS(styleCSS), Script: template.JS(script), Curves: r.curves()}
	if live != nil {
		v.Policy = policy("'self'")
	}
	return v
}

// WriteHTML writes the report as a file that needs nothing beside it.
func (r *Report) WriteHTML(w io.Writer) error { return newView(r, nil).write(w) }

// write writes the page once it is whole.
func (v *view) write(w io.Writer) error {
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// fragment returns a part of the page.
func (v *view) fragment(name string) (string, error) {
	var b strings.Builder
	err := page.ExecuteTemplate(&b, name, v)
	return b.String(), err
}

// Best returns the best epoch, nil where none was finished.
func (v *view) Best() *train.Epoch { return v.Run.best() }

func (r Run) best() *train.Epoch {
	if len(r.Epochs) == 0 {
		return nil
	}
	best := train.BestOf(r.Epochs, r.tested())
	return &best
}

// Tested reports whether the run has a test set.
func (v *view) Tested() bool { return v.Run.tested() }

// Runs returns all of them.
func (v *view) Runs() []Run { return append([]Run{v.Run}, v.Others...) }

// Best returns the best epoch of a run, nil where none was finished.
func (r Run) Best() *train.Epoch { return r.best() }

// Last returns the last epoch, nil where none was finished.
func (v *view) Last() *train.Epoch {
	if len(v.Run.Epochs) == 0 {
		return nil
	}
	return &v.Run.Epochs[len(v.Run.Epochs)-1]
}

// Seconds returns how long the run has trained.
func (r Run) Seconds() (sum float64) {
	for _, e := range r.Epochs {
		sum += e.Seconds
	}
	return sum
}

// Throughput returns the images a second over all epochs.
func (r Run) Throughput() float64 {
	images := 0.0
	for _, e := range r.Epochs {
		images += e.ImagesPerSecond * e.Seconds
	}
	if s := r.Seconds(); s > 0 {
		return images / s
	}
	return 0
}

// State says how the run ended.
func (r Run) State() string {
	switch end := r.Record.End; {
	case end == nil:
		return "not ended"
	default:
		return end.Reason
	}
}

// mostRows of a table of epochs are as many as one reads.
const mostRows = 100

// Step is 1 where the table has all epochs, or else N: it has every N-th.
func (v *view) Step() int { return max(1, (len(v.Run.Epochs)+mostRows-1)/mostRows) }

// Rows returns the epochs of the table: every Step-th, the best and the last.
func (v *view) Rows() (rows []train.Epoch) {
	best, step := v.Best(), v.Step()
	for i, e := range v.Run.Epochs {
		if e.Epoch%step == 0 || i == len(v.Run.Epochs)-1 || e.Epoch == best.Epoch {
			rows = append(rows, e)
		}
	}
	return rows
}

// mostClasses of a matrix are as many as can be told apart.
const mostClasses = 120

// Matrix returns the confusion, unless it has too many classes to be a picture.
func (v *view) Matrix() *Confusion {
	if v.Confusion == nil || len(v.Confusion.Classes) > mostClasses {
		return nil
	}
	return v.Confusion
}

// Long reports whether names stand upright over the columns.
func (c *Confusion) Long() bool { return c.longest() > 2 }

// Fits reports whether a wide window shows the whole matrix.
func (c *Confusion) Fits() bool {
	const cell, letter, page = 23, 7, 1100 // pixels
	return cell*len(c.Classes)+letter*min(c.longest(), 18) < page+letter
}

func (c *Confusion) longest() (letters int) {
	for _, name := range c.Classes {
		letters = max(letters, utf8.RuneCountInString(name))
	}
	return letters
}

// shade is the class of a cell of the confusion matrix, by its share of the row.
func shade(row []int, class, guess int) string {
	n := row[guess]
	if n == 0 {
		return ""
	}
	share := float64(n) / float64(sum(row))
	kind, limits := "e", []float64{0.01, 0.02, 0.05, 0.1, 0.2}
	if class == guess {
		kind, limits = "d", []float64{0.5, 0.7, 0.8, 0.9, 0.95}
	}
	level := 0
	for level < len(limits) && share >= limits[level] {
		level++
	}
	return fmt.Sprint(kind, level)
}

// cell writes a count within a cell's width.
func cell(n int) string {
	switch {
	case n == 0:
		return ""
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprintf("%dM", n/1_000_000)
}

// Title is that of the page.
func (v *view) Title() string {
	s := v.Run.Record.Start.Settings
	if s.Data == "" {
		return cmp.Or(s.Model, "a network")
	}
	return cmp.Or(s.Model, "a network") + " on " + baseName(s.Data)
}
