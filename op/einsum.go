package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Einsum sums products of elements as an equation in Einstein's notation says, such
// as "bij,bjk->bik": a letter names an axis of each operand that has it, and those
// that the output lacks are summed over. A letter twice in an operand is its
// diagonal; "..." stands for any further axes, which broadcast. Without "->" the
// output has "..." and the letters that occur once, in their order.
//
// Operands are multiplied from the left to the right, each time by a product of
// matrices over the axes that nobody needs any more.
func Einsum(equation string, x ...*autograd.Value) *autograd.Value {
	return Apply1(einsum{equation}, x...)
}

type einsum struct{ Equation string }

func (einsum) Name() string { return "einsum" }

func (o einsum) Compose(in []*autograd.Value) []*autograd.Value {
	e, err := parseEinsum(o.Equation, specsOf(in))
	if err != nil {
		tensor.Fail("einsum", specsOf(in), "%v", err)
	}
	terms := make([]term, len(in))
	for i, x := range in {
		terms[i] = term{x, e.in[i]}.diagonal().withoutRepeated(e.sizes)
	}
	product := terms[0]
	for i, t := range terms[1:] {
		needed := slices.Clone(e.out)
		for _, later := range terms[i+2:] {
			needed = append(needed, later.axes...)
		}
		product = product.times(t, needed)
	}
	return []*autograd.Value{product.sumTo(e.out).inOrder(e.out).Value}
}

// einsumAxis names an axis: a letter, or -1, -2, … for those of "..." from the last.
type einsumAxis = rune

// equation is an equation of Einsum for inputs of some shapes.
type equation struct {
	in    [][]einsumAxis
	out   []einsumAxis
	sizes map[einsumAxis]int
}

func parseEinsum(text string, in []tensor.Spec) (*equation, error) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(text, " ", ""), "->")
	operands := strings.Split(left, ",")
	if len(operands) != len(in) {
		return nil, fmt.Errorf("want %d operands for %q, not %d", len(operands), text, len(in))
	}
	e := &equation{sizes: map[einsumAxis]int{}}
	most := 0 // axes of "..."
	counts := map[einsumAxis]int{}
	for i, operand := range operands {
		letters := strings.ReplaceAll(operand, "...", "")
		further := in[i].Rank() - len(letters)
		if further < 0 || further > 0 && len(letters) == len(operand) {
			return nil, fmt.Errorf("want operand %d to have the axes %q, not %d of them", i, operand, in[i].Rank())
		}
		axes, err := einsumAxes(operand, further)
		if err != nil {
			return nil, err
		}
		most = max(most, further)
		for k, a := range axes {
			counts[a]++
			size, n := e.sizes[a], in[i].Shape[k]
			if _, seen := e.sizes[a]; seen && size != n && size != 1 && n != 1 {
				return nil, fmt.Errorf("want one size along the axes %q of %q, not %d and %d", a, text, size, n)
			} else if !seen || size == 1 {
				e.sizes[a] = n
			}
		}
		e.in = append(e.in, axes)
	}
	if !explicit {
		right = "..."
		var once []einsumAxis
		for a, n := range counts {
			if a > 0 && n == 1 {
				once = append(once, a)
			}
		}
		slices.Sort(once)
		right += string(once)
	}
	var err error
	if e.out, err = einsumAxes(right, most); err != nil {
		return nil, err
	}
	for i, a := range e.out {
		if counts[a] == 0 || slices.Contains(e.out[:i], a) {
			return nil, fmt.Errorf("want an output of axes of the operands, each once, not %q", right)
		}
	}
	return e, nil
}

// einsumAxes reads the axes of an operand whose "..." stands for so many.
func einsumAxes(operand string, further int) ([]einsumAxis, error) {
	before, after, _ := strings.Cut(operand, "...")
	axes := []einsumAxis(before)
	if len(before) < len(operand) {
		for k := further; k > 0; k-- {
			axes = append(axes, -einsumAxis(k))
		}
	}
	axes = append(axes, []einsumAxis(after)...)
	for _, a := range axes {
		if a > 0 && !(a >= 'a' && a <= 'z' || a >= 'A' && a <= 'Z') {
			return nil, fmt.Errorf("want letters for axes, and \"...\" once, not %q", operand)
		}
	}
	return axes, nil
}

// term is a value with the names of its axes.
type term struct {
	*autograd.Value
	axes []einsumAxis
}

// inOrder permutes the axes.
func (t term) inOrder(axes []einsumAxis) term {
	if slices.Equal(t.axes, axes) {
		return t
	}
	order := make([]int, len(axes))
	for i, a := range axes {
		order[i] = slices.Index(t.axes, a)
	}
	return term{Permute(t.Value, order...), axes}
}

// diagonal keeps of axes of one name only where they agree.
func (t term) diagonal() term {
	for i, a := range t.axes {
		j := slices.Index(t.axes[i+1:], a) + i + 1
		if j == i {
			continue
		}
		rank := len(t.axes)
		order, rest := make([]int, 0, rank), []einsumAxis{}
		for k, b := range t.axes {
			if k != i && k != j {
				order, rest = append(order, k), append(rest, b)
			}
		}
		x := Permute(t.Value, append(order, i, j)...)
		lead, matrix := splitMatrix(x.Shape())
		n := min(matrix[0], matrix[1])
		x = Slice(x, Range{Axis: -2, Stop: n}, Range{Axis: -1, Stop: n})
		x = Slice(Reshape(x, append(lead, n*n)...), Range{Axis: -1, Stop: End, Step: n + 1})
		return term{x, append(rest, a)}.diagonal()
	}
	return t
}

