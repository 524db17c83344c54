package optim

import (
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestSplit(t *testing.T) {
	params := newParams(tensor.Float32)
	names := func(params []nn.Named) (names string) {
		for _, p := range params {
			names += p.Name
		}
		return names
	}
	matrices, rest := Split(params, IsMatrix)
	if names(matrices) != "ace" || names(rest) != "bd" {
		t.Errorf("matrices %q, rest %q", names(matrices), names(rest))
	}
	first, rest := Split(params, func(p nn.Named) bool { return p.Name < "c" })
	if names(first) != "ab" || names(rest) != "cde" {
		t.Errorf("first %q, rest %q", names(first), names(rest))
	}
}

func TestJoinRefuses(t *testing.T) {
	params := newParams(tensor.Float32)
	o := mustMake(t, with(NewSGD, SGDConfig{LR: 1}), params)
	other := mustMake(t, with(NewLion, LionConfig{LR: 1}), params[2:])
	if _, err := Join(); err == nil || !strings.Contains(err.Error(), "no groups") {
		t.Errorf("error %v", err)
	}
	if _, err := Join(o, other); err == nil || !strings.Contains(err.Error(), `parameter "c" is in two groups`) {
		t.Errorf("error %v", err)
	}
}

// The state of groups has a name for each variable.
func TestNamesOfAState(t *testing.T) {
	for _, c := range cases {
		o := mustMake(t, c.make, newParams(tensor.Float32))
		seen := map[string]bool{}
		for _, s := range append(o.State(), o.Parameters()...) {
			if seen[s.Name] {
				t.Errorf("%s: two variables are called %s", c.name, s.Name)
			}
			seen[s.Name] = true
		}
		for _, r := range o.Rates() {
			if !isIn(r.LR, o.State()) || r.Momentum != nil && !isIn(r.Momentum, o.State()) {
				t.Errorf("%s: a rate is no part of the state", c.name)
			}
		}
	}
}

func isIn(v *autograd.Value, list []nn.Named) bool {
	for _, n := range list {
		if n.Value == v {
			return true
		}
	}
	return false
}

func TestMuonWantsMatrices(t *testing.T) {
	params := newParams(tensor.Float32)
	all := func(nn.Named) bool { return true }
	if _, err := NewMuon(params, MuonConfig{LR: 1, Match: all}); err == nil || !strings.Contains(err.Error(), "b is float32[7]: muon wants parameters of two axes or more") {
		t.Errorf("error %v", err)
	}
	if _, err := NewMuon(params, MuonConfig{LR: 1, AdamW: AdamConfig{Beta1: 2}}); err == nil || !strings.Contains(err.Error(), "adamw: beta1 is 2") {
		t.Errorf("error %v", err)
	}
	matrices, biases := Split(params, IsMatrix)
	if o, err := NewMuon(matrices, MuonConfig{LR: 1}); err != nil || len(o.Rates()) != 1 {
		t.Errorf("of matrices alone: %v", err)
	}
	if o, err := NewMuon(biases, MuonConfig{LR: 1}); err != nil || LearningRate(o) != 0.015 {
		t.Errorf("of biases alone: %v", err)
	}
}

// Where a norm is 0 a step has the plain length.
func TestTrustInZeros(t *testing.T) {
	for _, c := range []struct {
		name           string
		make           maker
		first, g, want float64
	}{
		{"lars from 0", with(NewLARS, LARSConfig{LR: 0.5}), 0, 2, -1},
		{"lars without a gradient", with(NewLARS, LARSConfig{LR: 0.5, WeightDecay: 0.1}), 2, 0, 1.9},
		{"lamb from 0", with(NewLAMB, LAMBConfig{LR: 0.5, Epsilon: 1e-30}), 0, 2, -0.5},
		{"lamb without a gradient", with(NewLAMB, LAMBConfig{LR: 0.5}), 2, 0, 2},
	} {
		w := autograd.Variable("w", tensor.Full(tensor.Float64, c.first, 1))
		o := mustMake(t, c.make, []nn.Named{{Name: "w", Value: w}})
		o.Step([]*autograd.Value{autograd.Const(tensor.Full(tensor.Float64, c.g, 1))})
		if got := w.Tensor().Item(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
