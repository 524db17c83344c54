package data

import (
	"errors"
	"image"
	"image/color"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func grey(m image.Image, x, y int) uint8 { return m.At(x, y).(color.Gray).Y }

// darkest returns the darkest grey within a rectangle.
func darkest(m image.Image, r image.Rectangle) uint8 {
	dark := uint8(255)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			dark = min(dark, grey(m, x, y))
		}
	}
	return dark
}

func TestSheet(t *testing.T) {
	set := &images{12, 10, make([]uint8, 3*120), []uint8{0, 1, 0}, []string{"A", "-long name"}}
	set.pixels[120+3*10+7] = 255 // example 1, row 3, column 7
	set.pixels[240] = 51         // example 2, row 0, column 0
	sheet, err := Sheet(set, 5, 2)
	if err != nil {
		t.Fatal(err)
	}
	cell := image.Pt(10*zoom+columnGap, 12*zoom+13+rowGap)
	want := image.Pt(2*margin+2*cell.X-columnGap, 2*margin+2*cell.Y-rowGap)
	if sheet.Bounds().Size() != want {
		t.Fatalf("size %v, want %v", sheet.Bounds().Size(), want)
	}
	origin := func(row, col int) image.Point { return image.Pt(margin+col*cell.X, margin+row*cell.Y) }
	if p := origin(0, 1).Add(image.Pt(7*zoom, 3*zoom)); grey(sheet, p.X, p.Y) != 0 || grey(sheet, p.X+zoom-1, p.Y+zoom-1) != 0 || grey(sheet, p.X+zoom, p.Y) != 255 {
		t.Error("full ink is not black in its place")
	}
	if p := origin(1, 0); grey(sheet, p.X, p.Y) != 204 {
		t.Errorf("ink of 1/5 is %d, want 204", grey(sheet, p.X, p.Y))
	}
	captionOf := func(row, col int) image.Rectangle {
		return image.Rectangle{image.Pt(0, 12*zoom), image.Pt(10*zoom, 12*zoom+13)}.Add(origin(row, col))
	}
	for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}} {
		if darkest(sheet, captionOf(at[0], at[1])) != captionGrey.Y {
			t.Errorf("no caption at %v", at)
		}
	}
	if empty := (image.Rectangle{Max: cell}).Add(origin(1, 1)); darkest(sheet, empty) != 255 {
		t.Error("something is drawn where there is no example")
	}
	if beside := image.Rect(captionOf(0, 1).Max.X, 0, want.X, want.Y); darkest(sheet, beside) != 255 {
		t.Error("a long name leaves its cell")
	}
}

// shelf has examples that differ, and none from some place on.
type shelf struct {
	numbered
	end int
}

func (s shelf) Read(i int, x []float32) (int, error) {
	if i >= s.end {
		return 0, errBroken
	}
	return s.numbered.Read(i, x)
}

// How many goroutines read the examples does not show, nor which of several errors is met first.
func TestReadersOfASheet(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want, err := Sheet(shelf{60, 60}, 6, 10)
	if err != nil {
		t.Fatal(err)
	}
	for procs := 1; procs <= 4; procs++ {
		runtime.GOMAXPROCS(procs)
		for range 5 {
			if got, err := Sheet(shelf{60, 60}, 6, 10); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d processors: another sheet, %v", procs, err)
			}
			if _, err := Sheet(shelf{60, 30}, 6, 10); err == nil || err.Error() != "example 30: broken" {
				t.Errorf("%d processors: %v, want the error of example 30", procs, err)
			}
		}
	}
}

