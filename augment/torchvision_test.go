package augment

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/random"
)

// peer is what torchvision, or Pillow, is asked to do beside a policy.
type peer struct {
	policy     string
	expression string  // of Python: testdata/torchvision/main.py
	tolerance  float64 // of a value from 0 to 1
	strays     float64 // part of the values that may be off by more: of pixels between two
}

// The coordinates of torchvision's warps are float32, from -1 to 1.
const warped = 1e-4

var peers = []peer{
	{"hflip", "F.hflip(x)", 0, 0},
	{"vflip", "F.vflip(x)", 0, 0},
	{"rotate:degrees=30..30", "F.rotate(x, 30, T.BILINEAR)", warped, 0},
	{"rotate:degrees=-71..-71,interpolation=nearest,fill=0.5", "F.rotate(x, -71, T.NEAREST, fill=0.5)", 0, 0.004},
	{"rotate:degrees=90..90", "F.rotate(x, 90, T.NEAREST)", 1e-6, 0},
	{"shift:x=0.1..0.1,y=-0.3..-0.3", "F.affine(x, 0, [0.1 * a[2], -0.3 * a[1]], 1, [0, 0], T.BILINEAR)", warped, 0},
	{"scale:factor=1.3..1.3", "F.affine(x, 0, [0, 0], 1.3, [0, 0], T.BILINEAR)", warped, 0},
	{"scale:factor=0.4..0.4", "F.affine(x, 0, [0, 0], 0.4, [0, 0], T.BILINEAR)", warped, 0},
	{"shear:x=0.4..0.4,y=0", "F.affine(x, 0, [0, 0], 1, [slope(0.4), 0], T.BILINEAR)", warped, 0},
	{"shear:x=-0.2..-0.2,y=0.3..0.3", "F.affine(x, 0, [0, 0], 1, [slope(-0.2), slope(0.3)], T.BILINEAR)", warped, 0},
	{
		"affine:degrees=-20..-20,x=0.05..0.05,y=0.1..0.1,scale=0.8..0.8,shear-x=0.2..0.2,shear-y=-0.1..-0.1",
		"F.affine(x, 20, [0.05 * a[2], 0.1 * a[1]], 0.8, [slope(0.2), slope(-0.1)], T.BILINEAR)", warped, 0,
	},

	{"pad:left=1,top=2,right=3,bottom=4,fill=0.25", "F.pad(x, [1, 2, 3, 4], 0.25)", 0, 0},
	{"pad:left=1,top=2,right=3,bottom=4,border=edge", "F.pad(x, [1, 2, 3, 4], padding_mode='edge')", 0, 0},
	{"pad:left=1,top=2,right=3,bottom=4,border=reflect", "F.pad(x, [1, 2, 3, 4], padding_mode='reflect')", 0, 0},
	{"centre-crop:height=10,width=11", "F.center_crop(x, [10, 11])", 0, 0},
	{"centre-crop:height=13,width=50", "F.center_crop(x, [13, 50])", 0, 0},

	// Sizes at which no pixel lies on a border of two, where Pillow rounds either way.
	{"resize:height=96,width=8,interpolation=nearest", "pillow(x, 96, 8, PIL.Image.NEAREST)", 0, 0},
	{"resize:height=64,width=24,interpolation=nearest", "pillow(x, 64, 24, PIL.Image.NEAREST)", 0, 0},
	{"resize:height=11,width=20", "pillow(x, 11, 20, PIL.Image.BILINEAR)", 2e-7, 0},
	{"resize:height=60,width=45", "pillow(x, 60, 45, PIL.Image.BILINEAR)", 2e-7, 0},
	{"resize:height=11,width=20,interpolation=bicubic", "pillow(x, 11, 20, PIL.Image.BICUBIC)", 3e-7, 0},
	{"resize:height=60,width=45,interpolation=bicubic", "pillow(x, 60, 45, PIL.Image.BICUBIC)", 3e-7, 0},
	{"resize:height=3,width=4,interpolation=bicubic", "pillow(x, 3, 4, PIL.Image.BICUBIC)", 3e-7, 0},
	{"resize:height=11,width=20", "F.resize(x, [11, 20], T.BILINEAR, antialias=True)", 2e-6, 0},
	{"resize:height=11,width=20,antialias=false", "F.resize(x, [11, 20], T.BILINEAR, antialias=False)", 2e-6, 0},
	{"resize:height=60,width=45,antialias=false", "F.resize(x, [60, 45], T.BILINEAR, antialias=False)", 2e-6, 0},
	{"resize:height=11,width=20,interpolation=bicubic", "F.resize(x, [11, 20], T.BICUBIC, antialias=True).clamp(0, 1)", 2e-6, 0},

	{"blur:size=5,sigma=1.2", "F.gaussian_blur(x, [5, 5], [1.2, 1.2])", 1e-6, 0},
	{"blur:size=9,sigma=4", "F.gaussian_blur(x, [9, 9], [4.0, 4.0])", 1e-6, 0},
	{"blur:sigma=2", "F.gaussian_blur(x, [13, 13], [2.0, 2.0])", 1e-6, 0},
	{"sharpen:factor=3..3", "F.adjust_sharpness(x, 3)", 2e-6, 0},
	{"sharpen:factor=0..0", "F.adjust_sharpness(x, 0)", 1e-6, 0},

	{"brightness:factor=0.6..0.6", "F.adjust_brightness(x, 0.6)", 1e-6, 0},
	{"brightness:factor=1.7..1.7", "F.adjust_brightness(x, 1.7)", 1e-6, 0},
	{"contrast:factor=0.6..0.6", "F.adjust_contrast(x, 0.6)", 1e-6, 0},
	{"contrast:factor=1.7..1.7", "F.adjust_contrast(x, 1.7)", 1e-6, 0},
	{"saturation:factor=0.6..0.6", "F.adjust_saturation(x, 0.6)", 1e-6, 0},
	{"saturation:factor=3..3", "F.adjust_saturation(x, 3)", 1e-6, 0},
	{"hue:turn=0.3..0.3", "F.adjust_hue(x, 0.3)", 3e-6, 0},
	{"hue:turn=-0.45..-0.45", "F.adjust_hue(x, -0.45)", 3e-6, 0},
	{"gamma:power=0.4..0.4", "F.adjust_gamma(x, 0.4)", 1e-6, 0},
	{"gamma:power=2.2..2.2", "F.adjust_gamma(x, 2.2)", 1e-6, 0},
	{"greyscale", "F.rgb_to_grayscale(x, 3) if a[0] == 3 else x", 1e-6, 0},
	{"invert", "F.invert(x)", 0, 0},
	{"solarise:threshold=0.4", "F.solarize(x, 0.4)", 0, 0},
	{"solarise:threshold=0", "F.solarize(x, 0)", 0, 0},
	{"posterise:bits=1", "F.posterize(u, 1)", 0, 0},
	{"posterise:bits=3", "F.posterize(u, 3)", 0, 0},
	{"posterise:bits=7", "F.posterize(u, 7)", 0, 0},
	{"equalise", "F.equalize(u)", 0, 0},
	{"autocontrast", "F.autocontrast(x)", 1e-6, 0},
	{"normalise:mean=0.3,std=0.7", "F.normalize(x, [0.3] * a[0], [0.7] * a[0])", 1e-6, 0},
}

