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
)

// Cost is how long one operation of one layer took in all runs so far, added up
// over the goroutines.
type Cost struct {
	Op    string
	Layer string // as its parameters are named; "" for what belongs to none
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
		prof.costs[i] = Cost{Op: ins.Op.Name(), Layer: layers[i]}
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
		c.Time = time.Duration(p.profile.nanoseconds[i].Load())
		at := slices.IndexFunc(costs, func(o Cost) bool { return o.Op == c.Op && o.Layer == c.Layer })
		if at < 0 {
			costs = append(costs, c)
		} else {
			costs[at].Time += c.Time
		}
	}
	slices.SortStableFunc(costs, func(a, b Cost) int { return cmp.Compare(b.Time, a.Time) })
	return costs
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

// layersOf names the layer of each instruction: that of the parameter that it
// reads, or else of the value that it works on.
func layersOf(tr *autograd.Trace, instructions []autograd.Instruction) []string {
	layer := make([]string, len(tr.Specs)) // of each value
	for _, v := range tr.Variables {
		layer[v.In] = layerOf(v.Value.Name(), tr.Variables)
	}
	parameter := slices.Clone(layer)
	names := make([]string, len(instructions))
	for i, ins := range instructions {
		for _, from := range [][]string{layer, parameter} { // a parameter has the last word
			for _, id := range slices.Backward(ins.In) {
				names[i] = cmp.Or(from[id], names[i])
			}
		}
		for _, id := range ins.Out {
			layer[id] = names[i]
		}
	}
	return names
}

// layerOf returns what comes before the last dot in the name of a parameter, or
// of the parameter that a variable of the optimiser belongs to.
func layerOf(name string, variables []autograd.TracedVariable) string {
	for _, v := range variables {
		if v.Value.IsTrainable() && strings.HasPrefix(name, v.Value.Name()+".") {
			name = v.Value.Name()
		}
	}
	if at := strings.LastIndexByte(name, '.'); at >= 0 {
		return name[:at]
	}
	return ""
}
