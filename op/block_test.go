package op_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Every operation that works on blocks gives the bits of Forward, for full blocks
// and others, in any layout that it takes, whatever lies in the lanes of missing
// examples.
func TestBlocksGiveTheBitsOfForward(t *testing.T) {
	tested := map[string]bool{}
	for _, n := range []int{8, 16, 17, 35} {
		for _, c := range batchCases(n) {
			if n != 17 && !c.allReady() {
				continue
			}
			for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
				if r := newBlockRun(c, d, n); r != nil {
					tested[c.name] = true
					t.Run(fmt.Sprintf("%v/%v", c, d), r.test)
				}
			}
		}
	}
	for _, e := range op.Table() {
		_, composed := e.Cases[0].Op.(op.Composition)
		if !tested[e.Name] && !composed && e.Whole == "" {
			t.Errorf("%s has no Block for any batch, and its entry does not say why: Whole", e.Name)
		}
		if tested[e.Name] && e.Whole != "" {
			t.Errorf("%s has a Block, but its entry says why it has none: %s", e.Name, e.Whole)
		}
	}
}

// batchCase is an operation on a batch, some of whose inputs are in blocks.
type batchCase struct {
	name  string
	op    autograd.Op
	args  []op.Arg
	along []bool // inputs with the batch along axis 0
	ready []bool
}

func (c batchCase) String() string {
	s := c.name
	for i, a := range c.args {
		s += fmt.Sprint(a.Spec.Shape)
		if c.ready[i] {
			s += "*"
		}
	}
	return s
}

// allReady reports whether all inputs with the batch are in blocks already.
func (c batchCase) allReady() bool {
	for i := range c.args {
		if c.along[i] && !c.ready[i] {
			return false
		}
	}
	return true
}

// possible reports whether only inputs with the batch are in blocks.
func (c batchCase) possible() bool {
	for i, ready := range c.ready {
		if ready && !c.along[i] {
			return false
		}
	}
	return true
}

// batchCases returns the cases of the table with a batch of n along axis 0 of
// inputs, in all ways that the operation takes, and those that the table lacks.
func batchCases(n int) []batchCase {
	var cases []batchCase
	byName := map[string]op.Entry{}
	for _, e := range op.Table() {
		byName[e.Name] = e
		for _, c := range e.Cases {
			o, ok := c.Op.(autograd.Op)
			if !ok {
				continue // its parts are cases of their own
			}
			for _, along := range subsets(len(c.In)) {
				if args, ok := withBatch(c, along, n); ok {
					cases = append(cases, readyCases(e.Name, o, args, along)...)
				}
			}
		}
	}
	more := func(name string, o autograd.Op, args ...op.Arg) {
		if o == nil {
			o = byName[name].Cases[0].Op.(autograd.Op)
		}
		along := make([]bool, len(args))
		for i, a := range args {
			along[i] = len(a.Spec.Shape) > 0 && a.Spec.Shape[0] == n
		}
		cases = append(cases, readyCases(name, o, args, along)...)
	}
	images := op.In(n, 2, 3, 5)
	for _, other := range []op.Arg{images, op.In(2, 1, 1), op.In(n, 1, 3, 1), op.In(1, 2, 3, 5), op.In(n, 2, 1, 5), op.In(5), op.In()} {
		more("add", nil, images, other)
		more("sub", nil, other, images)
	}
	more("mul", nil, op.In(n, 2, 1, 5), op.In(n, 1, 3, 1))
	more("tanh", nil, images)
	more("relu", nil, op.In(n, 300))
	more("add", nil, op.In(n, 300), op.In(n, 1))
	more("broadcast_to", op.BroadcastToOp(n, 3, 4), op.In(n, 1, 4))
	more("broadcast_to", op.BroadcastToOp(n, 3, 4), op.In(n, 3, 1))
	more("broadcast_to", op.BroadcastToOp(n, 2, 3, 5), op.In(n, 1, 3, 1))
	more("place", op.PlaceOp(0, []int{n, 2, 6, 5}, op.Range{Axis: 2, Start: 4, Stop: op.End, Step: -2}), op.In(n, 2, 3, 5))
	more("place", op.PlaceOp(-1.5, []int{n, 7}, op.Range{Axis: 1, Start: 2, Stop: 5}), op.In(n, 3))
	for _, axes := range [][]int{{0}, {1}, {2}, {3}, {0, 1}, {1, 2}, {1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3}, {}} {
		more("sum", op.SumOp(axes...), images)
	}
	return cases
}

// subsets returns the ways to choose some of n, but not none.
func subsets(n int) [][]bool {
	var all [][]bool
	for bits := 1; bits < 1<<n; bits++ {
		s := make([]bool, n)
		for i := range s {
			s[i] = bits>>i&1 == 1
		}
		all = append(all, s)
	}
	return all
}

