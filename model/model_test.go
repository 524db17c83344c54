package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestLeNet5CountsAndNames(t *testing.T) {
	for _, c := range []struct{ classes, want int }{{10, 61706}, {47, 64851}, {62, 66126}} {
		if got := nn.CountParameters(NewLeNet5(c.classes, 1)); got != c.want {
			t.Errorf("%d parameters at %d classes, want %d", got, c.classes, c.want)
		}
	}
	want := []string{
		"conv1.weight float32[6 1 5 5]", "conv1.bias float32[6]",
		"conv2.weight float32[16 6 5 5]", "conv2.bias float32[16]",
		"fc1.weight float32[120 400]", "fc1.bias float32[120]",
		"fc2.weight float32[84 120]", "fc2.bias float32[84]",
		"fc3.weight float32[47 84]", "fc3.bias float32[47]",
	}
	var got []string
	for _, p := range nn.Parameters(NewLeNet5(47, 1)) {
		got = append(got, p.Name+" "+p.Value.Spec().String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("parameters\n%v, want\n%v", got, want)
	}
}

func TestNew(t *testing.T) {
	for _, name := range Names() {
		m, err := New(name, []int{1, 28, 28}, 47, 1)
		if err != nil {
			t.Fatal(err)
		}
		scores := m.Forward(autograd.Const(tensor.New(tensor.Float32, 3, 1, 28, 28)))
		if got := scores.Spec().String(); got != "float32[3 47]" {
			t.Errorf("%s gives %s", name, got)
		}
	}
	for _, c := range []struct {
		name    string
		input   []int
		classes int
		want    string
	}{
		{"lenet9", []int{1, 28, 28}, 47, `"lenet9": want one of lenet5`},
		{"lenet5", []int{3, 32, 32}, 47, "[1 28 28], not [3 32 32]"},
		{"lenet5", []int{1, 28, 28}, 0, "not 0"},
	} {
		if _, err := New(c.name, c.input, c.classes, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}
