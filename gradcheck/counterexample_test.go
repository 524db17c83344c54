package gradcheck

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// counterexample is inputs for which a property of an operation does not hold.
type counterexample struct {
	title string // what should hold, a sentence
	c     drawnCase
	in    []view
	sides string // Go that calls show(what, values) for both sides, of o and in
}

// program returns a Go program that shows both sides.
func (c counterexample) program() string {
	var b strings.Builder
	fmt.Fprintf(&b, `// %s: %s.
package main

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func main() {
	e, _ := op.Lookup(%q)
	o := e.Cases[%d].Op // %s
	in := []*tensor.Tensor{
`, c.c.entry.Name, c.title, c.c.entry.Name, c.c.i, describe(c.c))
	for _, v := range c.in {
		fmt.Fprintf(&b, "\t\t%s,\n", v.literal())
	}
	fmt.Fprintf(&b, `	}
%s}

func values(in []*tensor.Tensor) (v []*autograd.Value) {
	for _, x := range in {
		v = append(v, autograd.Const(x))
	}
	return v
}

func show(what string, outputs []*autograd.Value) {
	for i, y := range outputs {
		fmt.Println(what, "output", i, y.Shape(), tensor.Data[float64](op.Cast(y, tensor.Float64).Tensor()))
	}
}
`, c.sides)
	return b.String()
}

// describe says how users call the operation of a case, and its attributes.
func describe(c drawnCase) string {
	attributes := strings.ReplaceAll(fmt.Sprintf("%+v", c.op()), "\n", " ")
	if c.entry.Call == "" {
		return attributes
	}
	return fmt.Sprintf("op.%s, %s", c.entry.Call, attributes)
}

// fail ends a test with the program.
func (c counterexample) fail(r *rapid.T, found string) {
	r.Logf("this program shows it:\n\n%s", c.program())
	r.Fatalf("%s: %s: %s", c.c.entry.Name, c.title, found)
}

// Both sides of the properties.
const (
	viewsAndCopies = `	var copies []*tensor.Tensor
	for _, x := range in {
		copies = append(copies, x.Clone())
	}
	show("views ", op.Apply(o, values(in)...))
	show("copies", op.Apply(o, values(copies)...))
`
	repeatedAndExpanded = `	var expanded []*tensor.Tensor
	for _, x := range in {
		expanded = append(expanded, x.Expand(%s).Contiguous())
	}
	show("repeated", op.Apply(o, values(in)...))
	show("expanded", op.Apply(o, values(expanded)...))
`
	combined = `	x, y := values(in[:%d]), values(in[%[1]d:])
	both := append([]*autograd.Value{}, x...)
	for _, i := range []int{%s} {
		both[i] = op.Add(op.Scale(x[i], %v), op.Scale(y[i], %v))
	}
	fx, fy := op.Apply(o, x...), op.Apply(o, y...)
	for i := range fx {
		if fx[i].DType().IsFloat() {
			fx[i] = op.Add(op.Scale(fx[i], %[3]v), op.Scale(fy[i], %[4]v))
		}
	}
	show("f(ax + by)    ", op.Apply(o, both...))
	show("a f(x) + b f(y)", fx)
`
	movedAxes = `	show("as it is", op.Apply(o, values(in)...))
	moved := op.Apply(o, op.Permute(autograd.Const(in[0]), %s))
	for i, y := range moved {
		moved[i] = op.Permute(y, %s)
	}
	show("moved   ", moved)
`
)
