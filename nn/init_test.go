package nn_test

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// moments are statistics of draws; those of z, centred and divided by the
// deviation, tell distributions apart.
type moments struct{ mean, std, kurtosis, least, largest float64 }

func momentsOf(x []float64) moments {
	n := float64(len(x))
	m := moments{least: math.Inf(1), largest: math.Inf(-1)}
	for _, v := range x {
		m.mean += v / n
		m.least, m.largest = min(m.least, v), max(m.largest, v)
	}
	var fourth float64
	for _, v := range x {
		d := v - m.mean
		m.std += d * d / n
		fourth += d * d * d * d / n
	}
	m.kurtosis = fourth / (m.std * m.std)
	m.std = math.Sqrt(m.std)
	return m
}

func TestInitializers(t *testing.T) {
	const uniform, normal = 1.8, 3.0 // kurtosis
	cases := []struct {
		name                string
		init                nn.Initializer
		mean, std, kurtosis float64
		lo, hi              float64
	}{
		{"uniform", nn.Uniform(-1, 3), 1, 4 / math.Sqrt(12), uniform, -1, 3},
		{"normal", nn.Normal(2, 0.5), 2, 0.5, normal, -1, 5},
		{"truncated normal", nn.TruncatedNormal(0, 1, -2, 2), 0, 0.87963, 2.3632, -2, 2},
		{"truncated on one side", nn.TruncatedNormal(0, 0.5, 0, math.Inf(1)), 0.5 * math.Sqrt(2/math.Pi), 0.5 * math.Sqrt(1-2/math.Pi), 3.8692, 0, 3},
		{"Xavier uniform", nn.XavierUniform(2), 0, 2 * math.Sqrt(2.0/(12*25+100*25)), uniform, -0.1, 0.1},
		{"Xavier normal", nn.XavierNormal(nn.GainTanh), 0, 5.0 / 3 * math.Sqrt(2.0/(12*25+100*25)), normal, -1, 1},
		{"Kaiming uniform", nn.KaimingUniform(nn.FanIn, nn.GainReLU), 0, math.Sqrt(2.0 / (12 * 25)), uniform, -0.15, 0.15},
		{"Kaiming normal", nn.KaimingNormal(nn.FanOut, nn.GainLeakyReLU(0.5)), 0, math.Sqrt(2 / 1.25 / (100 * 25)), normal, -1, 1},
		{"orthogonal", nn.Orthogonal(3), 0, 3 / math.Sqrt(12*25), normal, -3, 3},
	}
	for _, c := range cases {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
			x := tensor.New(d, 100, 12, 5, 5)
			c.init(x, random.New(7))
			got := momentsOf(tensor.Data[float64](x.Convert(tensor.Float64)))
			n := float64(x.Len())
			if math.Abs(got.mean-c.mean) > 5*c.std/math.Sqrt(n) || math.Abs(got.std/c.std-1) > 5/math.Sqrt(n) || math.Abs(got.kurtosis-c.kurtosis) > 0.15 {
				t.Errorf("%s, %v: %+v, want a mean of %v, a deviation of %v and a kurtosis of %v", c.name, d, got, c.mean, c.std, c.kurtosis)
			}
			if got.least < c.lo || got.largest > c.hi {
				t.Errorf("%s, %v: from %v to %v, want from %v to %v", c.name, d, got.least, got.largest, c.lo, c.hi)
			}
			again := tensor.New(d, 100, 12, 5, 5)
			if c.init(again, random.New(7)); !again.Equal(x) {
				t.Errorf("%s: the same stream gives other elements", c.name)
			}
		}
	}
}

func TestOrthogonal(t *testing.T) {
	for _, shape := range [][]int{{5, 5}, {3, 8}, {8, 3}, {4, 3, 2, 2}, {1, 1}} {
		x := tensor.New(tensor.Float64, shape...)
		nn.Orthogonal(2)(x, random.New(3))
		m := autograd.Const(x.Reshape(shape[0], -1))
		product := op.MatMul(m, op.Permute(m, 1, 0))
		if m.Shape()[0] > m.Shape()[1] {
			product = op.MatMul(op.Permute(m, 1, 0), m)
		}
		n := product.Shape()[0]
		for i, v := range tensor.Data[float64](product.Tensor()) {
			want := 0.0
			if i/n == i%n {
				want = 4
			}
			if math.Abs(v-want) > 1e-14 {
				t.Errorf("%v: product %d of two vectors is %v, want %v", shape, i, v, want)
			}
		}
	}
}

func TestInitialise(t *testing.T) {
	l := nn.NewLinear(3, 4, random.New(1), nn.InitWeight(nn.Constant(2)), nn.OfType(tensor.Float64), nn.NoBias)
	if l.Bias != nil || l.Weight.Spec().String() != "float64[4 3]" || tensor.Data[float64](l.Weight.Tensor())[11] != 2 {
		t.Errorf("bias %v, weights %v", l.Bias, l.Weight.Tensor())
	}
	nn.Initialise(l.Weight, nn.Constant(3), nil)
	if got := tensor.Data[float64](l.Weight.Tensor()); got[0] != 3 || got[11] != 3 {
		t.Errorf("weights %v, want 3", got)
	}
	c := nn.NewConv2D(2, 3, 3, op.Conv2DConfig{}, random.New(1), nn.InitBias(nn.Constant(0)))
	if got := tensor.Data[float32](c.Bias.Tensor()); got[0] != 0 || got[2] != 0 {
		t.Errorf("bias %v, want 0", got)
	}
}

func TestInitializerMistakes(t *testing.T) {
	vector := tensor.New(tensor.Float32, 3)
	wantMistake(t, "around the mean 0", func() { nn.TruncatedNormal(0, 1, 1, 3) })
	wantMistake(t, "of at least 1", func() { nn.TruncatedNormal(0, 1, -0.1, 0.1) })
	wantMistake(t, "at least 2 axes", func() { nn.KaimingNormal(nn.FanIn, 1)(vector, random.New(1)) })
	wantMistake(t, "at least 2 axes", func() { nn.Orthogonal(1)(vector, random.New(1)) })
}
