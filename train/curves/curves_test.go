package curves

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

func curve(n int, evaluated bool) (epochs []train.Epoch) {
	for i := range n {
		e := train.Epoch{Epoch: i + 1, TrainLoss: 2 / float64(i+1), TrainAccuracy: 1 - 0.5/float64(i+1)}
		if evaluated {
			e.TestLoss, e.TestAccuracy = e.TrainLoss+0.2, e.TrainAccuracy-0.1
		}
		epochs = append(epochs, e)
	}
	return epochs
}

func drawCurves(t *testing.T, epochs []train.Epoch) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := Draw(&b, epochs); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// count returns how many pixels of the left and the right half have a colour.
func count(picture image.Image, c color.RGBA) (left, right int) {
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			switch {
			case color.RGBAModel.Convert(picture.At(x, y)) != c:
			case x < b.Dx()/2:
				left++
			default:
				right++
			}
		}
	}
	return left, right
}

func TestCurvesShowTrainAndTest(t *testing.T) {
	legend := drawCurves(t, curve(1, true))
	for name, c := range map[string]color.RGBA{"train": palette[trainColour], "test": palette[testColour]} {
		lo, ro := count(legend, c)
		if l, r := count(drawCurves(t, curve(10, true)), c); l < lo+100 || r < ro+100 {
			t.Errorf("%s: %d and %d pixels, want far more than the %d and %d of a single epoch", name, l, r, lo, ro)
		}
		if lo == 0 || ro == 0 {
			t.Errorf("%s: a single epoch is not to be seen", name)
		}
	}
}

func TestCurvesWithoutTestSet(t *testing.T) {
	if l, r := count(drawCurves(t, curve(5, false)), palette[testColour]); l+r != 0 {
		t.Errorf("%d pixels show a test set that was not there", l+r)
	}
}

func TestCurvesOfNothing(t *testing.T) {
	if err := Draw(&bytes.Buffer{}, nil); err == nil {
		t.Error("no error")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		least, lo, hi float64
		want          []string
	}{
		{1, 0.75, 1.25, []string{"1"}},
		{1, 0.75, 3.25, []string{"1", "2", "3"}},
		{1, 0.75, 10.25, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
		{1, 0.75, 60.25, []string{"10", "20", "30", "40", "50", "60"}},
		{1, 0.75, 20.25, []string{"2", "4", "6", "8", "10", "12", "14", "16", "18", "20"}},
		{0, 0, 0.5, []string{"0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30", "0.35", "0.40", "0.45", "0.50"}},
		{0, 0, 4, []string{"0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0"}},
		{0, -0.5, 2, []string{"-0.5", "0.0", "0.5", "1.0", "1.5", "2.0"}},
		{0, -0.1, 8, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"}},
		{0, 49, 91, []string{"50", "55", "60", "65", "70", "75", "80", "85", "90"}},
	} {
		var got []string
		for _, mark := range ticks(c.least)(c.lo, c.hi) {
			got = append(got, mark.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("from %v to %v: %q, want %q", c.lo, c.hi, got, c.want)
		}
	}
}
