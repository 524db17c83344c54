package nn

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Summary is what a model is made of and what it takes to run on one input.
type Summary struct {
	Input  tensor.Spec
	Output tensor.Spec
	Rows   []SummaryRow // in the order in which they first run
	Total  SummaryRow
}

// SummaryRow is a layer, or operations between two layers.
type SummaryRow struct {
	Name       string      // of a layer, as its parameters are named; "" for operations and for the model itself
	Type       string      // of a layer, such as Conv2D, or the operations
	Output     tensor.Spec // what is handed on
	Parameters int         // elements, frozen ones too
	FLOPs      int64       // see op.FLOPs: a multiplication with an addition counts 2
	Memory     int64       // bytes of all results, which training keeps
}

// Summarize returns a summary of a model, in the mode in which it is, for an input of
// some type and shape. Nothing is computed: FLOPs and memory are those of the
// operations of a recorded forward pass. An operation belongs to the layer whose
// parameters or state it reads; those that read none are rows of their own.
func Summarize(model Module, input tensor.Spec) *Summary {
	variables := Variables(model)
	tr := autograd.Record(Values(variables), []tensor.Spec{input}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{model.Forward(in[0])}
	})
	b := summaryBuilder{trace: tr, types: typesOf(model), layers: map[string]*summaryGroup{}}
	b.share()
	s := &Summary{Input: input, Output: tr.Specs[tr.Outputs[0]]}
	s.Rows = b.rows(variables)
	s.Total = SummaryRow{Name: "total", Output: s.Output}
	for _, r := range s.Rows {
		s.Total.Parameters += r.Parameters
		s.Total.FLOPs += r.FLOPs
		s.Total.Memory += r.Memory
	}
	return s
}

// typesOf returns the type of each struct of a model by the path that leads to it.
func typesOf(model any) map[string]string {
	types := map[string]string{}
	visit(model, func(path string, v any) {
		if _, seen := types[path]; !seen {
			types[path] = reflect.TypeOf(v).Elem().Name()
		}
	})
	return types
}

// summaryBuilder shares the instructions of a trace out to groups, which become
// rows.
type summaryBuilder struct {
	trace  *autograd.Trace
	types  map[string]string
	groups []*summaryGroup
	layers map[string]*summaryGroup
}

// summaryGroup is instructions of one layer or, between layers, of none.
type summaryGroup struct {
	layer        *string // its path, or nil
	instructions []autograd.Instruction
}

// share puts each instruction into a group.
func (b *summaryBuilder) share() {
	owners := b.owners()
	var last *summaryGroup
	for i, ins := range b.trace.Instructions {
		view := autograd.IsView(ins.Op)
		switch {
		case owners[i] != nil:
			last = b.groupOf(*owners[i])
		case last == nil || last.layer != nil && !view:
			last = &summaryGroup{}
			b.groups = append(b.groups, last)
		}
		last.instructions = append(last.instructions, ins)
	}
}

// groupOf returns the group of a layer.
func (b *summaryBuilder) groupOf(layer string) *summaryGroup {
	g := b.layers[layer]
	if g == nil {
		g = &summaryGroup{layer: &layer}
		b.layers[layer] = g
		b.groups = append(b.groups, g)
	}
	return g
}

// owners returns the layer that each instruction belongs to, or nil.
func (b *summaryBuilder) owners() []*string {
	of := map[int]*string{} // values that depend on the variables of a layer alone
	for _, v := range b.trace.Variables {
		layer := layerOf(v.Value.Name())
		of[v.In] = &layer
	}
	inputs := map[int]bool{} // values that depend on the model's input
	for _, id := range b.trace.Inputs {
		inputs[id] = true
	}
	owners := make([]*string, len(b.trace.Instructions))
	for i, ins := range b.trace.Instructions {
		reads := ins.In
		if ins.Part != nil {
			reads = slices.Concat(reads, ins.Part.In)
		}
		for _, id := range reads {
			owners[i] = cmp.Or(owners[i], of[id])
		}
		data := slices.ContainsFunc(ins.In, func(id int) bool { return inputs[id] })
		for _, id := range ins.Out {
			inputs[id] = data
			if !data {
				of[id] = owners[i]
			}
		}
	}
	b.giveViews(owners)
	joinOwners(owners)
	return owners
}

