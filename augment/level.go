package augment

import "math"

// levelOp is an operation that policies apply at a level from 0 to 1.
type levelOp struct {
	name    string
	signed  bool    // as often in the other direction
	largest float64 // what it does at level 1
	wide    float64 // and in TrivialAugment's wide space
	apply   func(dst, src *Image, w *Work, s Sampling, v float64)
}

// levelOps are the 14 operations of RandAugment, and Invert, which AutoAugment
// has too, as the last.
var levelOps = []levelOp{
	{"Identity", false, 0, 0, func(dst, src *Image, w *Work, s Sampling, v float64) { dst.copyOf(src) }},
	{"ShearX", true, 0.3, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) {
		s.warp(dst, src, w, affine{shearX: v, scale: 1})
	}},
	{"ShearY", true, 0.3, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) {
		s.warp(dst, src, w, affine{shearY: v, scale: 1})
	}},
	{"TranslateX", true, 150.0 / 331, 1, func(dst, src *Image, w *Work, s Sampling, v float64) {
		s.warp(dst, src, w, affine{x: v, scale: 1})
	}},
	{"TranslateY", true, 150.0 / 331, 1, func(dst, src *Image, w *Work, s Sampling, v float64) {
		s.warp(dst, src, w, affine{y: v, scale: 1})
	}},
	{"Rotate", true, 30, 135, func(dst, src *Image, w *Work, s Sampling, v float64) {
		s.warp(dst, src, w, affine{degrees: v, scale: 1})
	}},
	{"Brightness", true, 0.9, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) { brighten(dst, src, 1+v) }},
	{"Color", true, 0.9, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) { saturate(dst, src, 1+v) }},
	{"Contrast", true, 0.9, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) { contrast(dst, src, 1+v) }},
	{"Sharpness", true, 0.9, 0.99, func(dst, src *Image, w *Work, s Sampling, v float64) { sharpen(dst, src, 1+v) }},
	{"Posterize", false, 4, 6, func(dst, src *Image, w *Work, s Sampling, v float64) {
		posterise(dst, src, 8-int(math.RoundToEven(v)))
	}},
	{"Solarize", false, 1, 1, func(dst, src *Image, w *Work, s Sampling, v float64) { solarise(dst, src, 1-v) }},
	{"AutoContrast", false, 0, 0, func(dst, src *Image, w *Work, s Sampling, v float64) { Autocontrast{}.Apply(dst, src, w) }},
	{"Equalize", false, 0, 0, func(dst, src *Image, w *Work, s Sampling, v float64) { Equalise{}.Apply(dst, src, w) }},
	{"Invert", false, 0, 0, func(dst, src *Image, w *Work, s Sampling, v float64) { Invert{}.Apply(dst, src, w) }},
}

const randAugmentOps = 14

// at applies the operation at a strength, in one of both directions where it has
// them. It takes one draw.
func (o *levelOp) at(dst, src *Image, w *Work, s Sampling, strength float64) {
	if w.Random.Float64() < 0.5 && o.signed {
		strength = -strength
	}
	o.apply(dst, src, w, s, strength)
}

// RandAugment applies N operations, drawn from 14, all at one magnitude.
type RandAugment struct {
	N         int `set:"n" of:"0..14" doc:"number of operations, which may repeat"`
	Magnitude int `set:"magnitude" of:"0..30" doc:"strength of every operation"`
	Sampling
}

var _ = register(Row{
	Name: "randaugment", Kind: Paper, Default: RandAugment{N: 2, Magnitude: 9},
	Formula: "n of: identity, shear x or y to 0.3, shift x or y to 0.45, rotate to 30°, brightness, saturation, contrast and sharpness to 1 ± 0.9, posterise to 4 bits, solarise to 0, autocontrast, equalise; each at magnitude/30 of that, in either direction",
	Draws:   "1 and a whole number for each operation", Identity: "n=0",
	Paper: "Cubuk et al., “RandAugment: Practical automated data augmentation with a reduced search space”, 2020, with torchvision's ranges",
})

// Apply implements Transform.
func (t RandAugment) Apply(dst, src *Image, w *Work) {
	if t.N <= 0 {
		dst.copyOf(src)
		return
	}
	a, b := w.take(), w.take()
	defer w.give()
	defer w.give()
	for i := range t.N {
		op := &levelOps[w.Random.IntN(randAugmentOps)]
		to := a
		if i == t.N-1 {
			to = dst
		}
		op.at(to, src, w, t.Sampling, op.largest*float64(t.Magnitude)/30)
		src, a, b = to, b, a
	}
}

// TrivialAugment applies one operation, drawn from 14, at a magnitude drawn from
// 31.
type TrivialAugment struct{ Sampling }

var _ = register(Row{
	Name: "trivialaugment", Kind: Paper, Default: TrivialAugment{},
	Formula: "one of randaugment's operations, to 0.99 for shear and factors, the whole size for shift (32 pixels, as in the paper, where an image has as many), 135° and 2 bits, at a level of 0, 1/30, … 1",
	Draws:   "1 and 2 whole numbers", Identity: "p=0",
	Paper: "Müller and Hutter, “TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation”, 2021, the wide space",
})

// Apply implements Transform.
func (t TrivialAugment) Apply(dst, src *Image, w *Work) {
	op := &levelOps[w.Random.IntN(randAugmentOps)]
	op.at(dst, src, w, t.Sampling, op.wide*float64(w.Random.IntN(31))/30)
}
