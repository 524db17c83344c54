package augment

import "slices"

// AutoAugment applies one of the 25 pairs of operations that a search found for
// CIFAR-10.
type AutoAugment struct{ Sampling }

var _ = register(Row{
	Name: "autoaugment-cifar", Kind: Paper, Default: AutoAugment{},
	Formula: "one of 25 pairs of randaugment's operations and invert, each applied with its own probability at its own level of 0, 1/9, … 1",
	Draws:   "4 and a whole number", Identity: "p=0",
	Paper: "Cubuk et al., “AutoAugment: Learning Augmentation Strategies from Data”, 2019, with torchvision's ranges",
})

// policyOp is an operation of AutoAugment's: its place in levelOps, how probable
// it is, and its level of 9.
type policyOp struct {
	op    int
	p     float64
	level int
}

func named(name string, p float64, level int) policyOp {
	return policyOp{slices.IndexFunc(levelOps, func(o levelOp) bool { return o.name == name }), p, level}
}

var cifarPolicy = [25][2]policyOp{
	{named("Invert", 0.1, 0), named("Contrast", 0.2, 6)},
	{named("Rotate", 0.7, 2), named("TranslateX", 0.3, 9)},
	{named("Sharpness", 0.8, 1), named("Sharpness", 0.9, 3)},
	{named("ShearY", 0.5, 8), named("TranslateY", 0.7, 9)},
	{named("AutoContrast", 0.5, 0), named("Equalize", 0.9, 0)},
	{named("ShearY", 0.2, 7), named("Posterize", 0.3, 7)},
	{named("Color", 0.4, 3), named("Brightness", 0.6, 7)},
	{named("Sharpness", 0.3, 9), named("Brightness", 0.7, 9)},
	{named("Equalize", 0.6, 0), named("Equalize", 0.5, 0)},
	{named("Contrast", 0.6, 7), named("Sharpness", 0.6, 5)},
	{named("Color", 0.7, 7), named("TranslateX", 0.5, 8)},
	{named("Equalize", 0.3, 0), named("AutoContrast", 0.4, 0)},
	{named("TranslateY", 0.4, 3), named("Sharpness", 0.2, 6)},
	{named("Brightness", 0.9, 6), named("Color", 0.2, 8)},
	{named("Solarize", 0.5, 2), named("Invert", 0, 0)},
	{named("Equalize", 0.2, 0), named("AutoContrast", 0.6, 0)},
	{named("Equalize", 0.2, 0), named("Equalize", 0.6, 0)},
	{named("Color", 0.9, 9), named("Equalize", 0.6, 0)},
	{named("AutoContrast", 0.8, 0), named("Solarize", 0.2, 8)},
	{named("Brightness", 0.1, 3), named("Color", 0.7, 0)},
	{named("Solarize", 0.4, 5), named("AutoContrast", 0.9, 0)},
	{named("TranslateY", 0.9, 9), named("TranslateY", 0.7, 9)},
	{named("AutoContrast", 0.9, 0), named("Solarize", 0.8, 3)},
	{named("Equalize", 0.8, 0), named("Invert", 0.1, 0)},
	{named("TranslateY", 0.7, 9), named("AutoContrast", 0.9, 0)},
}

// Apply implements Transform.
func (t AutoAugment) Apply(dst, src *Image, w *Work) {
	pair := &cifarPolicy[w.Random.IntN(len(cifarPolicy))]
	between := w.take()
	defer w.give()
	pair[0].apply(between, src, w, t.Sampling)
	pair[1].apply(dst, between, w, t.Sampling)
}

func (o policyOp) apply(dst, src *Image, w *Work, s Sampling) {
	if op := &levelOps[o.op]; w.Random.Float64() < o.p {
		op.at(dst, src, w, s, op.largest*float64(o.level)/9)
		return
	}
	w.Random.Float64() // the direction
	dst.copyOf(src)
}
