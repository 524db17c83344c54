package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type groupNorm struct {
	Groups int
	Eps    float64
}

// GroupNorm returns (x - mean) / √(variance + eps) · gain + bias for x of [n c …],
// with the mean and the biased variance of each group of channels of each example.
// gain and bias are of [c], or both nil. Wu and He, "Group Normalization", 2018.
func GroupNorm(x *autograd.Value, groups int, gain, bias *autograd.Value, eps float64) *autograd.Value {
	return Apply1(groupNorm{groups, eps}, withAffine(x, gain, bias)...)
}

type instanceNorm struct{ Eps float64 }

// InstanceNorm is GroupNorm with a group for each channel. Ulyanov et al.,
// "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.
func InstanceNorm(x, gain, bias *autograd.Value, eps float64) *autograd.Value {
	return Apply1(instanceNorm{eps}, withAffine(x, gain, bias)...)
}

func withAffine(x, gain, bias *autograd.Value) []*autograd.Value {
	if gain == nil && bias == nil {
		return []*autograd.Value{x}
	}
	return []*autograd.Value{x, gain, bias}
}

func (groupNorm) Name() string { return "group_norm" }

func (instanceNorm) Name() string { return "instance_norm" }

func (o groupNorm) Compose(in []*autograd.Value) []*autograd.Value {
	wantChannels(o.Name(), o.Eps, in)
	if c := in[0].Shape()[1]; o.Groups < 1 || c%o.Groups != 0 {
		tensor.Fail(o.Name(), specsOf(in), "want channels in %d equal groups, not %d", o.Groups, c)
	}
	return []*autograd.Value{normalisedGroups(in, o.Groups, o.Eps)}
}

func (o instanceNorm) Compose(in []*autograd.Value) []*autograd.Value {
	wantChannels(o.Name(), o.Eps, in)
	return []*autograd.Value{normalisedGroups(in, in[0].Shape()[1], o.Eps)}
}

// normalisedGroups takes the channels of each group as one row.
func normalisedGroups(in []*autograd.Value, groups int, eps float64) *autograd.Value {
	x, shape := in[0], in[0].Shape()
	row := tensor.Elements(shape[1:]) / max(1, groups)
	z := Reshape(LayerNorm(Reshape(x, shape[0], groups, row), nil, nil, eps), shape...)
	if len(in) == 1 {
		return z
	}
	return MulAdd(z, perChannel(in[1], x), perChannel(in[2], x))
}

// referenceOfGroups normalises groups of channels, of which size says how many there are.
func referenceOfGroups(in []Array, groups int, eps float64) []Array {
	x, y := in[0], NewArray(in[0].Shape()...)
	size := x.Shape()[1] / max(1, groups)
	Each(x.Shape(), func(index []int) {
		var group []float64
		Each(x.Shape(), func(other []int) {
			if other[0] == index[0] && other[1]/size == index[1]/size {
				group = append(group, x.At(other...))
			}
		})
		mean, variance := momentsOf(group)
		v := (x.At(index...) - mean) / math.Sqrt(variance+eps)
		if len(in) == 3 {
			v = v*in[1].Data[index[1]] + in[2].Data[index[1]]
		}
		y.Set(v, index...)
	})
	return []Array{y}
}

var _ = register(Entry{
	Name: "group_norm", Kind: Normalisation, Formula: "(x - mean) / √(variance + eps) · gain + bias, with those of each group of channels of an example",
	Call: "GroupNorm(x, groups, gain, bias, eps)", Shapes: "[n c …], [c], [c] → [n c …]",
	Kinks:  "NaN for a constant group with ε = 0",
	Linear: [][]int{{1, 2}},
	Reference: func(o Operation, in []Array) []Array {
		return referenceOfGroups(in, o.(groupNorm).Groups, o.(groupNorm).Eps)
	},
	Cases: []Case{
		{groupNorm{2, 1e-5}, []Arg{In(2, 4, 3, 1).Distinct(), In(4), In(4)}},
		{groupNorm{1, 1e-5}, []Arg{In(3, 3, 5), In(3), In(3)}},
		{groupNorm{3, 0.1}, []Arg{In(1, 3, 3, 5), In(3), In(3)}},
		{groupNorm{3, 0.1}, []Arg{In(5, 9), In(9), In(9)}},
		{groupNorm{2, 0.1}, []Arg{In(2, 4, 1, 5)}},
		{groupNorm{2, 0.1}, []Arg{In(0, 4, 3), In(4), In(4)}},
	},
})

var _ = register(Entry{
	Name: "instance_norm", Kind: Normalisation, Formula: "(x - mean) / √(variance + eps) · gain + bias, with those of each channel of an example",
	Call: "InstanceNorm(x, gain, bias, eps)", Shapes: "[n c …], [c], [c] → [n c …]",
	Kinks:  "NaN for a constant channel with ε = 0",
	Linear: [][]int{{1, 2}},
	Reference: func(o Operation, in []Array) []Array {
		return referenceOfGroups(in, in[0].Shape()[1], o.(instanceNorm).Eps)
	},
	Cases: []Case{
		{instanceNorm{1e-5}, []Arg{In(2, 3, 3, 3).Distinct(), In(3), In(3)}},
		{instanceNorm{1e-5}, []Arg{In(3, 1, 7).Distinct(), In(1), In(1)}},
		{instanceNorm{0.1}, []Arg{In(1, 5, 1, 3), In(5), In(5)}},
		{instanceNorm{0.1}, []Arg{In(2, 3, 5, 1)}},
		{instanceNorm{0.1}, []Arg{In(2, 2, 3, 4)}},
		{instanceNorm{0.1}, []Arg{In(0, 4, 3), In(4), In(4)}},
	},
})
