package stats

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/data"
)

func set(t *testing.T, shape []int, values []float32, labels ...int) data.Dataset {
	t.Helper()
	s, err := data.NewMemory(shape, values, labels, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOf(t *testing.T) {
	s, err := Of(t.Context(), set(t, []int{2, 1, 2}, []float32{0, 1, 0.5, 0.5, 1, 0, 0.5, 0.5}, 2, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Mean, []float64{0.5, 0.5}) || !slices.Equal(s.Std, []float64{0.5, 0}) || !slices.Equal(s.Counts, []int{1, 0, 1}) || s.Min != 0 || s.Max != 1 {
		t.Errorf("%+v", s)
	}
	flat, err := Of(t.Context(), set(t, []int{2}, []float32{-1, 3}, 1))
	if err != nil || !slices.Equal(flat.Mean, []float64{1}) || !slices.Equal(flat.Std, []float64{2}) {
		t.Errorf("%+v, %v", flat, err)
	}
	if _, err := Of(t.Context(), data.Limit(set(t, []int{1}, []float32{1}, 0), 0)); err == nil {
		t.Error("no examples: no error")
	}
	if _, err := Of(t.Context(), set(t, []int{1}, []float32{float32(math.NaN())}, 0)); err == nil || err.Error() != "example 0: value 0 is NaN, want a finite number" {
		t.Errorf("NaN: %v", err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Of(done, set(t, []int{1}, []float32{1}, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Values that lie close together far from 0, also after one that does not.
func TestDeviationFarFromZero(t *testing.T) {
	const n = 1000
	for _, shape := range [][]int{{1}, {50}} {
		var values []float32
		for i := range n * shape[0] {
			values = append(values, 1e6+float32(i%2))
		}
		labels := make([]int, n)
		s, err := Of(t.Context(), set(t, shape, values, labels...))
		if err != nil || math.Abs(s.Mean[0]-1000000.5) > 1e-6 || math.Abs(s.Std[0]-0.5) > 1e-6 {
			t.Errorf("mean %v, deviation %v, %v, want 1000000.5 and 0.5", s.Mean, s.Std, err)
		}
	}
}

type mislabelled struct{ data.Dataset }

func (m mislabelled) Read(i int, x []float32) (int, error) {
	label, err := m.Dataset.Read(i, x)
	if i == 2 {
		label = 3
	}
	if i == 3 {
		err = errors.New("unreadable")
	}
	return label, err
}

func TestVerify(t *testing.T) {
	inf := float32(math.Inf(1))
	s := mislabelled{set(t, []int{1, 1, 2}, []float32{0, 1, 1, inf, 0, 0, 0, 0, 0.5, 1.5}, 0, 0, 0, 0, 0)}
	var found []string
	wrong, err := Verify(t.Context(), s, func(i int, err error) { found = append(found, err.Error()) })
	want := []string{"value 1 is +Inf, want a finite number", "label 3, want one of the set's 3 classes", "unreadable", "value 1 is 1.5, want a pixel from 0 to 1"}
	if err != nil || wrong != 4 || !slices.Equal(found, want) {
		t.Errorf("%d wrong, %q, %v", wrong, found, err)
	}
	if wrong, _ := Verify(t.Context(), set(t, []int{1}, []float32{7}, 0), func(int, error) {}); wrong != 0 {
		t.Error("numbers that are no pixels may be of any size")
	}
}

func TestDraw(t *testing.T) {
	for _, names := range [][]string{{"a", "b"}, {"aquarium_fish", "large_man-made_outdoor_things"}, {"\n", " "}} {
		s := &Stats{Classes: names, Counts: []int{100, 50}}
		var b bytes.Buffer
		if err := s.Draw(&b); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		heights := barHeights(picture)
		if len(heights) != 2 || heights[0] < 100 || math.Abs(float64(heights[0])-2*float64(heights[1])) > 3 {
			t.Errorf("%s: bars of %v pixels, want two, the first twice as high as the second", strings.Join(names, ", "), heights)
		}
	}
}

// barHeights returns the pixels of each bar's height, from left to right.
func barHeights(picture image.Image) (heights []int) {
	within := false
	for x := range picture.Bounds().Dx() {
		blue := 0
		for y := range picture.Bounds().Dy() {
			if color.RGBAModel.Convert(picture.At(x, y)) == barColour {
				blue++
			}
		}
		if blue > 0 && !within {
			heights = append(heights, 0)
		}
		if within = blue > 0; within {
			heights[len(heights)-1] = max(heights[len(heights)-1], blue)
		}
	}
	return heights
}

func TestReadable(t *testing.T) {
	got := Readable([]string{"a", "\n", " ", "\t", "big cat", "å", `\`, `"`, ""})
	if want := []string{"a", `"\n"`, `" "`, `"\t"`, "big cat", "å", `\`, `"`, `""`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
