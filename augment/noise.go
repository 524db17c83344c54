package augment

import (
	"math"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// GaussianNoise adds noise to each value.
type GaussianNoise struct {
	Sigma Range `set:"sigma" of:"0..10" doc:"standard deviation of the noise"`
}

var _ = register(Row{
	Name: "noise", Kind: Noise, Default: GaussianNoise{Sigma: Range{0, 0.1}},
	Formula: "x + sigma·n, clamped; n = √(−2·ln u)·(cos 2πv, sin 2πv) for two values of 32 bits", Draws: "1, and half a number a value, for 1,024 values at a time", Identity: "sigma=0", Show: "sigma=0.15",
	Paper: "Box and Muller, “A Note on the Generation of Random Normal Deviates”, 1958",
})

// Apply implements Transform.
func (t GaussianNoise) Apply(dst, src *Image, w *Work) {
	sigma := float32(t.Sigma.draw(w))
	dst.like(src)
	noise := w.floats(1024)
	for lo := 0; lo < len(src.Pix); lo += len(noise) {
		normal(noise, w)
		to := dst.Pix[lo:]
		for i, v := range src.Pix[lo:min(lo+len(noise), len(src.Pix))] {
			to[i] = clamp(v + float32(sigma*float32(noise[i])))
		}
	}
}

// normal fills an even number of elements with draws of a normal distribution.
func normal(z []float64, w *Work) {
	n := len(z) / 2
	u, v := z[:n], z[n:]
	for i := range u {
		u[i] = (float64(w.Random.Uint32()) + 1) * 0x1p-32 // above 0, up to 1
		v[i] = float64(w.Random.Uint32()) * (2 * math.Pi * 0x1p-32)
	}
	kernel.Log(u, u)
	var sin, cos [64]float64
	for lo := 0; lo < n; lo += len(sin) {
		angles := v[lo:min(lo+len(sin), n)]
		kernel.Sin(sin[:len(angles)], angles)
		kernel.Cos(cos[:len(angles)], angles)
		for i := range angles {
			r := math.Sqrt(-2 * u[lo+i])
			u[lo+i], v[lo+i] = r*cos[i], r*sin[i]
		}
	}
}

// SaltAndPepper makes some pixels white and some black.
type SaltAndPepper struct {
	Amount Range   `set:"amount" of:"0..1" doc:"fraction of the pixels, in all channels at once"`
	Salt   float64 `set:"salt" of:"0..1" doc:"fraction of these that become white"`
}

var _ = register(Row{
	Name: "salt-pepper", Kind: Noise, Default: SaltAndPepper{Amount: Range{0, 0.05}, Salt: 0.5},
	Formula: "1 where u < amount·salt, 0 where that ≤ u < amount, else x", Draws: "1, and 1 a pixel", Identity: "amount=0", Show: "amount=0.1",
})

// Apply implements Transform.
func (t SaltAndPepper) Apply(dst, src *Image, w *Work) {
	amount := t.Amount.draw(w)
	dst.copyOf(src)
	n := src.Height * src.Width
	for i := range n {
		u := w.Random.Float64()
		if u >= amount {
			continue
		}
		v := float32(0)
		if u < float64(amount*t.Salt) {
			v = 1
		}
		for c := range src.Channels {
			dst.Pix[c*n+i] = v
		}
	}
}
