package gradcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// The tests of this file break operations on purpose and see the checks fail.

// broken is an operation of the table with another Backward.
type broken struct {
	autograd.Op
	backward func(call *autograd.Call, grad []*autograd.Value) []*autograd.Value
}

func (b broken) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return b.backward(call, grad)
}

func entry(t *testing.T, name string) op.Entry {
	t.Helper()
	for _, e := range op.Table() {
		if e.Name == name {
			e.Cases = slices.Clone(e.Cases)
			return e
		}
	}
	t.Fatalf("no operation %q", name)
	return op.Entry{}
}

// plant returns an entry whose operations all have a changed Backward.
func plant(t *testing.T, name string, change func(o autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value) op.Entry {
	e := entry(t, name)
	for i, c := range e.Cases {
		good := c.Op.(autograd.Op)
		e.Cases[i].Op = broken{good, func(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
			return change(good, call, grad)
		}}
	}
	return e
}

func wantFailure(t *testing.T, e op.Entry, about string) {
	t.Helper()
	r := Check(e)
	if r.Pass() || !strings.Contains(strings.Join(r.Failures, "\n"), about) {
		t.Errorf("%s: want a failure about %q, got %q", e.Name, about, r.Failures)
	}
}

func TestADoubledGradientFails(t *testing.T) {
	for _, name := range []string{"mul", "conv2d", "softmax", "max_pool2d", "cross_entropy"} {
		wantFailure(t, plant(t, name, func(o autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
			down := o.Backward(call, grad)
			down[0] = op.Scale(down[0], 2)
			return down
		}), "first derivative is off")
	}
}

func TestADroppedBroadcastSumFails(t *testing.T) {
	wantFailure(t, plant(t, "add", func(_ autograd.Op, _ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{grad[0], grad[0]}
	}), "gives a gradient of")
}

func TestASumOverTheWrongAxisFails(t *testing.T) {
	e := plant(t, "add", func(_ autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		// Right in shape, wrong in value: the first row in place of the sum.
		a, b := call.In[0], call.In[1]
		return []*autograd.Value{op.BroadcastTo(op.Mean(grad[0]), a.Shape()...), op.BroadcastTo(op.Mean(grad[0]), b.Shape()...)}
	})
	wantFailure(t, e, "first derivative is off")
}

func TestAMissingGradientFails(t *testing.T) {
	wantFailure(t, plant(t, "mul", func(o autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{o.Backward(call, grad)[0], nil}
	}), "gives no gradient for input 1")
	wantFailure(t, plant(t, "mul", func(o autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		return o.Backward(call, grad)[:1]
	}), "gives 1 gradients for 2 inputs")
}

// A gradient that is right but not made of operations has no gradient.
func TestAGradientWithoutAGradientFails(t *testing.T) {
	wantFailure(t, plant(t, "exp", func(_ autograd.Op, call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Mul(grad[0], call.Out[0].Detach())}
	}), "second derivative is off")
}

// square is a smooth function that says it is constant.
type square struct {
	rough
	autograd.Constant
}

func (square) Name() string                                                 { return "square" }
func (square) Backward(*autograd.Call, []*autograd.Value) []*autograd.Value { return nil }
func (square) Forward(in, out []*tensor.Tensor) {
	out[0].CopyFrom(op.Mul(autograd.Const(in[0]), autograd.Const(in[0])).Tensor())
}

func TestAGradientDeniedFails(t *testing.T) {
	wantFailure(t, op.Entry{Name: "square", Cases: []op.Case{
		{Op: square{}, In: []op.Arg{op.In(3, 1)}}, {Op: square{}, In: []op.Arg{op.In(0)}},
	}}, "first derivative is off")
}

// ready is rough, and says that it has no derivative.
type ready struct{ rough }

func (ready) IsFinal() {}

func TestADerivativeSaidNotToBeThereFails(t *testing.T) {
	e := entry(t, "tanh")
	e.Once = "planted"
	wantFailure(t, e, "a second derivative is said not to be there")
	wantFailure(t, op.Entry{Name: "rough", Bound: 1, Cases: []op.Case{{Op: ready{}, In: []op.Arg{op.In(3, 1)}}}}, "a derivative is said not to be there")
}

func TestOneBadCaseIsTheOnlyOneBlamed(t *testing.T) {
	e := entry(t, "neg")
	good := e.Cases[len(e.Cases)-1]
	e.Cases = append([]op.Case{{Op: broken{good.Op.(autograd.Op), func(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
		return grad
	}}, In: good.In}}, e.Cases...)
	var blamed []string
	for _, f := range Check(e).Failures {
		if strings.HasPrefix(f, "case ") { // not what is said of the attributes of broken
			blamed = append(blamed, f)
		}
	}
	if len(blamed) != 1 || !strings.HasPrefix(blamed[0], "case 0 ") {
		t.Errorf("failures %q", blamed)
	}
}

