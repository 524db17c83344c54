package gradcheck

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// The largest differences from PyTorch that pass, relative to the largest element
// of a result.
var parity = map[tensor.DType]float64{tensor.Float64: 1e-10, tensor.Float32: 2e-6}

// leastShapes is on how many different shapes an operation is compared.
const leastShapes = 5

// TestOperationsAgainstPyTorch runs every case of the table in PyTorch, with its
// gradients, where a Python with PyTorch is installed: testdata/pytorch says how
// an operation is spelt there, or why it has none.
func TestOperationsAgainstPyTorch(t *testing.T) {
	var q question
	var asked []askedCase
	for _, e := range op.Table() {
		shapes := map[string]bool{}
		for i, c := range e.Cases {
			shapes[fmt.Sprint(c.In)] = true
			for _, d := range []tensor.DType{tensor.Float64, tensor.Float32} {
				asked = append(asked, q.add(e.Name, i, c, d))
			}
		}
		asked[len(asked)-1].shapes = len(shapes)
	}
	var answers answers
	python.PyTorch.Ask(t, "testdata/pytorch/main.py", q, &answers)
	if len(answers.Cases) != len(asked) {
		t.Fatalf("%d answers to %d questions", len(answers.Cases), len(asked))
	}
	compared := 0
	for i, a := range asked {
		switch answer := answers.Cases[i]; {
		case answer.Error != "":
			t.Errorf("%s: PyTorch says %s", a.where, answer.Error)
		case answer.Absent == "":
			compared++
			a.compare(t, answer, answers.Data)
			if a.shapes > 0 && a.shapes < leastShapes {
				t.Errorf("%s: only %d shapes are compared, want %d", a.name, a.shapes, leastShapes)
			}
		}
	}
	t.Logf("%d cases compared", compared)
	if compared < len(asked)/4 {
		t.Errorf("only %d of %d cases were compared", compared, len(asked))
	}
}

// question is what PyTorch is asked: cases, whose tensors lie in Data.
type question struct {
	Cases []questionCase `json:"cases"`
	Data  []byte         `json:"data"`
}

type answers struct {
	Cases []answer `json:"cases"`
	Data  []byte   `json:"data"`
}

type questionCase struct {
	Name       string       `json:"name"`
	Attributes op.Operation `json:"attributes"`
	In         []stored     `json:"in"`
	Upstream   []*stored    `json:"upstream"`
}

// stored says where a tensor lies in the data.
type stored struct {
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Offset int    `json:"offset"`
}

// answer is what PyTorch gives for a case.
type answer struct {
	Absent string    `json:"absent"` // why PyTorch has no such operation
	Error  string    `json:"error"`
	Out    []stored  `json:"out"`
	Grad   []*stored `json:"grad"` // of the float inputs; null where none flows
}

// askedCase is what a case gave here.
type askedCase struct {
	name, where string
	shapes      int // of the operation, at its last case; 0 at the others
	dtype       tensor.DType
	out, grad   []*autograd.Value
}

func (q *question) store(t *tensor.Tensor) stored {
	s := stored{t.DType().String(), append([]int{}, t.Shape()...), len(q.Data)}
	q.Data = append(q.Data, t.Bytes()...)
	for len(q.Data)%8 != 0 {
		q.Data = append(q.Data, 0)
	}
	return s
}

// add runs a case here and writes it down.
func (q *question) add(name string, i int, c op.Case, d tensor.DType) askedCase {
	s := stream(name, i)
	asked := askedCase{name: name, where: fmt.Sprintf("%s: case %d %+v, %v", name, i, c.Op, d), dtype: d}
	ask := questionCase{Name: name, Attributes: c.Op, In: []stored{}, Upstream: []*stored{}}
	var in, wrt []*autograd.Value
	for _, a := range c.In {
		x := Sample(a, s)
		if !a.Spec.DType.IsFloat() {
			in = append(in, autograd.Const(x))
		} else {
			x = x.Convert(d)
			in = append(in, autograd.Variable("", x))
			wrt = append(wrt, in[len(in)-1])
		}
		ask.In = append(ask.In, q.store(x))
	}
	asked.out = op.Apply(c.Op, in...)
	var smooth, upstream []*autograd.Value
	for _, y := range asked.out {
		if !y.DType().IsFloat() || !y.NeedsGrad() || op.IsFinal(c.Op) {
			ask.Upstream = append(ask.Upstream, nil)
			continue
		}
		up := like(y.Spec(), s)
		at := q.store(up)
		ask.Upstream = append(ask.Upstream, &at)
		smooth, upstream = append(smooth, y), append(upstream, autograd.Const(up))
	}
	asked.grad = autograd.Backward(smooth, upstream, wrt, false)
	q.Cases = append(q.Cases, ask)
	return asked
}

// load reads a tensor of an answer, as float64.
func (s stored) load(t *testing.T, data []byte) *tensor.Tensor {
	d := map[string]tensor.DType{"float32": tensor.Float32, "float64": tensor.Float64, "int64": tensor.Int64, "bool": tensor.Bool}[s.DType]
	x := tensor.New(d, s.Shape...)
	if err := x.SetBytes(data[s.Offset:][:x.Len()*d.Size()]); err != nil {
		t.Fatal(err)
	}
	return x.Convert(tensor.Float64)
}

func (c askedCase) compare(t *testing.T, a answer, data []byte) {
	t.Helper()
	if len(a.Out) > len(c.out) || len(a.Out) == 0 {
		t.Errorf("%s: PyTorch has %d outputs, want up to %d", c.where, len(a.Out), len(c.out))
		return
	}
	for i, s := range a.Out {
		c.compareTensor(t, fmt.Sprintf("output %d", i), c.out[i], s.load(t, data))
	}
	for i, s := range a.Grad {
		switch {
		case s == nil: // no gradient flows in PyTorch: none, or 0, is right here
			if c.grad[i] != nil {
				c.compareTensor(t, fmt.Sprintf("gradient %d, which PyTorch does not have,", i), c.grad[i], tensor.New(tensor.Float64, c.grad[i].Shape()...))
			}
		case c.grad[i] == nil: // gradients stop here: PyTorch's is 0
			zero := autograd.Const(tensor.New(tensor.Float64, s.Shape...))
			c.compareTensor(t, fmt.Sprintf("gradient %d, which stops here,", i), zero, s.load(t, data))
		default:
			c.compareTensor(t, fmt.Sprintf("gradient %d", i), c.grad[i], s.load(t, data))
		}
	}
}

func (c askedCase) compareTensor(t *testing.T, what string, v *autograd.Value, want *tensor.Tensor) {
	t.Helper()
	got := v.Tensor().Convert(tensor.Float64)
	if !got.Spec().Equal(want.Spec()) {
		t.Errorf("%s: %s is %v, PyTorch's %v", c.where, what, got.Spec(), want.Spec())
		return
	}
	g, w := tensor.Data[float64](got), tensor.Data[float64](want)
	var largest, off float64
	for i := range w {
		largest = max(largest, math.Abs(w[i]))
		if g[i] != w[i] { // equal infinities are no difference
			off = worse(off, math.Abs(g[i]-w[i]))
		}
	}
	if largest < 1e-5 { // what should be 0 is off by the rounding of what cancels, which is of order 1
		largest = 1
	}
	if !(off <= parity[c.dtype]*largest) {
		t.Errorf("%s: %s is off by %.2g of %.2g from PyTorch's", c.where, what, off, largest)
	}
}
