package autograd

import (
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// add sums two gradients of one value. Package op sets it, as this package
// knows no operation.
var add func(a, b *Value) *Value

// SetAdd tells Backward how to sum the gradients of a value that is used more
// than once.
func SetAdd(f func(a, b *Value) *Value) { add = f }

// Grad returns the gradients of a loss, a value of one element, with respect to
// values that it depends on: variables, or results on the way. It panics where
// the loss does not depend on one of them.
func Grad(loss *Value, wrt ...*Value) []*Value {
	if loss.spec.Elements() != 1 || !loss.spec.DType.IsFloat() {
		tensor.Fail("autograd.Grad", []tensor.Spec{loss.spec}, "want a loss of one float element; see Backward for others")
	}
	return GradFrom(loss, Const(tensor.Full(loss.spec.DType, 1, loss.spec.Shape...)), wrt...)
}

// GradFrom is Grad of a loss that depends on a value y by way of its elements, given the gradient
// of the loss with respect to them.
func GradFrom(y, upstream *Value, wrt ...*Value) []*Value {
	grads := Backward([]*Value{y}, []*Value{upstream}, wrt, false)
	for i, g := range grads {
		switch {
		case wrt[i].IsParameter() && !wrt[i].IsTrainable():
			tensor.Fail("autograd.Grad", []tensor.Spec{wrt[i].spec}, "value %d %q is frozen: want values that gradients reach", i, wrt[i].Name())
		case g == nil:
			tensor.Fail("autograd.Grad", []tensor.Spec{wrt[i].spec}, "the loss does not depend on value %d %q", i, wrt[i].Name())
		}
	}
	return grads
}

// Backward returns, for each value of wrt, the sum over outputs of upstream
// times the derivative of the output: a vector-Jacobian product. It is nil for
// a value that no output depends on. With graph the gradients remember how they
// came about, so that gradients of them can be asked for in turn.
func Backward(outputs, upstream, wrt []*Value, graph bool) []*Value {
	if len(outputs) != len(upstream) {
		tensor.Fail("autograd.Backward", nil, "want an upstream gradient for each of %d outputs, not %d", len(outputs), len(upstream))
	}
	b := &backward{wrt: wrt, graph: graph, grads: map[*Value]*Value{}, wanted: map[*node]bool{}}
	if tr := tracing(append(slices.Clone(outputs), upstream...)); tr != nil {
		tr.backward++
		defer func() { tr.backward-- }()
	}
	for i, v := range outputs {
		if !upstream[i].spec.Equal(v.spec) {
			tensor.Fail("autograd.Backward", []tensor.Spec{upstream[i].spec}, "want an upstream gradient of %v", v.spec)
		}
		b.visit(v)
	}
	for i, v := range outputs {
		b.accumulate(v, upstream[i])
	}
	for _, n := range slices.Backward(b.order) {
		b.step(n)
	}
	result := make([]*Value, len(wrt))
	for i, v := range wrt {
		result[i] = b.grads[v]
	}
	return result
}

type backward struct {
	wrt    []*Value
	graph  bool
	grads  map[*Value]*Value
	wanted map[*node]bool // whether a node leads to a value of wrt; visited nodes only
	order  []*node        // wanted nodes, each after those that it depends on
}

// visit walks to the nodes that v depends on and reports whether a value of wrt
// is among what it depends on, or is v.
func (b *backward) visit(v *Value) bool {
	wanted := slices.Contains(b.wrt, v)
	if v.node == nil {
		return wanted
	}
	leads, seen := b.wanted[v.node]
	if !seen {
		b.wanted[v.node] = false // a graph has no cycle, so nobody reads this early
		for _, in := range v.node.in {
			leads = b.visit(in) || leads
		}
		b.wanted[v.node] = leads
		if leads {
			b.order = append(b.order, v.node)
		}
	}
	return wanted || leads
}

// step passes the gradients of a node's outputs on to its inputs.
func (b *backward) step(n *node) {
	call := &Call{In: slices.Clone(n.in), Out: slices.Clone(n.out), Needs: make([]bool, len(n.in))}
	for i, in := range n.in {
		call.Needs[i] = slices.Contains(b.wrt, in) || b.wanted[in.node]
		if in.variable != nil && in.variable.version != n.versions[i] {
			tensor.Fail(n.op.Name(), []tensor.Spec{in.spec}, "variable %q was assigned after its use here, so the gradient is lost", in.Name())
		}
	}
	grad := make([]*Value, len(n.out))
	some := false
	for i, out := range n.out {
		grad[i] = b.grads[out]
		some = some || grad[i] != nil
	}
	if !some {
		return
	}
	if !b.graph { // what is worked out from detached values keeps no history
		detach(call.In)
		detach(call.Out)
	}
	down := n.op.Backward(call, grad)
	if len(down) != len(n.in) {
		tensor.Fail(n.op.Name(), nil, "the operation gives %d gradients for %d inputs", len(down), len(n.in))
	}
	for i, g := range down {
		if call.Needs[i] {
			b.check(n, i, g)
			b.accumulate(n.in[i], g)
		}
	}
}

func detach(values []*Value) {
	for i, v := range values {
		values[i] = v.Detach()
	}
}

// check refuses a gradient that is missing or of another shape: an error in the
// operation, which must never pass in silence.
func (b *backward) check(n *node, i int, g *Value) {
	switch in := n.in[i].spec; {
	case g == nil:
		tensor.Fail(n.op.Name(), []tensor.Spec{in}, "the operation gives no gradient for input %d", i)
	case !g.spec.Equal(in):
		tensor.Fail(n.op.Name(), []tensor.Spec{in}, "the operation gives a gradient of %v for input %d", g.spec, i)
	}
}

func (b *backward) accumulate(v, g *Value) {
	if sum := b.grads[v]; sum != nil {
		g = add(sum, g)
	}
	b.grads[v] = g
}