// giveViews gives a view to the layer that alone reads it.
func (b *summaryBuilder) giveViews(owners []*string) {
	reader, read := map[int]*string{}, map[int]bool{} // of each value; nil where there are several
	for _, id := range b.trace.Outputs {
		read[id] = true
	}
	for i, ins := range slices.Backward(b.trace.Instructions) {
		if autograd.IsView(ins.Op) && owners[i] == nil {
			owners[i] = reader[ins.Out[0]]
		}
		for _, id := range ins.In {
			if read[id] && (reader[id] == nil || owners[i] == nil || *reader[id] != *owners[i]) {
				reader[id] = nil
			} else {
				reader[id] = owners[i]
			}
			read[id] = true
		}
	}
}

// joinOwners gives what lies between two instructions of one layer to that layer.
func joinOwners(owners []*string) {
	last := -1
	for i, o := range owners {
		if o == nil {
			continue
		}
		if last >= 0 && *owners[last] == *o {
			for k := last + 1; k < i; k++ {
				owners[k] = o
			}
		}
		last = i
	}
}

// rows returns a row for each group, and for each layer that does not run.
func (b *summaryBuilder) rows(variables []Named) []SummaryRow {
	for _, v := range variables {
		if v.Value.IsParameter() {
			b.groupOf(layerOf(v.Name))
		}
	}
	readers := map[int][]*summaryGroup{}
	for _, g := range b.groups {
		for _, ins := range g.instructions {
			for _, id := range ins.In {
				readers[id] = append(readers[id], g)
			}
		}
	}
	for _, id := range b.trace.Outputs {
		readers[id] = append(readers[id], nil)
	}
	var rows []SummaryRow
	for _, g := range b.groups {
		r := b.row(g, readers)
		for _, v := range variables {
			if g.layer != nil && v.Value.IsParameter() && layerOf(v.Name) == *g.layer {
				r.Parameters += v.Value.Spec().Elements()
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// row adds up a group. It hands on the last of its results that another group, or
// nobody else but the caller, reads.
func (b *summaryBuilder) row(g *summaryGroup, readers map[int][]*summaryGroup) (r SummaryRow) {
	var names []string
	for _, ins := range g.instructions {
		in, out := b.specs(ins.In), b.specs(ins.Out)
		r.FLOPs += op.FLOPs(ins.Op, in, out)
		name := ins.Op.Name()
		if ins.Part != nil {
			name = ins.Part.Name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		view := autograd.IsView(ins.Op)
		for i, id := range ins.Out {
			if !view {
				r.Memory += int64(out[i].Elements() * out[i].DType.Size())
			}
			if slices.ContainsFunc(readers[id], func(other *summaryGroup) bool { return other != g }) {
				r.Output = out[i]
				if view && ins.Part == nil { // made for the reader
					r.Output = in[i]
				}
			}
		}
	}
	if g.layer == nil {
		r.Type = strings.Join(names, ", ")
	} else {
		r.Name, r.Type = *g.layer, b.types[*g.layer]
	}
	return r
}

func (b *summaryBuilder) specs(ids []int) []tensor.Spec {
	specs := make([]tensor.Spec, len(ids))
	for i, id := range ids {
		specs[i] = b.trace.Specs[id]
	}
	return specs
}

// layerOf returns the path to the layer that has a variable.
func layerOf(variable string) string {
	return variable[:max(0, strings.LastIndexByte(variable, '.'))]
}

// String returns a table.
func (s *Summary) String() string {
	table := [][]string{{"layer", "type", "output", "parameters", "FLOPs", "memory"}}
	for _, r := range append(slices.Clone(s.Rows), s.Total) {
		output := ""
		if r.Output.DType != tensor.Invalid {
			output = fmt.Sprint(r.Output.Shape)
		}
		parameters := ""
		if r.Parameters > 0 {
			parameters = strconv.Itoa(r.Parameters)
		}
		table = append(table, []string{r.Name, r.Type, output, parameters, inUnits(r.FLOPs, 1000, "", "k", "M", "G", "T"), inUnits(r.Memory, 1024, "B", "KiB", "MiB", "GiB", "TiB")})
	}
	return columns(table, 3)
}

// inUnits prints a number with three digits or so.
func inUnits(n int64, step float64, units ...string) string {
	v, unit := float64(n), 0
	for v >= step && unit < len(units)-1 {
		v, unit = v/step, unit+1
	}
	if v == 0 {
		return ""
	}
	precision := 0
	if unit > 0 && v < 100 {
		precision = 1
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', precision, 64) + " " + units[unit])
}

// columns aligns the cells of a table: the first few columns to the left, the others
// to the right.
func columns(table [][]string, left int) string {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range table {
		line := ""
		for i, cell := range row {
			width := widths[i]
			if i < left {
				width = -width
			}
			line += fmt.Sprintf("%*s  ", width, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
