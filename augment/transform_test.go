package augment

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// parsed returns the transform of a policy without mixtures.
func parsed(t *testing.T, text string) Transform {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p.Each
}

func applied(t *testing.T, text string, src *Image) *Image {
	t.Helper()
	var dst Image
	new(Work).Apply(parsed(t, text), &dst, src, random.New(1))
	return &dst
}

// Each of these, as often as the number says, leaves an image as it is.
func TestCycles(t *testing.T) {
	for text, n := range map[string]int{
		"hflip": 2, "vflip": 2, "rotate:degrees=90..90": 4, "rotate:degrees=-90..-90": 4, "rotate:degrees=180..180": 2,
		"affine:degrees=90..90,x=0,y=0,scale=0,shear-x=0,interpolation=bicubic": 4, "rotate:degrees=90..90,interpolation=nearest": 4,
	} {
		for _, src := range []*Image{glyph(), scene(32, 32), scene(33, 33), quantised(5, 5)} {
			im := applied(t, text, src)
			if slices.Equal(im.Pix, src.Pix) {
				t.Errorf("%s once changes nothing of %v", text, src)
			}
			for range n - 1 {
				im = applied(t, text, im)
			}
			if !slices.Equal(im.Pix, src.Pix) {
				t.Errorf("%s %d times changes %v", text, n, src)
			}
		}
	}
}

// A shift by whole pixels is one, and a rotation by 90° goes counter-clockwise.
func TestPixelsGoWhereTheyShould(t *testing.T) {
	src := &Image{1, 3, 4, []float32{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 0, 0.25}}
	for text, want := range map[string][]float32{
		"shift:x=0.25..0.25,y=0":             {0, 0.1, 0.2, 0.3, 0, 0.5, 0.6, 0.7, 0, 0.9, 1, 0},
		"shift:x=-0.25..-0.25,y=0,fill=1":    {0.2, 0.3, 0.4, 1, 0.6, 0.7, 0.8, 1, 1, 0, 0.25, 1},
		"crop:pad=0,height=3,width=4":        src.Pix,
		"hflip":                              {0.4, 0.3, 0.2, 0.1, 0.8, 0.7, 0.6, 0.5, 0.25, 0, 1, 0.9},
		"centre-crop:height=1,width=2":       {0.6, 0.7},
		"centre-crop:height=3,width=2+hflip": {0.3, 0.2, 0.7, 0.6, 0, 1},
		"pad:left=0,right=0,top=0,bottom=1,border=reflect+centre-crop:height=2": {0.5, 0.6, 0.7, 0.8, 0.9, 1, 0, 0.25},
		"centre-crop:height=3,width=3+rotate:degrees=90..90":                    {0.3, 0.7, 0, 0.2, 0.6, 1, 0.1, 0.5, 0.9},
		"erode:amount=1":                       {0.1, 0.1, 0.2, 0.3, 0.1, 0.2, 0, 0.25, 0.5, 0, 0, 0},
		"dilate:amount=1,element=square":       {0.6, 0.7, 0.8, 0.8, 1, 1, 1, 0.8, 1, 1, 1, 0.8},
		"resize:width=2,interpolation=nearest": {0.2, 0.4, 0.6, 0.8, 1, 0.25},
	} {
		if got := applied(t, text, src); !slices.Equal(got.Pix, want) {
			t.Errorf("%s makes %v, want %v", text, got.Pix, want)
		}
	}
}

// within reports an error where a count of n trials is more than four standard
// errors from what its probability leads to expect.
func within(t *testing.T, what string, count, n int, p float64) {
	t.Helper()
	want, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	if math.Abs(float64(count)-want) > 4*deviation {
		t.Errorf("%s: %d of %d, want %.0f ± %.0f", what, count, n, want, 4*deviation)
	}
}

const trials = 100_000

// grey1 is an image of one pixel.
func grey1(v float32) *Image { return &Image{1, 1, 1, []float32{v}} }

func TestProbabilities(t *testing.T) {
	for text, want := range map[string]map[float32]float64{
		"invert:p=0.3": {1: 0.3, 0: 0.7},
		"invert:p=0":   {0: 1},
		"oneof(invert|identity|brightness+invert+identity|posterise)": {1: 0.5, 0: 0.5},
		"all:p=0.25(invert|invert|invert)":                            {1: 0.25, 0: 0.75},
		"someof:n=2(invert|invert|identity|identity)":                 {0: 2. / 6, 1: 4. / 6},
		"someof:n=1(invert|identity|identity)":                        {0: 2. / 3, 1: 1. / 3},
		"salt-pepper:amount=0.2,salt=0.25,p=0.5+identity":             {1: 0.025, 0: 0.975},
		"solarise:threshold=-0..2+identity":                           {0: 1},
	} {
		tr := parsed(t, text)
		var w Work
		var dst Image
		counts := map[float32]int{}
		for i := range trials {
			w.Apply(tr, &dst, grey1(0), random.New(4, uint64(i)))
			counts[dst.Pix[0]]++
		}
		for v, p := range want {
			within(t, text, counts[v], trials, p)
		}
	}
}

func TestAnAffineMapOfNoScaleIsAMistake(t *testing.T) {
	defer func() {
		if v, _ := recover().(string); !strings.Contains(v, "want ones that pass Check") {
			t.Errorf("panicked with %q", v)
		}
	}()
	new(Work).Apply(Affine{Degrees: Within(3)}, &Image{}, glyph(), random.New(1))
}

