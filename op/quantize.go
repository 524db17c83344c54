package op

import (
	"errors"
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

// QuantizeConfig is how Quantize rounds.
type QuantizeConfig struct {
	Format tensor.DType // a packed type, such as tensor.MXFP4

	// Together gives all elements one scale, where the format has scales of tensors:
	// right for weights. Otherwise each example, along axis 0, is a tensor of its own, so
	// that a result does not depend on who else is in a batch.
	Together bool

	// Stream tells the random draws of several roundings with one key apart.
	Stream int
}

type quantize struct {
	rounding
	QuantizeConfig
}

// Quantize rounds x, of at least one axis, to values that it would have in a packed type. What
// lies under one index of axis 0 is a row: formats with blocks cut it into these, the last
// one filled up with zeros. Types without blocks have a scale for each tensor: the power of two that
// brings its largest finite magnitude to at most the format's. Elements stay float32,
// or float64 that are rounded to float32 first.
//
// Rounding is to the nearest, ties to even or, with a key that is not nil, an int64[2] of a
// seed and a counter, stochastic in formats with blocks: element i of row r depends on those, the
// stream, r and i alone. There is no derivative: package precision puts roundings into programs
// whose gradients are written down already.
func Quantize(x, key *autograd.Value, q QuantizeConfig) *autograd.Value {
	if key == nil {
		return autograd.Apply1(quantize{QuantizeConfig: q}, x)
	}
	return autograd.Apply1(quantize{QuantizeConfig: q}, x, key)
}

func (quantize) Name() string { return "quantize" }

func (o quantize) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if n := max(1, min(len(in), 2)); len(in) != n {
		return nil, wantInputs(in, n)
	}
	if !in[0].DType.IsFloat() || in[0].Rank() == 0 {
		return nil, errors.New("want a float input of at least one axis")
	}
	if !o.Format.IsPacked() {
		return nil, fmt.Errorf("want a packed type, not %v", o.Format)
	}
	if len(in) == 2 {
		if o.Format.Blocks() == nil {
			return nil, fmt.Errorf("want a format with blocks for stochastic rounding, not %v", o.Format)
		}
		if _, err := (nextKey{}).Infer(in[1:]); err != nil {
			return nil, err
		}
	}
	return one(in[0].DType, in[0].Shape...), nil
}

// draw is where the random words of a rounding come from.
type draw struct {
	stochastic    bool
	seed, counter uint64
}

// maxStreams is how many streams a key has.
const maxStreams = 1 << 16

func (o quantize) draw(in []*tensor.Tensor) draw {
	if len(in) < 2 {
		return draw{}
	}
	key := tensor.Data[int64](in[1])
	return draw{true, uint64(key[0]), uint64(key[1])*maxStreams + uint64(o.Stream)}
}

func (o quantize) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() {
			o.forward(tensor.Data[float32](out[0]), tensor.Data[float32](in[0]), in[0].Shape()[0], o.draw(in))
		},
		func() {
			x := tensor.Data[float32](in[0].Convert(tensor.Float32))
			o.forward(x, x, in[0].Shape()[0], o.draw(in))
			for i, v := range x {
				tensor.Data[float64](out[0])[i] = float64(v)
			}
		})
}

// forward rounds rows of one length.
func (o quantize) forward(y, x []float32, rows int, d draw) {
	if len(x) == 0 {
		return
	}
	n := len(x) / rows
	all := float32(0)
	if o.Together {
		all = kernel.LargestFinite(x)
	}
	parallel.For(rows, 1+grain/4/n, func(lo, hi int) {
		words := words32.Get(wordsAtOnce)
		defer words32.Put(words)
		for r := lo; r < hi; r++ {
			row, to, largest := x[r*n:(r+1)*n], y[r*n:(r+1)*n], all
			if !o.Together {
				largest = kernel.LargestFinite(row)
			}
			o.row(to, row, r, largest, d, *words)
		}
	})
}

// wordsAtOnce is how many random words are drawn at a time: whole blocks.
const wordsAtOnce = 512

var words32 parallel.Scratch[uint32]

func (o quantize) row(y, x []float32, number int, largest float32, d draw, words []uint32) {
	b := o.Format.Blocks()
	if b == nil {
		f := o.Format.Float()
		scaleTo(y, x, f, f.PowerScale(largest))
		return
	}
	tensorScale := b.TensorScale(largest)
	if !d.stochastic {
		kernel.RoundBlocks(y, x, b, tensorScale, nil)
		return
	}
	for at := 0; at < len(x); at += wordsAtOnce {
		n := min(wordsAtOnce, len(x)-at)
		kernel.Words(words[:n], d.seed, d.counter, uint32(number), at)
		kernel.RoundBlocks(y[at:at+n], x[at:at+n], b, tensorScale, words[:n])
	}
}

