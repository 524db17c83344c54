package op_test

import (
	"math"
	"reflect"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// array is a tensor in the plainest form, for references that share nothing
// with the operations.
type array struct {
	shape []int
	data  []float64
}

// at returns the element at an index, whose axes of size 1 repeat and whose
// surplus leading axes are dropped.
func (a array) at(index ...int) float64 {
	index = index[len(index)-len(a.shape):]
	i := 0
	for axis, size := range a.shape {
		if size == 1 {
			i *= size
			continue
		}
		i = i*size + index[axis]
	}
	return a.data[i]
}

// each calls f with every index of a shape, in order.
func each(shape []int, f func(index []int)) {
	n := tensor.Elements(shape)
	for i := range n {
		index := make([]int, len(shape))
		rest := i
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis] = rest % shape[axis]
			rest /= shape[axis]
		}
		f(index)
	}
}

// attr returns a field of an operation.
func attr(o autograd.Op, name string) int { return int(reflect.ValueOf(o).FieldByName(name).Int()) }

// reference computes one element of an operation's first output.
type reference func(o autograd.Op, in []array, index []int) float64

func binary(f func(a, b float64) float64) reference {
	return func(_ autograd.Op, in []array, index []int) float64 { return f(in[0].at(index...), in[1].at(index...)) }
}

func unary(f func(x float64) float64) reference {
	return func(_ autograd.Op, in []array, index []int) float64 { return f(in[0].at(index...)) }
}

// total returns the sum of f over every index of a shape.
func total(shape []int, f func(index []int) float64) (sum float64) {
	each(shape, func(index []int) { sum += f(index) })
	return sum
}

func row(x array, index []int) []float64 {
	n := x.shape[len(x.shape)-1]
	var at int
	for axis, i := range index[:len(x.shape)-1] {
		at = at*x.shape[axis] + i
	}
	return x.data[at*n : (at+1)*n]
}

func logSumExp(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += math.Exp(v)
	}
	return math.Log(sum)
}

func stride(o autograd.Op) int { return max(1, attr(o, "Stride")) }

func groups(o autograd.Op) int { return max(1, attr(o, "Groups")) }

// tap returns x at a position of output y, kernel k, or 0 in the padding.
func tap(o autograd.Op, x array, n, c, y, ky, x0, kx int) float64 {
	iy, ix := y*stride(o)+ky-attr(o, "Padding"), x0*stride(o)+kx-attr(o, "Padding")
	if iy < 0 || ix < 0 || iy >= x.shape[2] || ix >= x.shape[3] {
		return 0
	}
	return x.at(n, c, iy, ix)
}

// eachTap calls f with each tap of window (oy, ox) of a pooling that lies in
// images of h x w, and with where it lies.
func eachTap(o autograd.Op, h, w, oy, ox int, f func(tap, y, x int)) {
	kernel, step, padding := attr(o, "Kernel"), attr(o, "Stride"), attr(o, "Padding")
	if step == 0 {
		step = kernel
	}
	for tap := range kernel * kernel {
		y, x := oy*step+tap/kernel-padding, ox*step+tap%kernel-padding
		if y >= 0 && x >= 0 && y < h && x < w {
			f(tap, y, x)
		}
	}
}

// totalOfWindows returns the sum of the pooled values whose windows have a tap at
// an index of the images, of those taps that are counted.
func totalOfWindows(o autograd.Op, pooled array, index []int, counts func(window []int, tap int) bool) float64 {
	return total(pooled.shape[2:], func(at []int) (v float64) {
		window := []int{index[0], index[1], at[0], at[1]}
		eachTap(o, attr(o, "Height"), attr(o, "Width"), at[0], at[1], func(tap, y, x int) {
			if y == index[2] && x == index[3] && counts(window, tap) {
				v = pooled.at(window...)
			}
		})
		return v
	})
}

// rectified is the reference of a layer and ReLU in one.
func rectified(layer string) reference {
	return func(o autograd.Op, in []array, index []int) float64 {
		return math.Max(layers[layer](o, in, index), 0)
	}
}