func TestSheetRefuses(t *testing.T) {
	grey := &images{2, 2, make([]uint8, 4), make([]uint8, 1), numbers(1)}
	for _, c := range []struct {
		set        Dataset
		rows, cols int
		want       string
	}{
		{grey, 0, 1, "0 rows"},
		{grey, 1, -1, "-1 columns"},
		{Limit(grey, 0), 1, 1, "0 examples"},
		{flat{1}, 1, 1, "shape [6]"},
		{plain{[]int{1, 1, 40000}, 1, nil}, 1, 1, "an image of 1×1×40000"},
		{plain{[]int{1, 9, 9}, 1 << 20, nil}, 1000, 1000, "19022×36018 pixels, want sides of at most 16000"},
		{broken{100, func() (int, error) { return 0, errBroken }}, 5, 5, "example 20: broken"},
	} {
		if _, err := Sheet(c.set, c.rows, c.cols); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestSheetInColours(t *testing.T) {
	pixels := make([]uint8, 3*10*12)
	pixels[0], pixels[120], pixels[240] = 200, 100, 50
	set, err := NewMemory([]int{3, 12, 10}, pixels, []int{0}, []string{"A"})
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := Sheet(set, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]color.RGBA{
		{margin, margin}: {200, 100, 50, 255}, {margin + zoom, margin}: {0, 0, 0, 255}, {0, 0}: {255, 255, 255, 255},
	} {
		if got := sheet.At(at.X, at.Y); got != want {
			t.Errorf("%v at %v, want %v", got, at, want)
		}
	}
}

// plain has images of one value, of a shape.
type plain struct {
	shape []int
	n     int
	value func(i int) float32
}

func (p plain) Len() int        { return p.n }
func (p plain) Shape() []int    { return p.shape }
func (plain) Classes() []string { return []string{"A"} }

func (p plain) Read(i int, x []float32) (int, error) {
	for k := range x {
		x[k] = p.value(i)
	}
	return 0, nil
}

// Examples are enlarged or made smaller, so that a sheet of many large ones can be looked at.
func TestSizesOfSheets(t *testing.T) {
	half := func(int) float32 { return 0.5 }
	for _, c := range []struct {
		shape      []int
		rows, cols int
		want       image.Point // of an example
	}{
		{[]int{1, 28, 28}, 12, 16, image.Pt(56, 56)},
		{[]int{3, 96, 128}, 12, 16, image.Pt(128, 96)},
		{[]int{3, 512, 512}, 2, 16, image.Pt(238, 238)},
		{[]int{1, 512, 256}, 40, 2, image.Pt(36, 72)},
		{[]int{1, 28, 28}, 100, 100, image.Pt(16, 16)},
		{[]int{1, 8, 8}, 150, 20, image.Pt(8, 8)},
		{[]int{1, 1, 20000}, 1, 1, image.Pt(3968, 1)},
	} {
		sheet, err := Sheet(plain{c.shape, c.rows * c.cols, half}, c.rows, c.cols)
		if err != nil {
			t.Errorf("%v: %v", c.shape, err)
			continue
		}
		want := image.Pt(2*margin+c.cols*(c.want.X+columnGap)-columnGap, 2*margin+c.rows*(c.want.Y+13+rowGap)-rowGap)
		if got := sheet.Bounds().Size(); got != want {
			t.Errorf("%d×%d of %v: a sheet of %v, want %v, examples of %v", c.rows, c.cols, c.shape, got, want, c.want)
		}
		last := want.Sub(image.Pt(margin+1, margin+13+1))
		if r, _, _, _ := sheet.At(last.X, last.Y).RGBA(); r>>8 != 128 {
			t.Errorf("%d×%d of %v: the last example's last pixel is %d, want 128", c.rows, c.cols, c.shape, r>>8)
		}
	}
}

// Only handwriting is drawn as ink, and all examples of a sheet alike.
func TestPhotosAreNoNegatives(t *testing.T) {
	photo, night := func(int) float32 { return 0.2 }, func(i int) float32 { return []float32{0.2, 0.6, 0}[i%3] }
	ink := func(i int) float32 { return float32(i % 2) }
	bright := func(int) float32 { return 0.11 }
	for name, c := range map[string]struct {
		value func(int) float32
		want  []uint8
	}{"photos": {photo, []uint8{51, 51}}, "with one at night": {night, []uint8{51, 153, 0}}, "ink, and its negative": {ink, []uint8{255, 0}}, "just no ink": {bright, []uint8{28}}} {
		sheet, err := Sheet(plain{[]int{1, 10, 10}, 6, c.value}, 1, 6)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got := grey(sheet, margin+i*(10*zoom+columnGap), margin); got != want {
				t.Errorf("%s: example %d is %d, want %d", name, i, got, want)
			}
		}
	}
}

type flat struct{ numbered }

func (flat) Shape() []int { return []int{6} }

var errBroken = errors.New("broken")

type coloured struct{ numbered }

func (coloured) Shape() []int { return []int{3, 2, 2} }