// scaleTo rounds x · scale, and divides by the scale again; all but the rounding is
// exact where float32's range allows.
func scaleTo(y, x []float32, f *numeric.Float, scale float32) {
	kernel.MulScalar(y, x, scale)
	kernel.RoundFloat(y, y, f, numeric.Saturate)
	kernel.MulScalar(y, y, 1/scale)
}

// Block rounds the examples of a block side by side.
func (o quantize) Block(in, _ []tensor.Spec, ready []bool) *Block {
	if o.Together || !ready[0] || in[0].DType != tensor.Float32 || o.Format.Blocks() == nil {
		return nil
	}
	return &Block{Split: []bool{true, false}[:len(in)], Share: true, Prepare: func(from, to []kernel.Block) BlockKernel {
		return BlockKernel{Run: func(c *BlockCall) { o.block(from[0], to[0], c) }}
	}}
}

// block goes through the rows of a block, so many positions of all examples at a time.
func (o quantize) block(from, to kernel.Block, c *BlockCall) {
	y, x := tensor.Data[float32](c.Out[0]), tensor.Data[float32](c.In[0])
	b, d := o.Format.Blocks(), o.draw(c.In)
	some, words := scratch32.Get((1+b.Size)*c.Lanes), words32.Get(b.Size*c.Lanes)
	defer scratch32.Put(some)
	defer words32.Put(words)
	var scales []float32
	if o.Format == tensor.NVFP4 {
		scales = (*some)[:c.Lanes]
		largestOfLanes(scales, from, x)
		for lane, largest := range scales {
			scales[lane] = b.TensorScale(largest)
		}
	}
	positions := from.Channels * from.Height * from.Width
	for at := 0; at < positions; at += b.Size {
		n := min(b.Size, positions-at)
		var random []uint32
		if d.stochastic {
			random = (*words)[:n*c.Lanes]
			kernel.WordsLanes(random, c.Lanes, d.seed, d.counter, uint32(c.First), at)
		}
		values := (*some)[c.Lanes:][:n*c.Lanes]
		eachRun(from, at, n, func(i, offset, length int) {
			copy(values[i*c.Lanes:], x[offset:offset+length*c.Lanes])
		})
		kernel.RoundBlockLanes(values, values, c.Lanes, b, scales, random)
		eachRun(to, at, n, func(i, offset, length int) {
			copy(y[offset:offset+length*c.Lanes], values[i*c.Lanes:])
		})
	}
}

// eachRun calls f for the runs of n positions of a block from the at-th on that lie
// side by side: with the place of the first among the n, its offset, and how many there are.
func eachRun(b kernel.Block, at, n int, f func(i, offset, length int)) {
	if !b.Bordered() && !b.Apart {
		f(0, b.Offset(0, 0, 0)+at*b.Images(), n)
		return
	}
	for i := 0; i < n; {
		row, x := (at+i)/b.Width, (at+i)%b.Width
		length := min(b.Width-x, n-i)
		f(i, b.Offset(row/b.Height, row%b.Height, x), length)
		i += length
	}
}

// largestOfLanes finds the largest finite magnitude of each example.
func largestOfLanes(largest []float32, b kernel.Block, x []float32) {
	clear(largest)
	eachRun(b, 0, b.Channels*b.Height*b.Width, func(_, offset, length int) {
		kernel.LargestFiniteLanes(largest, x[offset:offset+length*len(largest)], len(largest))
	})
}

var _ = register(Entry{
	Name: "quantize", Kind: Quantisation, Formula: "x, rounded to values of a format with scales", Call: "Quantize(x, key, quantization)",
	Shapes:    "[n …], [2] or nil → [n …]",
	Reference: quantizeReference,
	Cases: []Case{
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXFP4}}, []Arg{In(3, 35)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.NVFP4}}, []Arg{In(2, 3, 5, 7)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.NVFP4, Together: true}}, []Arg{In(4, 17)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXFP8E5M2, Stream: 3}}, []Arg{In(3, 2, 33), Index(1000, 2)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.NVFP4, Stream: 1}}, []Arg{In(2, 70), Index(1000, 2)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXFP6E2M3, Together: true}}, []Arg{In(5, 3, 3, 3), Index(1000, 2)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.Float8E4M3}}, []Arg{In(3, 5)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.Float8E5M2, Together: true}}, []Arg{In(3, 1, 4)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXINT8}}, []Arg{In(1, 1)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXFP4}}, []Arg{In(7)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.MXFP4}}, []Arg{In(0, 3)}},
		{quantize{QuantizeConfig: QuantizeConfig{Format: tensor.NVFP4}}, []Arg{In(2, 0)}},
	},
})