// withoutRepeated drops axes of size 1 that are longer in other operands.
func (t term) withoutRepeated(sizes map[einsumAxis]int) term {
	var shape []int
	var axes []einsumAxis
	for i, a := range t.axes {
		if n := t.Shape()[i]; n == sizes[a] {
			shape, axes = append(shape, n), append(axes, a)
		}
	}
	return term{Reshape(t.Value, shape...), axes}
}

// sumTo sums over the axes that are not needed.
func (t term) sumTo(needed []einsumAxis) term {
	var over []int
	var axes []einsumAxis
	for i, a := range t.axes {
		if slices.Contains(needed, a) {
			axes = append(axes, a)
		} else {
			over = append(over, i)
		}
	}
	if len(over) == 0 {
		return t
	}
	return term{Sum(t.Value, over...), axes}
}

// times multiplies two terms and sums over the axes that both have and that are not
// needed: a batch of matrix products.
func (t term) times(u term, needed []einsumAxis) term {
	t, u = t.sumTo(slices.Concat(needed, u.axes)), u.sumTo(slices.Concat(needed, t.axes))
	var batch, sum, left, right []einsumAxis
	for _, a := range t.axes {
		switch shared := slices.Contains(u.axes, a); {
		case shared && slices.Contains(needed, a):
			batch = append(batch, a)
		case shared:
			sum = append(sum, a)
		default:
			left = append(left, a)
		}
	}
	for _, a := range u.axes {
		if !slices.Contains(t.axes, a) {
			right = append(right, a)
		}
	}
	// Whichever order of rows and columns is there already needs no permutation.
	transA := slices.Equal(t.axes, slices.Concat(batch, sum, left)) && len(left) > 0
	transB := slices.Equal(u.axes, slices.Concat(batch, right, sum)) && len(right) > 0
	a, b := t.matrix(batch, left, sum, transA), u.matrix(batch, sum, right, transB)
	y := matMulT(a, b, transA, transB)
	axes := slices.Concat(batch, left, right)
	return term{Reshape(y, slices.Concat(t.sizes(batch), t.sizes(left), u.sizes(right))...), axes}
}

// matrix gives a term three axes, of a batch, rows and columns, or of columns and
// rows.
func (t term) matrix(batch, rows, columns []einsumAxis, trans bool) *autograd.Value {
	if trans {
		rows, columns = columns, rows
	}
	x := t.inOrder(slices.Concat(batch, rows, columns))
	return Reshape(x.Value, tensor.Elements(t.sizes(batch)), tensor.Elements(t.sizes(rows)), tensor.Elements(t.sizes(columns)))
}

func (t term) sizes(axes []einsumAxis) []int {
	sizes := []int{}
	for _, a := range axes {
		sizes = append(sizes, t.Shape()[slices.Index(t.axes, a)])
	}
	return sizes
}

var _ = register(Entry{
	Name: "einsum", Kind: Matrix, Formula: "sums of products as an equation says", Call: "Einsum(equation, x...)", Shapes: "as the equation says", Bound: 4e-6,
	Linear:    [][]int{{0}},
	Reference: einsumReference,
	Cases: []Case{
		{einsum{"ij,jk->ik"}, []Arg{In(3, 5), In(5, 4)}},
		{einsum{"bij,bkj->bki"}, []Arg{In(2, 3, 5), In(2, 1, 5)}},
		{einsum{"ii->i"}, []Arg{In(5, 5)}},
		{einsum{"ii"}, []Arg{In(3, 3)}},
		{einsum{"ba"}, []Arg{In(3, 4)}},
		{einsum{"i,j"}, []Arg{In(3), In(4)}},
		{einsum{"ij->"}, []Arg{In(3, 4)}},
		{einsum{"...ij,...jk"}, []Arg{In(2, 1, 2, 3), In(3, 3, 2)}},
		{einsum{"i...->...i"}, []Arg{In(3, 2, 4)}},
		{einsum{"ij, jk, kl -> il"}, []Arg{In(2, 3), In(3, 4), In(4, 2)}},
		{einsum{"bi,oij,bj->bo"}, []Arg{In(3, 2), In(2, 2, 3), In(3, 3)}},
		{einsum{"iji,j->i"}, []Arg{In(3, 2, 3), In(2)}},
		{einsum{"ij,ij->ij"}, []Arg{In(3, 4), In(3, 4)}},
		{einsum{"ij,ij->"}, []Arg{In(3, 4), In(1, 4)}},
		{einsum{"ik,jl->ij"}, []Arg{In(2, 3), In(2, 2)}},
		{einsum{"ij,jk->ik"}, []Arg{In(3, 0), In(0, 4)}},
		{einsum{"iijj->ij"}, []Arg{In(2, 2, 3, 3)}},
		{einsum{",i->i"}, []Arg{In(), In(3)}},
	},
})

// einsumReference sums over all values of all letters.
func einsumReference(o Operation, in []Array) []Array {
	var specs []tensor.Spec
	for _, a := range in {
		specs = append(specs, a.Spec)
	}
	e, err := parseEinsum(o.(einsum).Equation, specs)
	if err != nil {
		panic(err)
	}
	var axes []einsumAxis
	var sizes, shape []int
	for a, n := range e.sizes {
		axes, sizes = append(axes, a), append(sizes, n)
	}
	for _, a := range e.out {
		shape = append(shape, e.sizes[a])
	}
	y := NewArray(shape...)
	Each(sizes, func(values []int) {
		of := func(names []einsumAxis) (index []int) {
			for _, a := range names {
				index = append(index, values[slices.Index(axes, a)])
			}
			return index
		}
		product := 1.0
		for i, a := range in {
			product *= a.At(of(e.in[i])...)
		}
		y.Set(y.At(of(e.out)...)+product, of(e.out)...)
	})
	return []Array{y}
}
