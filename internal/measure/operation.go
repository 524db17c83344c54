package measure

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// drawn is how many numbers Normal draws before it repeats them.
const drawn = 1 << 16

// Normal returns float32 numbers from a normal distribution.
func Normal(seed uint64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	x := tensor.Data[float32](t)
	r := random.New(seed)
	for i := range x[:min(drawn, len(x))] {
		radius := math.Sqrt(-2 * math.Log(1-r.Float64()))
		x[i] = float32(radius * math.Cos(2*math.Pi*r.Float64()))
	}
	for done := drawn; done < len(x); done *= 2 {
		copy(x[done:], x[:done])
	}
	return t
}

// Operation returns the work of a function of tensors of the given shapes. Its
// program reads them where they are: nothing is copied.
func Operation(f func(in []*autograd.Value) *autograd.Value, shapes ...[]int) Work {
	var in []*autograd.Value
	for i, s := range shapes {
		in = append(in, autograd.Variable("", Normal(uint64(i), s...)))
	}
	p := program.Record(in, nil, func([]*autograd.Value) []*autograd.Value {
		return []*autograd.Value{f(in)}
	})
	return Work{Step: func() { p.Run() }}
}

// Unary returns the work of an operation on one tensor.
func Unary(f func(x *autograd.Value) *autograd.Value, shape ...int) Work {
	return Operation(func(in []*autograd.Value) *autograd.Value { return f(in[0]) }, shape)
}

// MatMul returns the work of the product of an m×k and a k×n matrix.
func MatMul(m, n, k int) Work {
	w := Operation(func(in []*autograd.Value) *autograd.Value { return op.MatMul(in[0], in[1]) }, []int{m, k}, []int{k, n})
	w.Flops = 2 * float64(m) * float64(n) * float64(k)
	return w
}

// Convolution is one with as many channels out as in, kernels of 3×3 and a
// padding of 1, so that images keep their size where there is no stride.
type Convolution struct {
	Channels, Size, Batch int
	Stride                int  // 0 means 1
	Depthwise             bool // each channel is convolved by itself
}

// Forward returns the work of the convolution itself.
func (c Convolution) Forward() Work {
	return c.work(func(in []*autograd.Value) *autograd.Value { return c.apply(in[0], in[1]) }, c.images(), c.weights())
}

// InputGradient returns the work of the gradient with respect to the images.
func (c Convolution) InputGradient() Work { return c.gradient(0) }

// WeightGradient returns the work of the gradient with respect to the weights.
func (c Convolution) WeightGradient() Work { return c.gradient(1) }

// gradient leaves the convolution itself out: no gradient depends on its result.
func (c Convolution) gradient(of int) Work {
	return c.work(func(in []*autograd.Value) *autograd.Value {
		y, upstream := c.apply(in[0], in[1]), in[2]
		return autograd.Backward([]*autograd.Value{y}, []*autograd.Value{upstream}, in[of:of+1], false)[0]
	}, c.images(), c.weights(), c.outputs())
}

func (c Convolution) apply(x, w *autograd.Value) *autograd.Value {
	cfg := op.Conv2DConfig{Padding: 1, Stride: c.Stride}
	if c.Depthwise {
		cfg.Groups = c.Channels
	}
	return op.Conv2D(x, w, nil, cfg)
}

func (c Convolution) images() []int { return []int{c.Batch, c.Channels, c.Size, c.Size} }

func (c Convolution) outputs() []int {
	size := (c.Size-1)/max(1, c.Stride) + 1
	return []int{c.Batch, c.Channels, size, size}
}

func (c Convolution) weights() []int {
	if c.Depthwise {
		return []int{c.Channels, 1, 3, 3}
	}
	return []int{c.Channels, c.Channels, 3, 3}
}

func (c Convolution) work(f func(in []*autograd.Value) *autograd.Value, shapes ...[]int) Work {
	w := Operation(f, shapes...)
	w.Flops = 2 * float64(tensor.Elements(c.outputs())) * float64(tensor.Elements(c.weights()[1:]))
	return w
}

// Adam returns the work of one step of the optimiser on n parameters.
func Adam(n int) Work { return adamStep(autograd.Variable("w", Normal(0, n))) }

func adamStep(w *autograd.Value) Work {
	g := autograd.Buffer("g", Normal(1, w.Shape()...))
	adam, err := optim.NewAdam([]nn.Named{{Name: "w", Value: w}}, optim.AdamConfig{LR: LearningRate})
	if err != nil {
		panic(err)
	}
	variables := append(nn.Values(adam.State()), w, g)
	p := program.Record(variables, nil, func([]*autograd.Value) []*autograd.Value {
		adam.Step([]*autograd.Value{g})
		return nil
	})
	return Work{Step: func() { p.Run() }}
}
