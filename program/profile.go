package program

import (
	"cmp"
	"context"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
)

// Cost is how long one operation of one layer took in all runs so far, added up
// over the goroutines.
type Cost struct {
	Op    string
	Layer string // as its parameters are named; "" for what belongs to none
	How   string // "blocks" of 16 examples, "loop" over elements, or "whole"
	Time  time.Duration
}

// Profile counts the time of each instruction of a program.
type Profile struct {
	costs       []Cost
	nanoseconds []atomic.Int64
	labels      []context.Context // for samples that runtime/pprof takes
}

// StartProfile makes the program count time from its next run on, and label the
// samples of package runtime/pprof with operation and layer.
func (p *Program) StartProfile() {
	n := len(p.instructions)
	prof := &Profile{costs: make([]Cost, n), nanoseconds: make([]atomic.Int64, n), labels: make([]context.Context, n)}
	layers := layersOf(p.trace, p.instructions)
	for i, ins := range p.instructions {
		prof.costs[i] = Cost{Op: ins.Op.Name(), Layer: layers[i], How: p.kinds[i].String()}
		prof.labels[i] = pprof.WithLabels(context.Background(), pprof.Labels("op", ins.Op.Name(), "layer", layers[i]))
	}
	p.profile = prof
}

// Costs returns where the time of a profiled program went: an entry for each
// operation of each layer, the longest first.
func (p *Program) Costs() []Cost {
	if p.profile == nil {
		return nil
	}
	var costs []Cost
	for i, c := range p.profile.costs {
		if !autograd.IsView(p.instructions[i].Op) {
			c.Time = time.Duration(p.profile.nanoseconds[i].Load())
			costs = append(costs, c)
		}
	}
	return AddUp(costs)
}

// AddUp joins the costs of the same operation of one layer, and puts the longest
// first.
func AddUp(costs []Cost) []Cost {
	var sums []Cost
	for _, c := range costs {
		at := slices.IndexFunc(sums, func(o Cost) bool { return o.Op == c.Op && o.Layer == c.Layer && o.How == c.How })
		if at < 0 {
			sums = append(sums, c)
		} else {
			sums[at].Time += c.Time
		}
	}
	slices.SortStableFunc(sums, func(a, b Cost) int { return cmp.Compare(b.Time, a.Time) })
	return sums
}

// start returns the time, if anybody wants to know.
func (p *Profile) start(instruction int) (t time.Time) {
	if p != nil {
		pprof.SetGoroutineLabels(p.labels[instruction])
		t = time.Now()
	}
	return t
}

func (p *Profile) add(instruction int, start time.Time) {
	if p != nil {
		p.nanoseconds[instruction].Add(int64(time.Since(start)))
		pprof.SetGoroutineLabels(context.Background())
	}
}

// Layers names the layer of each instruction of a trace, as in Cost.
func Layers(tr *autograd.Trace) []string { return layersOf(tr, tr.Instructions) }

// layersOf names the layer of each instruction: that of the parameter that it
// reads or works towards, or else the first of those that its inputs belong to.
func layersOf(tr *autograd.Trace, instructions []autograd.Instruction) []string {
	of := make([]int, len(tr.Specs)) // each value's, as its place in layers
	layers := []string{""}
	for _, v := range tr.Variables {
		name := layerOf(v.Value.Name(), tr.Variables)
		if of[v.In] = slices.Index(layers, name); of[v.In] < 0 {
			of[v.In], layers = len(layers), append(layers, name)
		}
	}
	parameter, update := slices.Clone(of), make([]int, len(of))
	for _, v := range tr.Variables {
		if v.Out != v.In {
			update[v.Out] = of[v.In]
		}
	}
	names := make([]string, len(instructions))
	for i, ins := range instructions {
		at := cmp.Or(first(parameter, ins.In), first(of, ins.In))
		for _, id := range ins.Out {
			of[id] = at
		}
		names[i] = layers[at]
	}
	for i, ins := range slices.Backward(instructions) {
		at := first(update, ins.Out)
		if at == 0 {
			continue
		}
		names[i] = layers[at]
		if _, ok := ins.Op.(op.Pointwise); ok || autograd.IsView(ins.Op) { // back to what gave the gradient
			for _, id := range ins.In {
				update[id] = at
			}
		}
	}
	return names
}

// first returns the least of some values' numbers that is not 0, or 0.
func first(of []int, ids []int) (least int) {
	for _, id := range ids {
		if of[id] != 0 && (least == 0 || of[id] < least) {
			least = of[id]
		}
	}
	return least
}

// layerOf returns what comes before the last dot in the name of a parameter, or
// of the parameter that a variable of the optimiser belongs to.
func layerOf(name string, variables []autograd.TracedVariable) string {
	for _, v := range variables {
		if v.Value.IsParameter() && strings.HasPrefix(name, v.Value.Name()+".") {
			name = v.Value.Name()
		}
	}
	if at := strings.LastIndexByte(name, '.'); at >= 0 {
		return name[:at]
	}
	return ""
}
