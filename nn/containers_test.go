package nn_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// wantMistake checks that f panics with a *tensor.Error that says what.
func wantMistake(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, _ := recover().(error)
		var mistake *tensor.Error
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want a mistake that says %q", err, what)
		}
	}()
	f()
}

func double(x *autograd.Value) *autograd.Value { return op.Scale(x, 2) }

func TestResidual(t *testing.T) {
	x := op.Scalar(tensor.Float64, 3)
	if got := (&nn.Residual{Body: nn.Func(double)}).Forward(x).Tensor().Item(); got != 9 {
		t.Errorf("2x + x = %v, want 9", got)
	}
	if got := (&nn.Residual{Body: nn.Func(double), Shortcut: nn.Func(op.Neg)}).Forward(x).Tensor().Item(); got != 3 {
		t.Errorf("2x - x = %v, want 3", got)
	}
	r := random.New(1)
	m := &struct{ Blocks nn.List[*nn.Residual] }{nn.List[*nn.Residual]{
		{Body: nn.Sequential{nn.NewLinear(2, 2, r, nn.NoBias)}},
		{Body: nn.NewLinear(2, 3, r, nn.NoBias), Shortcut: nn.NewLinear(2, 3, r)},
	}}
	want := []string{"blocks.0.body.0.weight", "blocks.1.body.weight", "blocks.1.shortcut.weight", "blocks.1.shortcut.bias"}
	if got := names(nn.Parameters(m)); !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}

func TestFrozenParametersAreNotTrained(t *testing.T) {
	r := random.New(1)
	m := &struct {
		Body, Head *nn.Linear
		Drop       *nn.Dropout
	}{nn.NewLinear(3, 3, r), nn.NewLinear(3, 1, r), nn.NewDropout(0.5, r)}
	body := func(name string) bool { return strings.HasPrefix(name, "body.") }
	all := names(nn.Variables(m))
	nn.Freeze(m, body)
	if got, want := names(nn.Parameters(m)), []string{"head.weight", "head.bias"}; !slices.Equal(got, want) {
		t.Errorf("with a frozen body, parameters %v, want %v", got, want)
	}
	if got := names(nn.Variables(m)); !slices.Equal(got, all) {
		t.Errorf("with a frozen body, variables %v, want %v", got, all)
	}

	x := autograd.Const(tensor.Full(tensor.Float32, 1, 2, 3))
	hidden := m.Body.Forward(x)
	if hidden.NeedsGrad() {
		t.Error("gradients flow through a frozen layer")
	}
	loss := op.Sum(m.Head.Forward(hidden))
	if got := autograd.Grad(loss, m.Head.Bias)[0].Tensor().Item(); got != 2 {
		t.Errorf("the gradient of the head's bias is %v, want 2", got)
	}
	wantMistake(t, "is frozen", func() { autograd.Grad(loss, m.Body.Weight) })

	nn.Unfreeze(m, func(name string) bool { return true })
	if got, want := len(nn.Parameters(m)), 4; got != want {
		t.Errorf("%d parameters after unfreezing, want %d", got, want)
	}
	if m.Drop.Key.IsTrainable() {
		t.Error("unfreezing trains a buffer")
	}
	autograd.Grad(op.Sum(m.Head.Forward(m.Body.Forward(x))), m.Body.Weight)
}
