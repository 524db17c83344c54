package augment

import (
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// shapes has policies, and all shapes that an image of 3×20×30 may get of them.
var shapes = map[string][]shape{
	"default":                              {{3, 20, 30}},
	"strong+randaugment":                   {{3, 20, 30}},
	"pad":                                  {{3, 24, 34}},
	"resize:height=7+hflip":                {{3, 7, 30}},
	"resized-crop:height=5,width=6":        {{3, 5, 6}},
	"crop:width=8":                         {{3, 20, 8}},
	"centre-crop:height=8":                 {{3, 8, 30}},
	"pad:p=0.5":                            {{3, 20, 30}, {3, 24, 34}},
	"pad:p=0":                              {{3, 20, 30}},
	"pad:p=1":                              {{3, 24, 34}},
	"oneof(hflip|pad)":                     {{3, 20, 30}, {3, 24, 34}},
	"pad:p=0.5+pad:p=0.5":                  {{3, 20, 30}, {3, 24, 34}, {3, 28, 38}},
	"pad:p=0.5+resize:height=9,width=9":    {{3, 9, 9}},
	"someof:n=2(hflip|pad|resize:width=5)": {{3, 20, 5}, {3, 24, 5}, {3, 24, 34}},
	"someof:n=2(hflip|vflip|pad)":          {{3, 20, 30}, {3, 24, 34}},
	"someof:n=0(pad|pad)":                  {{3, 20, 30}},
	"oneof(all:p=0.5(pad)|hflip)":          {{3, 20, 30}, {3, 24, 34}},
}

func TestOutputShapes(t *testing.T) {
	for text, want := range shapes {
		tr := parsed(t, text)
		got, err := OutputShapes(tr, 3, 20, 30)
		slices.SortFunc(got, func(a, b shape) int { return slices.Compare(a[:], b[:]) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
		if seen := shapesSeen(tr); !slices.Equal(seen, want) {
			t.Errorf("%s makes %v, want %v", text, seen, want)
		}
	}
	if got, err := OutputShapes(own{}, 3, 20, 30); err != nil || !slices.Equal(got, []shape{{3, 20, 30}}) {
		t.Errorf("a user's own: %v, %v", got, err)
	}
	if got, err := OutputShapes(&Sometimes{0.5, &Pad{Top: 1}}, 3, 20, 30); err != nil || len(got) != 2 {
		t.Errorf("pointers: %v, %v", got, err)
	}
}

// shapesSeen applies a transform often.
func shapesSeen(t Transform) (seen []shape) {
	var w Work
	var dst Image
	src := NewImage(3, 20, 30)
	for seed := range uint64(100) {
		w.Apply(t, &dst, src, random.New(seed))
		seen = union(seen, []shape{{dst.Channels, dst.Height, dst.Width}})
	}
	slices.SortFunc(seen, func(a, b shape) int { return slices.Compare(a[:], b[:]) })
	return seen
}

func TestShapesThatCannotBe(t *testing.T) {
	many := "resize:height=1,width=1" + strings.Repeat("+oneof(pad|pad:left=3|pad:right=9,top=30)", 30)
	huge := strings.Repeat("pad:left=4096+", 8) + "resize:height=20,width=30"
	for want, c := range map[string]struct {
		t     Transform
		width int
	}{
		"an image of 3×20×40000, want":                            {Identity{}, 40000},
		"sides of at most 32768":                                  {parsed(t, huge), 30},
		"shapes of images, want at most 256":                      {parsed(t, many), 30},
		"no transform where there should be one":                  {nil, 30},
		"an image of 3×32768×32768, want at most 67108864 values": {parsed(t, "resize:height=32768,width=32768+resize:height=20,width=30"), 30},
		"on the way an image of 3×32768×16384, want at most":      {parsed(t, "resize:height=32768,width=1+resize:height=1,width=16384"), 30},
		"on the way an image of 3×32768×8192, want at most":       {parsed(t, "resize:height=32768,width=1+resized-crop:height=1,width=8192"), 30},
		"all:p=0.5(<nil>): no transform where there":              {Sometimes{0.5, Compose{nil}}, 30},
	} {
		if _, err := OutputShapes(c.t, 3, 20, c.width); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestAPolicyThatOnlyMixes(t *testing.T) {
	if p := (&Policy{Mix: []BatchTransform{Mixup{0.2}}}); p.String() != "mixup" {
		t.Errorf("%q", p.String())
	}
}
