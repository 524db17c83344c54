package augment

import (
	"fmt"
	"strings"
)

// Policy is what is done to the examples of a training run.
type Policy struct {
	Each Transform        // of every image; nil: they stay as they are
	Mix  []BatchTransform // of every batch after that, one of these; nothing where there is none
}

// String returns the policy as [Parse] reads it.
func (p *Policy) String() string {
	var parts []string
	if c, ok := p.Each.(Compose); p.Each != nil && (!ok || len(c) > 0) {
		parts = append(parts, Text(p.Each))
	}
	for _, m := range p.Mix {
		parts = append(parts, Text(m))
	}
	return strings.Join(parts, "+")
}

// Normalises reports whether a [Normalise] is among the transforms of images.
func (p *Policy) Normalises() bool { return p.Each != nil && normalises(p.Each) }

// ApplyBatch mixes a batch. It takes one draw to decide how, and of images that
// are not to be mixed it makes a copy.
func (p *Policy) ApplyBatch(dst, src *Batch, w *Work) {
	if len(p.Mix) == 0 {
		copyBatch(dst, src)
		return
	}
	p.Mix[w.Random.IntN(len(p.Mix))].ApplyBatch(dst, src, w)
}

// NamedPolicy is a policy with a name.
type NamedPolicy struct{ Name, Text, Doc string }

// Policies returns the policies that have a name, beside the transforms that are
// policies of papers: each row of the table is a policy too.
func Policies() []NamedPolicy {
	return []NamedPolicy{
		{"default", "affine:degrees=8,x=0.07,y=0.07,scale=0.9..1.1,shear-x=0.15", "handwriting, and other small grey images: one resampling"},
		{"light", "affine:degrees=4,x=0.04,y=0.04,scale=0.95..1.05,shear-x=0.05", "a weaker default"},
		{"strong", "affine:degrees=12,x=0.1,y=0.1,scale=0.85..1.15,shear-x=0.25+elastic:alpha=10..30,p=0.5+pen:amount=0.4,p=0.5+erase:area=0.02..0.1,p=0.25", "handwriting, for networks that overfit"},
		{"cifar", "crop:pad=4+hflip:p=0.5", "small photographs"},
	}
}

// Named returns a policy of [Policies], or a transform of the table with its
// defaults.
func Named(name string) (*Policy, error) {
	if strings.ContainsAny(name, ":+|(),") {
		return nil, fmt.Errorf("augment: %q is no name of a policy, want one such as default", name)
	}
	return Parse(name)
}

// New returns a transform of the table, or a batch transform, with settings such
// as "degrees=10,fill=0.5".
func New(name, settings string) (any, error) {
	r, ok := Lookup(name)
	if !ok {
		return nil, fmt.Errorf("augment: no transform %q, see the table", name)
	}
	t, err := set(r.Default, settings)
	if err != nil {
		return nil, fmt.Errorf("augment: %s: %w", name, err)
	}
	return t, nil
}