// withBatch returns a case's inputs, some of them with a batch of n along axis 0,
// if the operation takes them so.
func withBatch(c op.Case, along []bool, n int) ([]op.Arg, bool) {
	args := slices.Clone(c.In)
	for i, a := range args {
		if !along[i] {
			continue
		}
		if len(a.Spec.Shape) == 0 {
			return nil, false
		}
		shape := slices.Clone(a.Spec.Shape)
		shape[0] = n
		args[i].Spec.Shape = shape
	}
	_, err := op.Infer(c.Op, argSpecs(args))
	return args, err == nil
}

func argSpecs(args []op.Arg) []tensor.Spec {
	var specs []tensor.Spec
	for _, a := range args {
		specs = append(specs, a.Spec)
	}
	return specs
}

// readyCases returns a case for each choice of the inputs with the batch to be in
// blocks already.
func readyCases(name string, o autograd.Op, args []op.Arg, along []bool) []batchCase {
	var cases []batchCase
	for _, ready := range subsets(len(args)) {
		c := batchCase{name, o, args, along, ready}
		if c.possible() {
			cases = append(cases, c)
		}
	}
	return cases
}

// blockRun is an operation run through blocks.
type blockRun struct {
	lanes int // of a block
	batchCase
	block *op.Block
	d     tensor.DType
	n     int
	in    []*tensor.Tensor
	out   []tensor.Spec
	want  []*tensor.Tensor
}

// newBlockRun returns nil where the operation does not work on blocks.
func newBlockRun(c batchCase, d tensor.DType, n int) *blockRun {
	r := &blockRun{batchCase: c, d: d, n: n}
	var specs []tensor.Spec
	for i, a := range c.args {
		x := gradcheck.Sample(a, random.New(uint64(n), uint64(i)))
		if x.DType().IsFloat() {
			x = x.Convert(d)
		}
		r.in, specs = append(r.in, x), append(specs, x.Spec())
	}
	out, err := c.op.Infer(specs)
	if err != nil {
		return nil
	}
	r.out = out
	if r.block = op.BlockOf(c.op, specs, out, c.ready); r.block == nil {
		return nil
	}
	for _, s := range out {
		r.want = append(r.want, tensor.New(s.DType, s.Shape...))
	}
	c.op.Forward(r.in, r.want)
	return r
}

// borders are those that layouts are tried with: rows above and below, columns to
// the left and to the right.
var borders = [][4]int{{}, {1, 1, 1, 1}, {2, 0, 1, 3}, {0, 0, 0, 1}, {0, 1, 0, 0}}

func (r *blockRun) test(t *testing.T) {
	r.lanes = kernel.Lanes
	r.testLanes(t)
	if !r.block.Full {
		r.lanes = kernel.HalfLanes
		r.testLanes(t)
	}
}

func (r *blockRun) testLanes(t *testing.T) {
	for i, b := range borders {
		other := borders[(i+2)%len(borders)]
		if r.block.Plain && i > 0 {
			return
		}
		in, out := r.layouts(t, b, other)
		r.through(t, in, out, -1)
		if !r.block.Share {
			continue
		}
		for k, l := range in {
			if r.block.Split[k] && r.in[k].DType() == r.out[0].DType && l.Channels*l.Height*l.Width == r.out[0].Elements()/r.n {
				r.through(t, in, []kernel.Block{l}, k)
			}
		}
	}
}

// layouts returns those of inputs and outputs: images get borders, the first input
// another than the rest, and once those that the operation wants.
func (r *blockRun) layouts(t *testing.T, inBorder, outBorder [4]int) (in, out []kernel.Block) {
	with := func(s tensor.Spec, b [4]int) kernel.Block {
		l := op.LayoutOf(s)
		l.Lanes = r.lanes
		if s.Rank() == 4 && s.DType.IsFloat() && !r.block.Plain {
			l.Top, l.Bottom, l.Left, l.Right = b[0], b[1], b[2], b[3]
		}
		return l
	}
	for i, x := range r.in {
		switch {
		case !r.block.Split[i]:
			in = append(in, kernel.Block{})
		case x.Shape()[0] != r.n:
			t.Fatalf("input %d of %v is cut into blocks", i, x.Spec())
		case inBorder == borders[1] && i < len(r.block.Want):
			l := r.block.Want[i]
			l.Lanes = r.lanes
			in = append(in, l)
		case i > 0:
			in = append(in, with(x.Spec(), outBorder))
		default:
			in = append(in, with(x.Spec(), inBorder))
		}
	}
	for _, s := range r.out {
		if r.block.Total != op.Stacked {
			out = append(out, kernel.Block{})
		} else {
			out = append(out, with(s, outBorder))
		}
	}
	return in, out
}

const sentinel = 77