// peerImages are grey and coloured ones, smooth and noisy, wide and high.
func peerImages() []*Image { return []*Image{glyph(), scene(32, 40), quantised(41, 29), scene(33, 33)} }

type peerQuestion struct {
	Shape      [3]int `json:"shape"`
	Pixels     []int  `json:"pixels"`
	Expression string `json:"expression"`
	Argument   any    `json:"argument"`
}

type peerAnswer struct {
	Shape  []int
	Values []float64
}

func questionOf(im *Image, expression string, argument any) peerQuestion {
	q := peerQuestion{[3]int{im.Channels, im.Height, im.Width}, make([]int, len(im.Pix)), expression, argument}
	for i, v := range im.Pix {
		q.Pixels[i] = int(byteOf(v))
	}
	return q
}

// askTorchvision is skipped where there is no torchvision.
func askTorchvision(t *testing.T, questions []peerQuestion) []peerAnswer {
	t.Helper()
	var answer struct {
		Missing string
		Cases   []peerAnswer
	}
	python.PyTorch.Ask(t, "testdata/torchvision/main.py", questions, &answer)
	if answer.Missing != "" {
		t.Skipf("no torchvision: %s", answer.Missing)
	}
	if len(answer.Cases) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answer.Cases), len(questions))
	}
	return answer.Cases
}

func TestTransformsAgainstPyTorch(t *testing.T) {
	var questions []peerQuestion
	var results []*Image
	var of []peer
	for _, p := range peers {
		for _, im := range peerImages() {
			shape := [3]int{im.Channels, im.Height, im.Width}
			questions = append(questions, questionOf(im, p.expression, shape))
			results = append(results, applied(t, p.policy, im))
			of = append(of, p)
		}
	}
	for i, answer := range askTorchvision(t, questions) {
		if err := of[i].compare(results[i], answer); err != nil {
			t.Errorf("%s of %v: %v", of[i].policy, questions[i].Shape, err)
		}
	}
}

