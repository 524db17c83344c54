package augment

import (
	"fmt"
	"reflect"
	"strings"
)

// Parse reads a policy such as
//
//	rotate:degrees=10+shift:x=0.1,y=0.1
//	default+erase:p=0.25
//	crop:pad=4+hflip:p=0.5+oneof(blur|noise:sigma=0.1|sharpen)+mixup
//	someof:n=2(rotate|shear|all:p=0.5(erode+noise))
//
// Transforms follow each other, with their settings: a number, a range as in
// scale=0.9..1.1, or a word. Each of them takes p, the probability with which it
// is applied. A name of [Policies] stands for its text. Transforms that mix a
// batch come last; where there are several, one is drawn for each batch.
func Parse(text string) (*Policy, error) {
	p := parser{rest: text}
	steps, err := p.sequence()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("%q left over", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("augment: policy %q: %w", text, err)
	}
	policy, err := steps.policy()
	if err != nil {
		return nil, fmt.Errorf("augment: policy %q: %w", text, err)
	}
	return policy, nil
}

// steps are transforms, of images or batches.
type steps []any

func (s steps) policy() (*Policy, error) {
	p := &Policy{}
	var each Compose
	for _, step := range s {
		switch step := step.(type) {
		case BatchTransform:
			p.Mix = append(p.Mix, step)
		case Transform:
			if len(p.Mix) > 0 {
				return nil, fmt.Errorf("%s after %s, want what mixes a batch last", Text(step), Text(p.Mix[0]))
			}
			each = append(each, step)
		}
	}
	p.Each = each.simplest()
	return p, each.check()
}

// simplest returns the one transform of a sequence of one.
func (t Compose) simplest() Transform {
	if len(t) == 1 {
		return t[0]
	}
	return t
}

type parser struct {
	rest  string
	depth int
}

// upTo takes what stands before any of some characters.
func (p *parser) upTo(ends string) string {
	i := strings.IndexAny(p.rest, ends)
	if i < 0 {
		i = len(p.rest)
	}
	s := p.rest[:i]
	p.rest = p.rest[i:]
	return strings.TrimSpace(s)
}

func (p *parser) skip(c string) bool {
	rest, ok := strings.CutPrefix(p.rest, c)
	p.rest = rest
	return ok
}

func (p *parser) sequence() (steps, error) {
	var all steps
	for {
		some, err := p.item()
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); !p.skip("+") {
			return all, nil
		}
	}
}