// through runs the operation block by block and compares what it gives. Where
// share is not -1, the output takes the place of that input.
func (r *blockRun) through(t *testing.T, in, out []kernel.Block, share int) {
	t.Helper()
	k := r.block.Prepare(in, out)
	var got []*tensor.Tensor
	for _, s := range r.out {
		got = append(got, tensor.New(s.DType, s.Shape...))
	}
	if start, ok := op.StartOf(r.op, len(r.in)); ok {
		got[0].CopyFrom(r.in[start])
	}
	lanes := tensor.New(r.out[0].DType, r.out[0].Elements()*kernel.Lanes) // sums of totals by lane
	for first := 0; first < r.n; first += r.lanes {
		c := &op.BlockCall{First: first, Lanes: r.lanes, Examples: min(r.lanes, r.n-first), Scratch: tensor.Full(r.d, math.NaN(), k.Scratch)}
		for i, x := range r.in {
			if r.block.Split[i] {
				x = r.cut(x, in[i], c)
			}
			c.In = append(c.In, x)
		}
		for i, s := range r.out {
			c.Out = append(c.Out, tensor.Full(s.DType, sentinel, r.outLen(i, out[i])))
		}
		if share >= 0 {
			fillBorder(in[share], c.In[share])
			c.Out[0] = c.In[share]
		}
		before := make([]*tensor.Tensor, len(c.In))
		for i, x := range c.In {
			before[i] = x.Clone()
		}
		if k.Run != nil {
			k.Run(c)
		}
		for part := k.Parts - 1; part >= 0; part-- { // in any order
			k.Part(c, part, tensor.Full(r.d, math.NaN(), k.PartScratch))
		}
		for i, x := range c.In {
			if i != share && !x.Equal(before[i]) {
				t.Fatalf("%v: input %d was written to", in, i)
			}
		}
		for i := range r.out {
			r.collect(t, got[i], lanes, c, i, out[i])
		}
	}
	if r.block.Total == op.SumLanes {
		sumTrees(got[0], lanes)
	}
	for i, w := range r.want {
		if !sameBits(got[i], w) {
			t.Fatalf("layouts %+v and %+v, share %d: output %d is\n%v, want the bits of\n%v", in, out, share, i, got[i], w)
		}
	}
}

func (r *blockRun) outLen(i int, layout kernel.Block) int {
	if r.block.Total == op.Stacked {
		return layout.Len()
	}
	return r.out[i].Elements() * r.block.Total.PerElement(r.lanes)
}

// cut returns a block of x. Missing examples are NaN, taps that are none, and the
// first class.
func (r *blockRun) cut(x *tensor.Tensor, layout kernel.Block, c *op.BlockCall) *tensor.Tensor {
	block := tensor.New(x.DType(), layout.Len())
	switch x.DType() {
	case tensor.Float32:
		cutBlock(layout, tensor.Data[float32](block), tensor.Data[float32](x), c, float32(math.NaN()))
	case tensor.Float64:
		cutBlock(layout, tensor.Data[float64](block), tensor.Data[float64](x), c, math.NaN())
	case tensor.Int32:
		cutBlock(layout, tensor.Data[int32](block), tensor.Data[int32](x), c, 1<<30)
	case tensor.Int64:
		cutBlock(layout, tensor.Data[int64](block), tensor.Data[int64](x), c, 0)
	case tensor.Bool:
		cutBlock(layout, tensor.Data[bool](block), tensor.Data[bool](x), c, true)
	}
	return block
}

func cutBlock[T tensor.Element](b kernel.Block, block, x []T, c *op.BlockCall, missing T) {
	size := b.Channels * b.Height * b.Width
	eachElement(b, func(i, at int) {
		for lane := range c.Lanes {
			block[at+lane] = missing
			if lane < c.Examples {
				block[at+lane] = x[(c.First+lane)*size+i]
			}
		}
	})
}

// eachElement calls f with each element of an example, and where its lanes begin.
func eachElement(b kernel.Block, f func(i, at int)) {
	i := 0
	for c := range b.Channels {
		for y := range b.Height {
			for x := range b.Width {
				f(i, b.Offset(c, y, x))
				i++
			}
		}
	}
}

// collect puts what a block gave into the output, or adds it up.
func (r *blockRun) collect(t *testing.T, got, lanes *tensor.Tensor, c *op.BlockCall, i int, layout kernel.Block) {
	t.Helper()
	switch r.block.Total {
	case op.SumGroups:
		if r.lanes == kernel.Lanes {
			addTo(got, c.Out[i], func(i int) int { return i })
			return
		}
		addTo(lanes, c.Out[i], laneOf(c))
		if next := c.First + r.lanes; next%kernel.Lanes == 0 || next >= r.n {
			group := tensor.New(got.DType(), got.Shape()...)
			sumTrees(group, lanes)
			addTo(got, group, func(i int) int { return i })
			lanes.CopyFrom(tensor.New(lanes.DType(), lanes.Shape()...))
		}
	case op.SumLanes:
		addTo(lanes, c.Out[i], laneOf(c))
	default:
		if at := r.store(got, c.Out[i], layout, c); at >= 0 {
			t.Fatalf("output %d: the border of %+v was written to, at %d", i, layout, at)
		}
	}
}

