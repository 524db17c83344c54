package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// broadcasts infers the output of a function of two float inputs that works
// element by element under NumPy's broadcasting.
func broadcasts(in []tensor.Spec) ([]tensor.Spec, error) { return InferPointwise(in, 2) }

// Unbroadcast sums a gradient over the axes along which a value of the given shape
// was repeated.
func Unbroadcast(g *autograd.Value, shape []int) *autograd.Value {
	lead := len(g.Shape()) - len(shape)
	var axes []int
	for i, size := range g.Shape() {
		if i < lead || shape[i-lead] == 1 && size != 1 {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		g = Sum(g, axes...)
	}
	return Reshape(g, shape...)
}

// broadcastCases are the shapes that a binary operation is judged on.
func broadcastCases(op autograd.Op, domain func(Arg) Arg) []Case {
	return domainCases(op, domain, domain)
}

// domainCases is broadcastCases with a domain for each input.
func domainCases(op autograd.Op, domainA, domainB func(Arg) Arg) []Case {
	shapes := [][2][]int{
		{{}, {}},
		{{3, 4}, {3, 4}},
		{{2, 3, 4}, {4}},
		{{2, 3, 4}, {3, 1}},
		{{2, 1, 4}, {3, 1}},
		{{5}, {}},
		{{0, 3}, {1, 3}},
		{{2, 300}, {2, 1}},
	}
	cases := make([]Case, len(shapes))
	for i, s := range shapes {
		cases[i] = Case{op, []Arg{domainA(In(s[0]...)), domainB(In(s[1]...))}}
	}
	return cases
}

func anywhere(a Arg) Arg { return a }
