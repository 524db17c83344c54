package nn

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Initializer fills a float tensor, a new parameter, with draws from a stream.
type Initializer func(t *tensor.Tensor, r *random.Stream)

// Initialise gives a parameter new elements.
func Initialise(v *autograd.Value, init Initializer, r *random.Stream) {
	t := tensor.New(v.DType(), v.Shape()...)
	init(t, r)
	autograd.Assign(v, autograd.Const(t))
}

// Constant sets each element to v.
func Constant(v float64) Initializer {
	return func(t *tensor.Tensor, _ *random.Stream) { fill(t, func() float64 { return v }) }
}

// Uniform draws from [lo, hi).
func Uniform(lo, hi float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		fill(t, func() float64 { return r.Uniform(lo, hi) })
	}
}

// Normal draws from the normal distribution.
func Normal(mean, std float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		z := gaussian{stream: r}
		fill(t, func() float64 { return mean + float64(std*z.next()) })
	}
}

// TruncatedNormal draws from the normal distribution, again and again until the
// number is in [lo, hi]. The interval must hold the mean and be at least as long as
// the standard deviation.
func TruncatedNormal(mean, std, lo, hi float64) Initializer {
	if !(lo <= mean && mean <= hi && hi-lo >= std) {
		tensor.Fail("nn.TruncatedNormal", nil, "want an interval around the mean %v of at least %v, not [%v, %v]", mean, std, lo, hi)
	}
	return func(t *tensor.Tensor, r *random.Stream) {
		z := gaussian{stream: r}
		fill(t, func() float64 {
			for {
				if v := mean + float64(std*z.next()); lo <= v && v <= hi {
					return v
				}
			}
		})
	}
}

// Gains of Xavier's and Kaiming's initialisers for what follows a layer.
const (
	GainLinear = 1.0
	GainTanh   = 5.0 / 3
	GainReLU   = math.Sqrt2
)

// GainLeakyReLU is the gain for a leaky ReLU of some slope.
func GainLeakyReLU(slope float64) float64 { return math.Sqrt(2 / (1 + float64(slope*slope))) }

// XavierUniform draws from ±gain·√(6 / (fan in + fan out)): Glorot and Bengio,
// "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
// 2010.
func XavierUniform(gain float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		bound := gain * math.Sqrt(6/float64(FanIn.of(t)+FanOut.of(t)))
		Uniform(-bound, bound)(t, r)
	}
}

// XavierNormal draws from the normal distribution with a deviation of
// gain·√(2 / (fan in + fan out)).
func XavierNormal(gain float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		Normal(0, gain*math.Sqrt(2/float64(FanIn.of(t)+FanOut.of(t))))(t, r)
	}
}

// KaimingUniform draws from ±gain·√(3 / fan): He et al., "Delving Deep into
// Rectifiers", 2015.
func KaimingUniform(fan Fan, gain float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		bound := gain * math.Sqrt(3/float64(fan.of(t)))
		Uniform(-bound, bound)(t, r)
	}
}

// KaimingNormal draws from the normal distribution with a deviation of gain / √fan.
func KaimingNormal(fan Fan, gain float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		Normal(0, gain/math.Sqrt(float64(fan.of(t))))(t, r)
	}
}

// Fan is what keeps its variance through a layer with weights [out in …].
type Fan int

const (
	FanIn  Fan = iota // values on the way forward: in, times the size of a kernel
	FanOut            // gradients on the way back: out, times the size of a kernel
)

func (f Fan) of(t *tensor.Tensor) int {
	shape := t.Shape()
	if len(shape) < 2 {
		tensor.Fail("nn.Initializer", []tensor.Spec{t.Spec()}, "want weights of at least 2 axes [out in …] where their fan counts")
	}
	axis := 1
	if f == FanOut {
		axis = 0
	}
	return shape[axis] * tensor.Elements(shape[2:])
}

// Orthogonal makes a matrix [shape[0], all other axes] with orthogonal rows, or
// columns where it has more rows than columns, of length gain: Saxe et al., "Exact
// Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks",
// 2013.
func Orthogonal(gain float64) Initializer {
	return func(t *tensor.Tensor, r *random.Stream) {
		if t.Rank() < 2 {
			tensor.Fail("nn.Orthogonal", []tensor.Spec{t.Spec()}, "want at least 2 axes")
		}
		rows := t.Shape()[0]
		columns := tensor.Elements(t.Shape()[1:])
		vectors := orthonormal(min(rows, columns), max(rows, columns), r)
		next := 0
		fill(t, func() float64 {
			i, j := next/columns, next%columns
			next++
			if rows > columns {
				i, j = j, i
			}
			return gain * vectors[i][j]
		})
	}
}

// orthonormal returns n orthogonal vectors of length 1: normal draws, from each of
// which its share in those before is taken, twice for the rounding of the first
// time.
func orthonormal(n, size int, r *random.Stream) [][]float64 {
	z := gaussian{stream: r}
	vectors := make([][]float64, n)
	for i := range vectors {
		v := make([]float64, size)
		for k := range v {
			v[k] = z.next()
		}
		for range 2 {
			for _, other := range vectors[:i] {
				addScaled(v, -dot(v, other), other)
			}
		}
		kernel.MulScalar(v, v, 1/math.Sqrt(dot(v, v)))
		vectors[i] = v
	}
	return vectors
}

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

func addScaled(a []float64, c float64, b []float64) {
	for i, v := range b {
		a[i] += float64(c * v)
	}
}

// fill sets the elements of a float tensor in order.
func fill(t *tensor.Tensor, next func() float64) {
	if t.DType() == tensor.Float64 {
		fillData(tensor.Data[float64](t), next)
	} else {
		fillData(tensor.Data[float32](t), next)
	}
}

func fillData[T kernel.Float](data []T, next func() float64) {
	for i := range data {
		data[i] = T(next())
	}
}

// gaussian draws from the normal distribution by Marsaglia's polar method: points
// in the unit circle give two numbers each.
type gaussian struct {
	stream *random.Stream
	second float64
	have   bool
}

func (g *gaussian) next() float64 {
	if g.have {
		g.have = false
		return g.second
	}
	for {
		x, y := g.stream.Uniform(-1, 1), g.stream.Uniform(-1, 1)
		if s := float64(x*x) + float64(y*y); s > 0 && s < 1 {
			scale := math.Sqrt(-2 * kernel.Log64(s) / s)
			g.second, g.have = y*scale, true
			return x * scale
		}
	}
}
