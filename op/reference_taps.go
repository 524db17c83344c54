package op

import (
	"cmp"
	"math"
	"slices"
)

// What the references of layers, convolutions and poolings share. They scan all
// taps for those that fit, so that no formula is turned round.

// rectified is the reference of a layer and ReLU in one.
func rectified[O Operation](layer func(o O, in []Array, index []int) float64) Reference {
	return PerElement(func(o O, in []Array, index []int) float64 { return math.Max(layer(o, in, index), 0) })
}

func (linear) element(in []Array, index []int) float64 {
	x, w := in[0], in[1]
	row, out := index[:len(index)-1], index[len(index)-1]
	sum := total(w.Shape()[1:], func(at []int) float64 { return x.At(slices.Concat(row, at)...) * w.At(out, at[0]) })
	if len(in) == 3 {
		sum += in[2].At(out)
	}
	return sum
}

// at returns where a tap of the kernel lies for an output.
func (c Conv2DConfig) at(y, x, ky, kx int) (int, int) {
	cols := ConvColumns{c.Stride, c.Padding, c.Dilation}
	if c.Columns != (ConvColumns{}) {
		cols = c.Columns
	}
	return y*max(1, c.Stride) + ky*max(1, c.Dilation) - c.Padding, x*max(1, cols.Stride) + kx*max(1, cols.Dilation) - cols.Padding
}

// channel returns that of the input which channel c of a filter is for, when
// there are as many filters and channels of a filter.
func (c Conv2DConfig) channel(filter, channel, filters, channels int) int {
	return filter/(filters/cmp.Or(c.Groups, 1))*channels + channel
}

func (o conv2D) element(in []Array, index []int) float64 {
	x, w := in[0], in[1]
	n, filter := index[0], index[1]
	sum := total(w.Shape()[1:], func(k []int) float64 {
		y, x0 := o.at(index[2], index[3], k[1], k[2])
		channel := o.channel(filter, k[0], w.Shape()[0], w.Shape()[1])
		return w.At(filter, k[0], k[1], k[2]) * x.orZero(n, channel, y, x0)
	})
	if len(in) == 3 {
		sum += in[2].At(filter)
	}
	return sum
}

func (o conv2DInput) element(in []Array, index []int) float64 {
	g, w := in[0], in[1]
	c := index[1] % w.Shape()[1] // of its group
	return total(g.Shape()[1:], func(out []int) float64 {
		if o.channel(out[0], c, w.Shape()[0], w.Shape()[1]) != index[1] {
			return 0
		}
		return total(w.Shape()[2:], func(k []int) float64 {
			if y, x := o.at(out[1], out[2], k[0], k[1]); y != index[2] || x != index[3] {
				return 0
			}
			return w.At(out[0], c, k[0], k[1]) * g.At(index[0], out[0], out[1], out[2])
		})
	})
}

func (o conv2DWeight) element(in []Array, index []int) float64 {
	x, g := in[0], in[1]
	filters, filter := g.Shape()[1], index[0]
	channel := o.channel(filter, index[1], filters, x.Shape()[1]/cmp.Or(o.Groups, 1))
	return start(in, index) + total([]int{g.Shape()[0], g.Shape()[2], g.Shape()[3]}, func(out []int) float64 {
		y, x0 := o.at(out[1], out[2], index[2], index[3])
		return g.At(out[0], filter, out[1], out[2]) * x.orZero(out[0], channel, y, x0)
	})
}

// start returns what the sum of a gradient of weights begins from.
func start(in []Array, index []int) float64 {
	if len(in) < 3 {
		return 0
	}
	return in[2].At(index...)
}

// orZero is At, but 0 outside of an image.
func (a Array) orZero(n, c, y, x int) float64 {
	if y < 0 || x < 0 || y >= a.Shape()[2] || x >= a.Shape()[3] {
		return 0
	}
	return a.At(n, c, y, x)
}