func (p peer) compare(got *Image, want peerAnswer) error {
	if shape := []int{got.Channels, got.Height, got.Width}; !slices.Equal(shape, want.Shape) {
		return fmt.Errorf("shape %v, torchvision's is %v", shape, want.Shape)
	}
	strays, worst := 0, 0.0
	for i, v := range got.Pix {
		if d := math.Abs(float64(v) - want.Values[i]); d > p.tolerance {
			strays++
			worst = max(worst, d)
		}
	}
	if float64(strays) > p.strays*float64(len(got.Pix)) {
		return fmt.Errorf("%d of %d values are off by more than %v, up to %v", strays, len(got.Pix), p.tolerance, worst)
	}
	return nil
}

// What is drawn is given to torchvision.
func TestPlacesAgainstPyTorch(t *testing.T) {
	var questions []peerQuestion
	var results []*Image
	ask := func(im, result *Image, expression string, argument any) {
		questions = append(questions, questionOf(im, expression, argument))
		results = append(results, result)
	}
	for _, im := range peerImages() {
		w, h := float64(im.Width), float64(im.Height)
		to := corners{{0.2 * w, 0.1 * h}, {0.9 * w, 0}, {0.8 * w, 0.95 * h}, {0.05 * w, 0.7 * h}}
		var seen, moved Image
		Perspective{}.warp(&seen, im, &Work{}, to)
		ask(im, &seen, "F.perspective(x, [[0, 0], [a[0], 0], [a[0], a[1]], [0, a[1]]], a[2], T.BILINEAR)", []any{w, h, to})

		by := NewImage(2, im.Height, im.Width)
		r := random.New(3)
		for i := range by.Pix {
			by.Pix[i] = float32(r.Uniform(-3, 3))
		}
		Elastic{}.displace(&moved, im, &Work{}, by)
		ask(im, &moved, "F.elastic_transform(x, 2 * torch.tensor(a).reshape(2, *x.shape[1:]).permute(1, 2, 0)[None] / torch.tensor([x.shape[2], x.shape[1]]), T.BILINEAR)", by.Pix)
	}
	for i, answer := range askTorchvision(t, questions) {
		if err := (peer{tolerance: warped}).compare(results[i], answer); err != nil {
			t.Errorf("%s of %v: %v", questions[i].Expression[:12], questions[i].Shape, err)
		}
	}
}

// The operations of policies have torchvision's ranges, and AutoAugment its pairs.
func TestPoliciesAgainstPyTorch(t *testing.T) {
	var names []string
	for _, o := range levelOps {
		names = append(names, o.name)
	}
	const side = 32
	im := NewImage(3, side, side)
	space := func(expression string) peerQuestion {
		return questionOf(im, "[[float(v[i]) if v.ndim else 0.0 for i in range(len(a[0]))] for v in [("+expression+").get(n, (torch.tensor(0.0), False))[0] for n in a[1]]]",
			[]any{make([]int, 31), names})
	}
	pairs := questionOf(im, "[[a.index(n), p, m or 0] for pair in A.AutoAugment(A.AutoAugmentPolicy.CIFAR10).policies for n, p, m in pair]", names)
	answers := askTorchvision(t, []peerQuestion{
		space("A.RandAugment()._augmentation_space(31, [32, 32])"),
		space("A.TrivialAugmentWide()._augmentation_space(31)"),
		pairs,
	})
	for i, o := range levelOps {
		for bin := range 31 {
			for k, largest := range []float64{o.largest, o.wide} {
				want := answers[k].Values[i*31+bin]
				if got := torchvisionLevel(o, largest*float64(bin)/30, side); math.Abs(got-want) > 1e-4 {
					t.Errorf("%s in space %d at %d: %v, torchvision's is %v", o.name, k, bin, got, want)
				}
			}
		}
	}
	var got []float64
	for _, pair := range cifarPolicy {
		for _, o := range pair {
			got = append(got, float64(o.op), o.p, float64(o.level))
		}
	}
	for i, want := range answers[2].Values {
		if len(got) != len(answers[2].Values) || math.Abs(got[i]-want) > 1e-6 {
			t.Fatalf("AutoAugment's pairs are %v, want %v", got, answers[2].Values)
		}
	}
}

// torchvisionLevel turns a strength into torchvision's units.
func torchvisionLevel(o levelOp, v, side float64) float64 {
	switch o.name {
	case "TranslateX", "TranslateY":
		return v * side
	case "Posterize":
		return 8 - math.RoundToEven(v)
	case "Solarize":
		return 255 * (1 - v)
	}
	return v
}
