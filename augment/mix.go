package augment

import (
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Label is a soft label: class A with the weight Lambda, class B with what is
// left of 1.
type Label struct {
	A, B   int
	Lambda float32
}

// Batch is some images of one shape with their labels.
type Batch struct {
	Images []Image
	Labels []Label
}

// Reset gives a batch n images and labels, in the same memory if that is large
// enough.
func (b *Batch) Reset(n int) {
	for len(b.Images) < n {
		b.Images = append(b.Images, Image{})
	}
	b.Images = b.Images[:n]
	b.Labels = grow(b.Labels, n)
}

// BatchTransform makes a batch of another, whose images are of one shape and have
// one class each: the A of their labels.
type BatchTransform interface {
	// ApplyBatch writes the result to dst and leaves src as it is; the two share no
	// memory.
	ApplyBatch(dst, src *Batch, w *Work)
}

// Mixup lays each image of a batch over another, as if both were translucent.
type Mixup struct {
	Alpha float64 `set:"alpha" of:"0..100" doc:"lambda is drawn from a Beta(alpha, alpha); 0 for no mixture"`
}

var _ = register(Row{
	Name: "mixup", Kind: Mixture, Default: Mixup{Alpha: 0.2},
	Formula: "lambda·x[i] + (1 − lambda)·x[j], j by a permutation of the batch; labels alike", Draws: "those of a Beta and a permutation, for a batch", Identity: "alpha=0", Show: "alpha=1",
	Paper: "Zhang et al., “mixup: Beyond Empirical Risk Minimization”, 2018",
})

// ApplyBatch implements BatchTransform.
func (t Mixup) ApplyBatch(dst, src *Batch, w *Work) {
	lambda := float32(beta(t.Alpha, w))
	pairs(dst, src, w, func(to, a, b *Image) float32 {
		to.like(a)
		for i, v := range a.Pix {
			to.Pix[i] = blend(v, b.Pix[i], lambda)
		}
		return lambda
	})
}

// CutMix puts a rectangle of another image of the batch into each.
type CutMix struct {
	Alpha float64 `set:"alpha" of:"0..100" doc:"lambda is drawn from a Beta(alpha, alpha); 0 for no mixture"`
}

var _ = register(Row{
	Name: "cutmix", Kind: Mixture, Default: CutMix{Alpha: 1},
	Formula: "x[j] in a rectangle of √(1 − lambda) of the height and width around a pixel, x[i] outside; lambda becomes the part of x[i]", Draws: "those of a Beta, 2, and a permutation, for a batch", Identity: "alpha=0",
	Paper: "Yun et al., “CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features”, 2019",
})

// ApplyBatch implements BatchTransform.
func (t CutMix) ApplyBatch(dst, src *Batch, w *Work) {
	side := math.Sqrt(1 - beta(t.Alpha, w))
	at := [2]float64{w.Random.Float64(), w.Random.Float64()}
	pairs(dst, src, w, func(to, a, b *Image) float32 {
		to.copyOf(a)
		x, y := int(at[0]*float64(a.Width)), int(at[1]*float64(a.Height))
		patch := around(x, y, int(side*float64(a.Width)), int(side*float64(a.Height)), a)
		patch.each(to, func(line, other []float32) { copy(line, other) }, b)
		pixels := max(1, a.Height*a.Width)
		return 1 - float32(patch.pixels())/float32(pixels)
	})
}

func (b box) pixels() int { return max(0, b.right-b.left) * max(0, b.bottom-b.top) }

// pairs makes each image of two, the second by a permutation, with mix, which
// returns the first one's part.
func pairs(dst, src *Batch, w *Work, mix func(to, a, b *Image) float32) {
	n := len(src.Images)
	dst.Reset(n)
	w.perm = grow(w.perm, n)
	for i := range w.perm {
		j := w.Random.IntN(i + 1)
		w.perm[i] = w.perm[j]
		w.perm[j] = i
	}
	for i, j := range w.perm {
		lambda := mix(&dst.Images[i], &src.Images[i], &src.Images[j])
		dst.Labels[i] = Label{src.Labels[i].A, src.Labels[j].A, lambda}
	}
}

// beta draws from a Beta(alpha, alpha): 1 where alpha is 0.
func beta(alpha float64, w *Work) float64 {
	if alpha == 0 {
		return 1
	}
	x, y := gamma(alpha, w), gamma(alpha, w)
	if x+y == 0 { // both too small for a number, as with a tiny alpha: then one is far larger
		return float64(w.Random.IntN(2))
	}
	return x / (x + y)
}

// gamma draws from a gamma distribution: Marsaglia and Tsang, “A Simple Method
// for Generating Gamma Variables”, 2000.
func gamma(alpha float64, w *Work) float64 {
	if alpha < 1 {
		u := 1 - w.Random.Float64()
		return gamma(alpha+1, w) * kernel.Exp64(kernel.Log64(u)/alpha)
	}
	d := alpha - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		var z [2]float64
		normal(z[:], w)
		v := 1 + float64(c*z[0])
		if v <= 0 {
			continue
		}
		v = float64(float64(v*v) * v)
		u := 1 - w.Random.Float64()
		half := float64(float64(0.5*z[0]) * z[0])
		if kernel.Log64(u) < half+float64(d*(1-v+kernel.Log64(v))) {
			return d * v
		}
	}
}

// SometimesBatch applies a transform to a batch with a probability. It takes one
// draw to decide.
type SometimesBatch struct {
	P float64 `set:"p" of:"0..1" doc:"probability"`
	T BatchTransform
}

// ApplyBatch implements BatchTransform.
func (t SometimesBatch) ApplyBatch(dst, src *Batch, w *Work) {
	if w.Random.Float64() < t.P {
		t.T.ApplyBatch(dst, src, w)
		return
	}
	copyBatch(dst, src)
}

func copyBatch(dst, src *Batch) {
	dst.Reset(len(src.Images))
	for i := range src.Images {
		dst.Images[i].copyOf(&src.Images[i])
		dst.Labels[i] = src.Labels[i]
	}
}
