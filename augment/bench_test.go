package augment

import (
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// BenchmarkTable applies each transform to a coloured image of 3×32×32.
func BenchmarkTable(b *testing.B) {
	for _, r := range Table() {
		if t, ok := r.Default.(Transform); ok {
			b.Run(r.Name, func(b *testing.B) { benchmark(b, t, scene(32, 32)) })
		}
	}
}

// BenchmarkDefault is what a handwritten character takes: one affine map.
func BenchmarkDefault(b *testing.B) {
	p, err := Named("default")
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, p.Each, glyph())
}

// BenchmarkRotateShiftScale is a rotation, a shift and a scaling in one.
func BenchmarkRotateShiftScale(b *testing.B) {
	benchmark(b, Affine{Degrees: Within(15), X: Within(0.1), Y: Within(0.1), Scale: Range{0.9, 1.1}}, glyph())
}

func benchmark(b *testing.B, t Transform, src *Image) {
	var w Work
	var dst Image
	r := random.New(1)
	w.Apply(t, &dst, src, r)
	b.ReportAllocs()
	for b.Loop() {
		w.Apply(t, &dst, src, r)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkStrong is the policy of that name, of a handwritten character.
func BenchmarkStrong(b *testing.B) {
	p, err := Named("strong")
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, p.Each, glyph())
}