func TestAMissingCaseFails(t *testing.T) {
	e := entry(t, "mul")
	e.Cases = nil
	wantFailure(t, e, "there is no case")

	e = entry(t, "relu")
	e.Cases = slices.DeleteFunc(e.Cases, func(c op.Case) bool { return slices.Contains(c.In[0].Spec.Shape, 0) })
	wantFailure(t, e, "size 0")

	e = entry(t, "max_pool2d")
	e.Cases = slices.DeleteFunc(e.Cases, func(c op.Case) bool {
		return reflect.ValueOf(c.Op).FieldByName("Padding").Int() != 0
	})
	wantFailure(t, e, "Padding is the same in all cases")
}

func TestAFalseClaimOfBeingLinearFails(t *testing.T) {
	for name, claim := range map[string][][]int{"exp": {{0}}, "conv2d": {{1}}, "mul": {{0, 1}}} {
		e := entry(t, name)
		e.Linear = claim
		wantFailure(t, e, "from linear in inputs")
	}
}

func TestAWrongReferenceFails(t *testing.T) {
	e := entry(t, "mul")
	e.Reference = entry(t, "add").Reference
	wantFailure(t, e, "from the reference")
	e.Reference = func(o op.Operation, in []op.Array) []op.Array { return []op.Array{op.NewArray(1, 2, 3, 4)} }
	wantFailure(t, e, "the reference's [1 2 3 4]")
}

func TestAWrongFloat32ResultFails(t *testing.T) {
	wantFailure(t, op.Entry{Name: "rough", Cases: []op.Case{
		{Op: rough{}, In: []op.Arg{op.In(3, 1)}}, {Op: rough{}, In: []op.Arg{op.In(0)}},
	}}, "float32 is off")
}

// rough is the identity with an error in float32.
type rough struct{}

func (rough) Name() string                                                        { return "rough" }
func (rough) Infer(in []tensor.Spec) ([]tensor.Spec, error)                       { return in, nil }
func (rough) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value { return grad }
func (rough) Forward(in, out []*tensor.Tensor) {
	out[0].CopyFrom(in[0])
	if out[0].DType() == tensor.Float32 {
		for i := range tensor.Data[float32](out[0]) {
			tensor.Data[float32](out[0])[i] += 1e-4
		}
	}
}

// unregistered returns the types in Go files that have an operation's methods
// but that no case of the table is of.
func unregistered(t *testing.T, files map[string]any, table []op.Entry) []string {
	t.Helper()
	known := map[string]bool{}
	for _, e := range table {
		for _, c := range e.Cases {
			known[reflect.Indirect(reflect.ValueOf(c.Op)).Type().Name()] = true
		}
	}
	var missing []string
	for name, source := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			method, ok := d.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Name.Name != "Forward" && method.Name.Name != "Compose" {
				continue
			}
			receiver := method.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			if id, ok := receiver.(*ast.Ident); ok && !known[id.Name] {
				missing = append(missing, id.Name)
			}
		}
	}
	return missing
}

func TestEveryOperationIsInTheTable(t *testing.T) {
	paths, err := filepath.Glob("../op/*.go")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	files := map[string]any{}
	for _, p := range paths {
		files[p] = nil
	}
	if missing := unregistered(t, files, op.Table()); len(missing) > 0 {
		t.Errorf("not in the table: %v", missing)
	}
	files["forgotten.go"] = "package op\ntype forgotten struct{}\nfunc (forgotten) Forward(in, out []*tensor.Tensor) {}\n" +
		"type lost struct{}\nfunc (lost) Compose(in []*autograd.Value) []*autograd.Value { return in }\n"
	if missing := unregistered(t, files, op.Table()); !slices.Equal(missing, []string{"forgotten", "lost"}) {
		t.Errorf("two forgotten operations: found %v", missing)
	}
}

func TestAUsersOwnFunction(t *testing.T) {
	args := []op.Arg{op.In(3, 4), op.In(4)}
	right := func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Tanh(op.Mul(in[0], in[1]))}
	}
	if r := CheckFunction("right", right, args...); !r.Pass() {
		t.Error(r.Failures)
	}
	wrong := func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{op.Tanh(op.Mul(in[0], in[1].Detach()))}
	}
	if r := CheckFunction("wrong", wrong, args...); r.Pass() {
		t.Error("a detached factor passed")
	}
}
