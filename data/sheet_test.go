package data

import (
	"errors"
	"image"
	"image/color"
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

type flat struct{ numbered }

func (flat) Shape() []int { return []int{6} }

var errBroken = errors.New("broken")

type coloured struct{ numbered }

func (coloured) Shape() []int { return []int{3, 2, 2} }
