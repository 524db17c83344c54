package augment

import "fmt"

// group is a transform made of others.
type group interface {
	Transform
	parts() []Transform
}

// Identity copies an image.
type Identity struct{}

var _ = register(Row{
	Name: "identity", Kind: Geometry, Default: Identity{}, Formula: "y = x", Draws: "0", Identity: "p=0",
})

// Apply implements Transform.
func (Identity) Apply(dst, src *Image, w *Work) { dst.copyOf(src) }

// Compose applies transforms one after the other.
type Compose []Transform

// Apply implements Transform.
func (t Compose) Apply(dst, src *Image, w *Work) {
	if len(t) == 0 {
		dst.copyOf(src)
		return
	}
	if len(t) == 1 {
		t[0].Apply(dst, src, w)
		return
	}
	// Two images between the parts, in turn.
	a, b := w.take(), w.take()
	defer w.give()
	defer w.give()
	for i, part := range t {
		to := a
		if i == len(t)-1 {
			to = dst
		}
		part.Apply(to, src, w)
		src, a, b = to, b, a
	}
}

func (t Compose) parts() []Transform { return t }

func (t Compose) check() error { return checkOrder(t) }

// Sometimes applies a transform with a probability. It takes one draw to decide.
type Sometimes struct {
	P float64 `set:"p" of:"0..1" doc:"probability"`
	T Transform
}

// Apply implements Transform.
func (t Sometimes) Apply(dst, src *Image, w *Work) {
	if w.Random.Float64() < t.P {
		t.T.Apply(dst, src, w)
		return
	}
	dst.copyOf(src)
}

func (t Sometimes) parts() []Transform { return []Transform{t.T} }

// OneOf applies one of some transforms, each with the same probability. It takes
// one draw to decide.
type OneOf []Transform

// Apply implements Transform.
func (t OneOf) Apply(dst, src *Image, w *Work) {
	if len(t) == 0 {
		dst.copyOf(src)
		return
	}
	t[w.Random.IntN(len(t))].Apply(dst, src, w)
}

func (t OneOf) parts() []Transform { return t }

// SomeOf applies N different ones of some transforms, each set of N with the same
// probability, in the order in which they are given. It takes N draws to decide.
type SomeOf struct {
	N    int `set:"n" of:"0..100" doc:"number of transforms"`
	List []Transform
}

// Apply implements Transform.
func (t SomeOf) Apply(dst, src *Image, w *Work) {
	chosen := w.take() // by part: 1 for one that is applied
	defer w.give()
	chosen.Reset(1, 1, len(t.List))
	choose(chosen.Pix, t.N, w)

	a, b := w.take(), w.take()
	defer w.give()
	defer w.give()
	for i, part := range t.List {
		if chosen.Pix[i] == 1 {
			part.Apply(a, src, w)
			src, a, b = a, b, a
		}
	}
	dst.copyOf(src)
}

// choose sets n elements to 1, the others to 0 (Floyd's algorithm).
func choose(chosen []float32, n int, w *Work) {
	clear(chosen)
	for last := max(0, len(chosen)-n); last < len(chosen); last++ {
		i := w.Random.IntN(last + 1)
		if chosen[i] == 1 {
			i = last
		}
		chosen[i] = 1
	}
}

// check lets pass what has no list yet.
func (t SomeOf) check() error {
	if len(t.List) > 0 && t.N > len(t.List) {
		return fmt.Errorf("someof: n=%d of %d, want at most as many as there are", t.N, len(t.List))
	}
	if t.N > 1 {
		return checkOrder(t.List)
	}
	return nil
}

func (t SomeOf) parts() []Transform { return t.List }