var references = map[string]reference{
	"add":  binary(func(a, b float64) float64 { return a + b }),
	"sub":  binary(func(a, b float64) float64 { return a - b }),
	"mul":  binary(func(a, b float64) float64 { return a * b }),
	"div":  binary(func(a, b float64) float64 { return a / b }),
	"neg":  unary(func(x float64) float64 { return 0 - x }),
	"relu": unary(func(x float64) float64 { return math.Max(x, 0) }),
	"gate": binary(func(x, g float64) float64 {
		if x > 0 {
			return g
		}
		return 0
	}),
	"broadcast_to": unary(func(x float64) float64 { return x }),
	"reshape": func(o autograd.Op, in []array, index []int) float64 {
		i := 0
		out, _ := o.Infer([]tensor.Spec{tensor.NewSpec(tensor.Float64, in[0].shape...)})
		for axis, size := range out[0].Shape {
			i = i*size + index[axis]
		}
		return in[0].data[i]
	},
	"permute": func(o autograd.Op, in []array, index []int) float64 {
		from := make([]int, len(index))
		for i, a := range reflect.ValueOf(o).FieldByName("Axes").Interface().([]int) {
			from[a] = index[i]
		}
		return in[0].at(from...)
	},
	"sum": func(o autograd.Op, in []array, index []int) float64 {
		axes := reflect.ValueOf(o).FieldByName("Axes").Interface().([]int)
		rank := len(in[0].shape)
		reduced := func(a int) bool {
			return len(axes) == 0 || slices.Contains(axes, a) || slices.Contains(axes, a-rank)
		}
		return total(in[0].shape, func(at []int) float64 {
			next := 0
			for a, i := range at {
				switch {
				case !reduced(a) && index[next] != i:
					return 0
				case !reduced(a) || len(index) == rank:
					next++
				}
			}
			return in[0].at(at...)
		})
	},
	"argmax": func(_ autograd.Op, in []array, index []int) float64 {
		x := row(in[0], append(slices.Clone(index), 0))
		return float64(slices.Index(x, slices.Max(x)))
	},
	"softmax": func(_ autograd.Op, in []array, index []int) float64 {
		return math.Exp(in[0].at(index...) - logSumExp(row(in[0], index)))
	},
	"layer_norm": func(o autograd.Op, in []array, index []int) float64 {
		x := row(in[0], index)
		n, last := float64(len(x)), index[len(index)-1]
		var mean, variance float64
		for _, v := range x {
			mean += v / n
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / n
		}
		z := (x[last] - mean) / math.Sqrt(variance+reflect.ValueOf(o).FieldByName("Eps").Float())
		return z*in[1].at(last) + in[2].at(last)
	},
	"cross_entropy": func(_ autograd.Op, in []array, index []int) float64 {
		x := row(in[0], []int{index[0], 0})
		return logSumExp(x) - x[int(in[1].data[index[0]])]
	},
	"cross_entropy_grad": func(_ autograd.Op, in []array, index []int) float64 {
		x, label := row(in[0], []int{index[0], 0}), int(in[1].data[index[0]])
		p := math.Exp(x[index[1]] - logSumExp(x))
		if index[1] == label {
			p--
		}
		return p * in[2].data[index[0]]
	},
	"one_hot": func(_ autograd.Op, in []array, index []int) float64 {
		last := len(index) - 1
		if int(in[0].at(index[:last]...)) == index[last] {
			return 1
		}
		return 0
	},
	"matmul": func(o autograd.Op, in []array, index []int) float64 {
		a, b := in[0], in[1]
		transA, transB := reflect.ValueOf(o).FieldByName("TransA").Bool(), reflect.ValueOf(o).FieldByName("TransB").Bool()
		k := a.shape[1]
		if transA {
			k = a.shape[0]
		}
		return total([]int{k}, func(at []int) float64 {
			i, j := []int{index[0], at[0]}, []int{at[0], index[1]}
			if transA {
				slices.Reverse(i)
			}
			if transB {
				slices.Reverse(j)
			}
			return a.data[i[0]*a.shape[1]+i[1]] * b.data[j[0]*b.shape[1]+j[1]]
		})
	},
	"linear": func(_ autograd.Op, in []array, index []int) float64 {
		x, w := in[0], in[1]
		sum := total([]int{x.shape[1]}, func(at []int) float64 { return x.at(index[0], at[0]) * w.at(index[1], at[0]) })
		if len(in) == 3 {
			sum += in[2].at(index[1])
		}
		return sum
	},
	"linear_relu": rectified("linear"),
	"conv2d_relu": rectified("conv2d"),
	"linear_weight": func(_ autograd.Op, in []array, index []int) float64 {
		x, g := in[0], in[1]
		return total(x.shape[:1], func(at []int) float64 { return g.at(at[0], index[0]) * x.at(at[0], index[1]) })
	},
	"conv2d": func(o autograd.Op, in []array, index []int) float64 {
		x, w := in[0], in[1]
		first := index[1] / (w.shape[0] / groups(o)) * w.shape[1] // channel of the filter's group
		sum := total(w.shape[1:], func(at []int) float64 {
			return w.at(index[1], at[0], at[1], at[2]) * tap(o, x, index[0], first+at[0], index[2], at[1], index[3], at[2])
		})
		if len(in) == 3 {
			sum += in[2].at(index[1])
		}
		return sum
	},
	"conv2d_input": func(o autograd.Op, in []array, index []int) float64 {
		g, w := in[0], in[1]
		return total(g.shape[1:], func(at []int) float64 {
			ky := index[2] + attr(o, "Padding") - at[1]*stride(o)
			kx := index[3] + attr(o, "Padding") - at[2]*stride(o)
			group := at[0] / (w.shape[0] / groups(o))
			if ky < 0 || kx < 0 || ky >= w.shape[2] || kx >= w.shape[3] || group != index[1]/w.shape[1] {
				return 0
			}
			return w.at(at[0], index[1]%w.shape[1], ky, kx) * g.at(index[0], at[0], at[1], at[2])
		})
	},
	"conv2d_input_gate": func(o autograd.Op, in []array, index []int) float64 {
		if in[2].at(index...) <= 0 {
			return 0
		}
		return layers["conv2d_input"](o, in, index)
	},
	"conv2d_weight": func(o autograd.Op, in []array, index []int) float64 {
		x, g := in[0], in[1]
		first := index[0] / (g.shape[1] / groups(o)) * (x.shape[1] / groups(o)) // channel of the filter's group
		return total([]int{g.shape[0], g.shape[2], g.shape[3]}, func(at []int) float64 {
			return g.at(at[0], index[0], at[1], at[2]) * tap(o, x, at[0], first+index[1], at[1], index[2], at[2], index[3])
		})
	},
	"max_pool2d": func(o autograd.Op, in []array, index []int) float64 {
		best := math.Inf(-1)
		eachTap(o, in[0].shape[2], in[0].shape[3], index[2], index[3], func(_, y, x int) {
			best = max(best, in[0].at(index[0], index[1], y, x))
		})
		return best
	},
	"avg_pool2d": func(o autograd.Op, in []array, index []int) (sum float64) {
		eachTap(o, in[0].shape[2], in[0].shape[3], index[2], index[3], func(_, y, x int) {
			sum += in[0].at(index[0], index[1], y, x)
		})
		return sum / math.Pow(float64(attr(o, "Kernel")), 2)
	},
	"avg_pool2d_grad": func(o autograd.Op, in []array, index []int) float64 {
		return totalOfWindows(o, in[0], index, func([]int, int) bool { return true }) / math.Pow(float64(attr(o, "Kernel")), 2)
	},
	"pool_scatter": func(o autograd.Op, in []array, index []int) float64 {
		return totalOfWindows(o, in[0], index, func(window []int, tap int) bool { return in[1].at(window...) == float64(tap) })
	},
	"pool_scatter_gate": func(o autograd.Op, in []array, index []int) float64 {
		return totalOfWindows(o, in[0], index, func(window []int, tap int) bool {
			return in[1].at(window...) == float64(tap) && in[2].at(window...) > 0
		})
	},
	"pool_gather": func(o autograd.Op, in []array, index []int) (v float64) {
		eachTap(o, in[0].shape[2], in[0].shape[3], index[2], index[3], func(tap, y, x int) {
			if in[1].at(index...) == float64(tap) {
				v = in[0].at(index[0], index[1], y, x)
			}
		})
		return v
	},
	"dropout": func(o autograd.Op, in []array, index []int) float64 {
		p := reflect.ValueOf(o).FieldByName("P").Float()
		element := 0
		for axis, size := range in[0].shape {
			element = element*size + index[axis]
		}
		seed, counter := uint64(in[1].data[0]), uint64(in[1].data[1])
		words := random.Philox([4]uint32{uint32(element / 4), 0, uint32(counter), 0}, [2]uint32{uint32(seed), 0})
		if float64(words[element%4])/(1<<32) < p {
			return 0
		}
		return in[0].at(index...) / (1 - p)
	},
	"next_key": func(_ autograd.Op, in []array, index []int) float64 {
		return in[0].data[index[0]] + float64(index[0])
	},
}

// layers are references that others are made of.
var layers = map[string]reference{}

func init() {
	for _, name := range []string{"linear", "conv2d", "conv2d_input"} {
		layers[name] = references[name]
	}
}

// elementOf makes a reference of the table of one of this file.
func elementOf(r reference) op.Reference {
	if r == nil {
		return nil
	}
	return op.PerElement(func(o autograd.Op, in []op.Array, index []int) float64 {
		arrays := make([]array, len(in))
		for i, a := range in {
			arrays[i] = array{a.Shape(), a.Data}
		}
		return r(o, arrays, index)
	})
}
