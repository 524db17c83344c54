package model

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// Every network computes from packed weights what it computes from the same numbers in
// float32, to the bit, at once and recorded, for one example and some.
func TestPackedWeightsGiveTheSameBits(t *testing.T) {
	for i, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			long(t, slices.Contains([]string{"vgg16", "resnet34", "resnet50"}, s.name)) // others are made of the same layers
			d := []tensor.DType{tensor.MXFP4, tensor.NVFP4, tensor.MXFP8E4M3, tensor.Float8E4M3, tensor.BFloat16}[i%5]
			packed, plain := s.net(), s.net()
			asked := map[string]bool{}
			nn.Pack(packed, func(name string, shape []int) *tensor.Tensor {
				asked[name] = true
				return weightOf(t, plain, name).Value.Tensor().Reshape(shape[0], -1).Convert(d)
			})
			if len(asked) == 0 {
				t.Fatal("nothing was packed")
			}
			for name := range asked {
				w := weightOf(t, plain, name).Value
				autograd.Assign(w, autograd.Const(weightOf(t, packed, name).Value.Tensor().Convert(tensor.Float32).Reshape(w.Shape()...)))
			}
			nn.SetTraining(packed, false)
			nn.SetTraining(plain, false)
			sizes := []int{1, 3}
			if s.heavy {
				sizes = []int{1}
			}
			for _, n := range sizes {
				x, _ := s.batch(t, n)
				want := plain.Forward(autograd.Const(x)).Tensor()
				wantEqual(t, fmt.Sprint("at once, ", n), packed.Forward(autograd.Const(x)).Tensor(), want)
				tr := autograd.Record(nn.Values(nn.Variables(packed)), []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
					return []*autograd.Value{packed.Forward(in[0])}
				})
				p := program.Compile(tr)
				p.Run(x)
				wantEqual(t, fmt.Sprint("recorded, ", n), p.Run(x)[0], want)
			}
		})
	}
}

func wantEqual(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func weightOf(t *testing.T, net nn.Module, name string) nn.Named {
	t.Helper()
	for _, v := range nn.Variables(net) {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no variable %s", name)
	return nn.Named{}
}

// A blank network has the variables of another, and takes what they are.
func TestNewBlank(t *testing.T) {
	for _, name := range []string{"lenet5", "resnet20"} {
		e, _ := Find(name)
		drawn, err := New(name, e.Input.Shape, 10, 3)
		if err != nil {
			t.Fatal(err)
		}
		blank, err := NewBlank(name, e.Input.Shape, 10, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range nn.Variables(drawn) {
			w := weightOf(t, blank, v.Name)
			if !w.Value.Spec().Equal(v.Value.Spec()) || w.Value.IsTrainable() != v.Value.IsTrainable() {
				t.Fatalf("%s: %s is %v, want %v", name, v.Name, w.Value.Spec(), v.Value.Spec())
			}
			autograd.Adopt(w.Value, v.Value.Tensor().Clone())
		}
		x := autograd.Const(tensor.Full(tensor.Float32, 0.5, append([]int{2}, e.Input.Shape...)...))
		nn.SetTraining(drawn, false)
		nn.SetTraining(blank, false)
		wantEqual(t, name, blank.Forward(x).Tensor(), drawn.Forward(x).Tensor())
	}
	if _, err := NewBlank("lenet6", []int{1, 28, 28}, 10, 0); err == nil {
		t.Error("an unknown network was made")
	}
}