// store puts a block into the batch. It returns where something lies in the border
// that was not there before, or -1.
func (r *blockRun) store(to, block *tensor.Tensor, layout kernel.Block, c *op.BlockCall) int {
	switch to.DType() {
	case tensor.Float32:
		return storeBlock(layout, tensor.Data[float32](to), tensor.Data[float32](block), c)
	case tensor.Float64:
		return storeBlock(layout, tensor.Data[float64](to), tensor.Data[float64](block), c)
	case tensor.Int32:
		return storeBlock(layout, tensor.Data[int32](to), tensor.Data[int32](block), c)
	case tensor.Bool:
		return storeBlock(layout, tensor.Data[bool](to), tensor.Data[bool](block), c)
	}
	return storeBlock(layout, tensor.Data[int64](to), tensor.Data[int64](block), c)
}

func storeBlock[T tensor.Element](b kernel.Block, to, block []T, c *op.BlockCall) int {
	size := b.Channels * b.Height * b.Width
	inside := make([]bool, len(block))
	eachElement(b, func(i, at int) {
		for lane := range c.Lanes {
			inside[at+lane] = true
			if lane < c.Examples {
				to[(c.First+lane)*size+i] = block[at+lane]
			}
		}
	})
	border := any(tensor.Data[T](tensor.Full(tensor.TypeOf[T](), sentinel, 1))[0])
	for at, in := range inside {
		if !in && any(block[at]) != border {
			return at
		}
	}
	return -1
}

// fillBorder makes a block that an output will take the place of look like one.
func fillBorder(b kernel.Block, block *tensor.Tensor) {
	if !block.DType().IsFloat() {
		return // has none
	}
	filled := tensor.Full(block.DType(), sentinel, block.Len())
	if block.DType() == tensor.Float64 {
		kernel.CopyBlock(b, tensor.Data[float64](filled), b, tensor.Data[float64](block))
	} else {
		kernel.CopyBlock(b, tensor.Data[float32](filled), b, tensor.Data[float32](block))
	}
	block.CopyFrom(filled)
}

// laneOf returns which of the 16 lanes of an element a value of a block belongs
// to, or -1 for a missing example.
func laneOf(c *op.BlockCall) func(i int) int {
	return func(i int) int {
		if i%c.Lanes >= c.Examples {
			return -1
		}
		return i/c.Lanes*kernel.Lanes + c.First%kernel.Lanes + i%c.Lanes
	}
}

// addTo adds elements at the places, if any, that at returns.
func addTo(sum, x *tensor.Tensor, at func(i int) int) {
	if sum.DType() == tensor.Float64 {
		addElements(tensor.Data[float64](sum), tensor.Data[float64](x), at)
		return
	}
	addElements(tensor.Data[float32](sum), tensor.Data[float32](x), at)
}

func addElements[T kernel.Float](sum, x []T, at func(i int) int) {
	for i, v := range x {
		if to := at(i); to >= 0 {
			sum[to] += v
		}
	}
}

// sumTrees adds the lanes of each element as docs/numerics.md says.
func sumTrees(to, lanes *tensor.Tensor) {
	if to.DType() == tensor.Float64 {
		sumTreesOf(tensor.Data[float64](to), tensor.Data[float64](lanes))
		return
	}
	sumTreesOf(tensor.Data[float32](to), tensor.Data[float32](lanes))
}

func sumTreesOf[T kernel.Float](to, lanes []T) {
	for i := range to {
		s := lanes[i*kernel.Lanes : (i+1)*kernel.Lanes]
		for half := kernel.Lanes / 2; half > 0; half /= 2 {
			for j := range half {
				s[j] += s[j+half]
			}
		}
		to[i] = s[0]
	}
}

// sameBits is tensor.Equal, but takes all NaN for equal.
func sameBits(a, b *tensor.Tensor) bool {
	if !a.DType().IsFloat() || a.DType() != b.DType() {
		return a.Equal(b)
	}
	if a.DType() == tensor.Float64 {
		return slices.EqualFunc(tensor.Data[float64](a), tensor.Data[float64](b), func(x, y float64) bool {
			return x != x && y != y || math.Float64bits(x) == math.Float64bits(y)
		})
	}
	return slices.EqualFunc(tensor.Data[float32](a), tensor.Data[float32](b), func(x, y float32) bool {
		return x != x && y != y || math.Float32bits(x) == math.Float32bits(y)
	})
}
