package op

import "github.com/mlodyssey/odyssey/autograd"

// Upsample1DConfig is how rows are brought to another size: as Upsample2DConfig is
// for images.
type Upsample1DConfig struct {
	Scale        float64
	Width        int
	Linear       bool
	AlignCorners bool
}

type upsample1D struct{ Upsample1DConfig }

// ofRow returns the config for images of one row.
func (c Upsample1DConfig) ofRow() upsampling {
	return upsampling{Upsample2DConfig{Scale: c.Scale, Width: c.Width, Linear: c.Linear, AlignCorners: c.AlignCorners}, true}
}

// Upsample1D is Upsample2D of rows x, of shape [n c w].
func Upsample1D(x *autograd.Value, cfg Upsample1DConfig) *autograd.Value {
	return Apply1(upsample1D{cfg}, x)
}

func (upsample1D) Name() string { return "upsample1d" }

func (o upsample1D) Compose(in []*autograd.Value) []*autograd.Value {
	return onImagesOfOneRow(in[0], func(x *autograd.Value) *autograd.Value {
		return autograd.Apply1(upsample2D{o.ofRow()}, x)
	})
}

var _ = register(Entry{
	Name: "upsample1d", Kind: Pooling, Formula: "x between its nearest elements", Call: "Upsample1D(x, cfg)", Shapes: "[n c w] → [n c w′]",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o upsample1D, in []Array, index []int) float64 {
		n, m := in[0].Shape()[2], o.Width
		if o.Scale > 0 {
			m = int(float64(n) * o.Scale)
		}
		return total([]int{n}, func(at []int) float64 {
			return o.ofRow().sampled(index[2], at[0], n, m) * in[0].At(index[0], index[1], at[0])
		})
	}),
	Cases: []Case{
		{upsample1D{Upsample1DConfig{Scale: 3}}, []Arg{In(2, 2, 4)}},
		{upsample1D{Upsample1DConfig{Width: 5}}, []Arg{In(1, 3, 3)}},
		{upsample1D{Upsample1DConfig{Scale: 2, Linear: true}}, []Arg{In(2, 1, 5)}},
		{upsample1D{Upsample1DConfig{Width: 7, Linear: true, AlignCorners: true}}, []Arg{In(3, 1, 4)}},
		{upsample1D{Upsample1DConfig{Width: 2, Linear: true}}, []Arg{In(1, 2, 7)}},
		{upsample1D{Upsample1DConfig{Scale: 2}}, []Arg{In(0, 2, 3)}},
	},
})
