package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime/pprof"
	"text/tabwriter"
	"time"

	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/train"
)

// profile is a callback that keeps where the time of a run went.
type profile struct {
	train.Quiet
	path  string
	file  *os.File
	costs []program.Cost
}

// Start writes samples of the processor to a file until the end.
func (p *profile) Start(*train.Loop) (err error) {
	if p.file, err = os.Create(p.path); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.file)
}

// End takes the costs.
func (p *profile) End(l *train.Loop, _ error) error {
	p.costs = l.Costs()
	if p.file == nil {
		return nil
	}
	pprof.StopCPUProfile()
	return p.file.Close()
}

// print prints a table of operations, if the run was profiled.
func (p *profile) print(out *output) {
	if p.file == nil {
		return
	}
	var total time.Duration
	for _, c := range p.costs {
		total += c.Time
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "operation\tlayer\truns\tms\tshare\n")
	for _, c := range p.costs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%.1f %%\n", c.Op, cmp.Or(c.Layer, "-"), c.How, c.Time.Seconds()*1000, 100*c.Time.Seconds()/max(1e-9, total.Seconds()))
	}
	w.Flush()
	fmt.Fprintf(out, "training steps took %.2f s of processor time; samples by operation and layer: go tool pprof -tags %s\n", total.Seconds(), p.file.Name())
}