func TestSomeOfKeepsTheOrder(t *testing.T) {
	tr := parsed(t, "someof:n=2(solarise:threshold=0|brightness:factor=0.5..0.5)")
	for i := range uint64(50) {
		var dst Image
		if new(Work).Apply(tr, &dst, grey1(0.25), random.New(i)); dst.Pix[0] != 0.375 {
			t.Fatalf("made %v of 0.25", dst.Pix[0])
		}
	}
}

// Values that are drawn have the mean and variance of their distributions, within
// four standard errors.
func TestDistributions(t *testing.T) {
	draw := func(f func(w *Work) float64) (v []float64) {
		w := &Work{Random: random.New(8)}
		for range trials {
			v = append(v, f(w))
		}
		return v
	}
	noise := func(w *Work) float64 {
		var z [2]float64
		normal(z[:], w)
		return z[w.Random.IntN(2)]
	}
	const third = 1. / 3
	for _, c := range []struct {
		name           string
		f              func(w *Work) float64
		mean, variance float64
	}{
		{"uniform", Range{2, 5}.draw, 3.5, 9. / 12},
		{"logarithm", func(w *Work) float64 { return math.Log(Range{0.5, 2}.logDraw(w)) }, 0, math.Ln2 * math.Ln2 * third},
		{"normal", noise, 0, 1},
		{"gamma(3)", func(w *Work) float64 { return gamma(3, w) }, 3, 3},
		{"gamma(0.4)", func(w *Work) float64 { return gamma(0.4, w) }, 0.4, 0.4},
		{"beta(1)", func(w *Work) float64 { return beta(1, w) }, 0.5, 1. / 12},
		{"beta(0.2)", func(w *Work) float64 { return beta(0.2, w) }, 0.5, 0.25 / 1.4},
		{"beta(0.01)", func(w *Work) float64 { return beta(0.01, w) }, 0.5, 0.25 / 1.02},
		{"beta(4)", func(w *Work) float64 { return beta(4, w) }, 0.5, 0.25 / 9},
	} {
		v := draw(c.f)
		mean, deviation := meanAndDeviation(v)
		if math.Abs(mean-c.mean) > 4*deviation/math.Sqrt(trials) {
			t.Errorf("%s: mean %v, want %v", c.name, mean, c.mean)
		}
		for i := range v {
			v[i] = (v[i] - c.mean) * (v[i] - c.mean)
		}
		variance, deviation := meanAndDeviation(v)
		if math.Abs(variance-c.variance) > 4*deviation/math.Sqrt(trials) {
			t.Errorf("%s: variance %v, want %v", c.name, variance, c.variance)
		}
	}
}

func meanAndDeviation(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, math.Sqrt(deviation)
}

// RandomCrop reaches every place as often as every other.
func TestCropPlaces(t *testing.T) {
	src := &Image{1, 2, 2, []float32{0.1, 0.2, 0.3, 0.4}}
	tr := parsed(t, "crop:pad=1,height=1,width=1,fill=0.9")
	counts := map[float32]int{}
	var w Work
	var dst Image
	for i := range trials {
		w.Apply(tr, &dst, src, random.New(2, uint64(i)))
		counts[dst.Pix[0]]++
	}
	for _, v := range src.Pix {
		within(t, "crop", counts[v], trials, 1./16)
	}
	within(t, "crop, beside the image", counts[0.9], trials, 12./16)
}

func TestMixtures(t *testing.T) {
	src := &Batch{}
	for i := range 8 {
		im := NewImage(1, 6, 6)
		fill(im.Pix, float32(i)/8)
		src.Images = append(src.Images, *im)
		src.Labels = append(src.Labels, Label{A: i, B: i, Lambda: 1})
	}
	mixed, oneOf := 0, map[bool]int{}
	for _, text := range []string{"mixup:alpha=1", "cutmix", "identity+mixup:alpha=0.3+cutmix:p=0.5"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var w Work
		var dst Batch
		for i := range uint64(500) {
			w.Random = random.New(i)
			p.ApplyBatch(&dst, src, &w)
			for k, l := range dst.Labels {
				mean, _ := meanAndDeviation(wide(dst.Images[k].Pix))
				want := (float64(l.Lambda)*float64(l.A) + (1-float64(l.Lambda))*float64(l.B)) / 8
				if l.A != k || math.Abs(mean-want) > 1e-6 || !(l.Lambda >= 0 && l.Lambda <= 1) {
					t.Fatalf("%s: image %d of mean %v has the label %+v", text, k, mean, l)
				}
				if l.A != l.B && l.Lambda < 1 {
					mixed++
				}
				oneOf[l.Lambda == 1]++
			}
		}
	}
	for i, im := range src.Images {
		if im.Pix[0] != float32(i)/8 {
			t.Error("the source was written to")
		}
	}
	if mixed < 5000 || oneOf[true] == 0 {
		t.Errorf("%d mixed, %v whole", mixed, oneOf)
	}
	var w Work
	w.Random = random.New(1)
	Mixup{1}.ApplyBatch(&Batch{}, &Batch{}, &w) // of no images
}

func wide(v []float32) (w []float64) {
	for _, x := range v {
		w = append(w, float64(x))
	}
	return w
}
