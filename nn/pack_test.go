package nn_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Weights that several layers share stay as they are, as do those that nothing is packed
// for; packed ones are buffers.
func TestPack(t *testing.T) {
	r := random.New(1)
	shared := nn.NewLinear(4, 4, r)
	m := &struct {
		Conv              *nn.Conv2D
		Head, Left, Right *nn.Linear
		Table             *nn.Embedding
		Tied              *nn.Linear
	}{Conv: nn.NewConv2D(2, 3, 3, op.Conv2DConfig{}, r), Head: nn.NewLinear(6, 5, r), Left: shared, Right: &nn.Linear{Weight: shared.Weight}, Table: nn.NewEmbedding(7, 4, r)}
	m.Tied = &nn.Linear{Weight: m.Table.Weight}
	var asked []string
	nn.Pack(m, func(name string, shape []int) *tensor.Tensor {
		asked = append(asked, name)
		return tensor.New(tensor.MXFP4, shape[0], tensor.Elements(shape[1:]))
	})
	if want := []string{"conv.weight", "head.weight"}; !slices.Equal(asked, want) {
		t.Errorf("packed %v, want %v", asked, want)
	}
	if got := m.Conv.Forward(op.Zeros(tensor.Float32, 1, 2, 5, 4)).Shape(); !slices.Equal(got, []int{1, 3, 3, 2}) {
		t.Errorf("the convolution gives %v", got)
	}
	if m.Head.Weight.IsTrainable() || m.Head.Weight.DType() != tensor.MXFP4 || !m.Head.Bias.IsTrainable() || m.Tied.Weight.DType() != tensor.Float32 {
		t.Error("the wrong weights were packed")
	}
}

func TestPackRefusesOtherTensors(t *testing.T) {
	for _, bad := range []*tensor.Tensor{tensor.New(tensor.Float32, 5, 6), tensor.New(tensor.MXFP4, 6, 5)} {
		func() {
			defer func() {
				var mistake *tensor.Error
				if err, _ := recover().(error); !errors.As(err, &mistake) {
					t.Errorf("%v was taken", bad.Spec())
				}
			}()
			nn.Pack(nn.NewLinear(6, 5, random.New(1)), func(string, []int) *tensor.Tensor { return bad })
		}()
	}
}

// A blank layer is like any other, with zeros, in programs too.
func TestBlankLayers(t *testing.T) {
	l := nn.NewLinear(3, 2, random.New(1), nn.Blank)
	if !l.Weight.IsTrainable() || nn.CountParameters(l) != 8 {
		t.Error("a blank parameter is none")
	}
	x := autograd.Const(tensor.Full(tensor.Float32, 1, 1, 3))
	autograd.Record(nn.Values(nn.Variables(l)), []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{l.Forward(in[0])}
	})
	autograd.Assign(l.Bias, autograd.Const(tensor.Full(tensor.Float32, 2, 2)))
	if got := tensor.Data[float32](l.Forward(x).Tensor()); !slices.Equal(got, []float32{2, 2}) {
		t.Errorf("gives %v", got)
	}
	if g := autograd.Grad(op.Sum(l.Forward(x)), l.Weight)[0]; !g.Tensor().Equal(tensor.Full(tensor.Float32, 1, 2, 3)) {
		t.Errorf("a gradient of %v", g.Tensor())
	}
}