func (p *parser) item() (steps, error) {
	name := p.upTo(":+|()")
	var settings string
	if p.skip(":") {
		settings = p.upTo("+|()")
	}
	settings, probability, err := cutProbability(settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	made, err := p.make(name, settings)
	if err != nil || probability < 0 {
		return made, err
	}
	return made.sometimes(probability)
}

// cutProbability takes p=… out of settings; -1 where there is none.
func cutProbability(settings string) (others string, p float64, err error) {
	var kept []string
	p = -1
	for _, s := range splitSettings(settings) {
		if !strings.HasPrefix(s, "p=") {
			kept = append(kept, s)
			continue
		}
		if p >= 0 {
			return "", 0, errTwice("p")
		}
		v, err := set(Sometimes{}, s)
		if err != nil {
			return "", 0, err
		}
		p = v.(Sometimes).P
	}
	return strings.Join(kept, ","), p, nil
}

func (s steps) sometimes(p float64) (steps, error) {
	if mix, ok := s[0].(BatchTransform); ok && len(s) == 1 {
		return steps{SometimesBatch{p, mix}}, nil
	}
	all, err := s.transform()
	return steps{Sometimes{p, all}}, err
}

// transform returns one transform of steps none of which mixes a batch.
func (s steps) transform() (Transform, error) {
	var all Compose
	for _, step := range s {
		t, ok := step.(Transform)
		if !ok {
			return nil, fmt.Errorf("%s within a group, want it last in the policy: it mixes a whole batch", Text(step))
		}
		all = append(all, t)
	}
	return all.simplest(), all.check()
}

// make returns what a name stands for.
func (p *parser) make(name, settings string) (steps, error) {
	switch name {
	case "":
		return nil, fmt.Errorf("a transform is missing before %q, want a name, as in default or rotate:degrees=10", p.rest)
	case "all", "oneof", "someof":
		return p.group(name, settings)
	}
	for _, n := range Policies() {
		if n.Name == name {
			if settings != "" {
				return nil, fmt.Errorf("%s:%s: no settings, want p alone", name, settings)
			}
			inner := parser{rest: n.Text}
			return inner.sequence()
		}
	}
	r, ok := Lookup(name)
	if !ok {
		return nil, fmt.Errorf("no transform %.60q, want one of default, rotate, … of docs/augmentation.md, or all(…), oneof(…), someof(…)", name)
	}
	t, err := set(r.Default, settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return steps{t}, nil
}

// maxDepth keeps text from outside from filling the stack.
const maxDepth = 32

func (p *parser) group(name, settings string) (steps, error) {
	some := SomeOf{N: 1}
	if name == "someof" {
		set, err := set(some, settings)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		some, settings = set.(SomeOf), ""
	}
	switch p.depth++; {
	case settings != "":
		return nil, fmt.Errorf("%s:%s: no settings, want p alone", name, settings)
	case !p.skip("("):
		return nil, fmt.Errorf("%s wants its transforms in brackets, as in %s(rotate|shear)", name, name)
	case p.depth > maxDepth:
		return nil, fmt.Errorf("groups within groups, want at most %d", maxDepth)
	}
	list, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	p.depth--
	switch name {
	case "oneof":
		return steps{OneOf(list)}, nil
	case "someof":
		some.List = list
		return steps{some}, some.check()
	}
	return steps{Compose(list).simplest()}, Compose(list).check()
}

// alternatives reads sequences up to the closing bracket.
func (p *parser) alternatives() ([]Transform, error) {
	var list []Transform
	for {
		s, err := p.sequence()
		if err != nil {
			return nil, err
		}
		t, err := s.transform()
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		switch {
		case p.skip("|"):
		case p.skip(")"):
			return list, nil
		default:
			return nil, fmt.Errorf("%q where a bracket should close", p.rest)
		}
	}
}

// Text returns a transform as [Parse] reads it, without settings that are the
// defaults; of a transform that is not in the table its type's name.
func Text(t any) string { return text(t, "") }

// text adds a setting, if not "", to those of t.
func text(t any, more string) string {
	switch t := t.(type) {
	case Compose:
		if more == "" && len(t) > 0 {
			return joined(t, "+")
		}
		return grouped("all", more, t)
	case OneOf:
		return grouped("oneof", more, t)
	case SomeOf:
		return grouped("someof", join(fmt.Sprintf("n=%d", t.N), more), t.List)
	case Sometimes:
		if _, ok := t.T.(Sometimes); ok {
			return grouped("all", "p="+number(t.P), []Transform{t.T})
		}
		return text(t.T, "p="+number(t.P))
	case SometimesBatch:
		return text(t.T, "p="+number(t.P))
	}
	r, ok := rowOf(t)
	if !ok {
		return fmt.Sprintf("%T", t)
	}
	return colon(r.Name, join(changed(t, r.Default), more))
}

// changed returns the settings that differ from a default.
func changed(t, from any) string {
	a, b := fields(reflect.ValueOf(t)), fields(reflect.ValueOf(from))
	all := ""
	for i, f := range a {
		if f.text() != b[i].text() {
			all = join(all, f.name()+"="+f.text())
		}
	}
	return all
}

func grouped(name, settings string, list []Transform) string {
	return colon(name, settings) + "(" + joined(list, "|") + ")"
}

func joined(list []Transform, by string) string {
	var texts []string
	for _, t := range list {
		texts = append(texts, Text(t))
	}
	return strings.Join(texts, by)
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

func colon(name, settings string) string {
	if settings == "" {
		return name
	}
	return name + ":" + settings
}
