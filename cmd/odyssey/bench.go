package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

type benchCommand struct {
	Seconds float64 `default:"1" help:"How long each measurement takes, in seconds. Default: ${default}." placeholder:"S"`
	JSON    bool    `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (benchCommand) Help() string {
	return `Images per second are those of LeNet-5 with its data in memory, whole steps: forward, backward and SGD with momentum, or forward alone. The peak is what fused multiply-adds of float32 reach on all threads together when they never leave the registers, on the same processor path; matrix products and convolutions are measured against it. Everything takes about 20 seconds. Keep the machine quiet meanwhile.

    odyssey bench
    GOMAXPROCS=1 odyssey bench --json`
}

// Run measures and prints.
func (c benchCommand) Run(ctx context.Context, out *output) error {
	if !(c.Seconds > 0 && c.Seconds <= 3600) {
		return errors.New("--seconds: want more than 0 and at most 3600")
	}
	r, err := runBench(ctx, benchWork(), time.Duration(c.Seconds*float64(time.Second)))
	if err != nil {
		return err
	}
	if c.JSON {
		return out.writeJSON(r)
	}
	printBench(out, r)
	return nil
}

// benchReport is what a machine gives.
type benchReport struct {
	Environment train.Environment `json:"environment"`
	Threads     int               `json:"threads"`
	CorePeak    float64           `json:"core_peak_gflops"`
	Peak        float64           `json:"peak_gflops"` // of all threads together
	Networks    []benchNetwork    `json:"networks"`
	Kernels     []benchKernel     `json:"kernels"`
}

type benchNetwork struct {
	Name    string  `json:"name"`
	Batch   int     `json:"batch"`
	Seconds float64 `json:"seconds_per_step"`
	Images  float64 `json:"images_per_second"`
}

type benchKernel struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds_per_step"`
	GFLOPS  float64 `json:"gflops"`
	Share   float64 `json:"share_of_peak"`
}

// benchItem is a piece of work, made when its turn has come.
type benchItem struct {
	name  string
	batch int // of a network, 0 for a kernel
	work  func() measure.Work
}

func benchWork() (items []benchItem) {
	const classes = 47
	shape := []int{1, 28, 28}
	for _, batch := range []int{16, 64, 256} {
		items = append(items, benchItem{"LeNet-5 training", batch, func() measure.Work {
			return measure.Training(model.NewLeNet5(classes, 1), shape, classes, batch)
		}})
	}
	for _, batch := range []int{1, 64, 256} {
		items = append(items, benchItem{"LeNet-5 inference", batch, func() measure.Work {
			return measure.Inference(model.NewLeNet5(classes, 1), shape, batch)
		}})
	}
	for _, s := range [][3]int{{64, 120, 400}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}} {
		name := fmt.Sprintf("product %d×%d×%d", s[0], s[1], s[2])
		items = append(items, benchItem{name: name, work: func() measure.Work { return measure.MatMul(s[0], s[1], s[2]) }})
	}
	for _, c := range []measure.Convolution{{Channels: 64, Size: 56, Batch: 16}, {Channels: 256, Size: 14, Batch: 16}} {
		name := fmt.Sprintf("convolution 3×3, %d×%d×%d", c.Channels, c.Size, c.Size)
		items = append(items,
			benchItem{name: name, work: c.Forward},
			benchItem{name: name + ", input gradient", work: c.InputGradient},
			benchItem{name: name + ", weight gradient", work: c.WeightGradient})
	}
	return items
}

// runBench does all the work, with the peak measured before and after it: the
// best counts, since nothing can be faster than the machine.
func runBench(ctx context.Context, items []benchItem, about time.Duration) (*benchReport, error) {
	r := &benchReport{Environment: train.CurrentEnvironment(), Threads: min(runtime.GOMAXPROCS(0), runtime.NumCPU())}
	r.measurePeak(about)
	for _, item := range items {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.add(item, about)
	}
	r.measurePeak(about)
	for i := range r.Kernels {
		r.Kernels[i].Share = r.Kernels[i].GFLOPS / r.Peak
	}
	return r, nil
}

func (r *benchReport) add(item benchItem, about time.Duration) {
	w := item.work()
	seconds := measure.Time(w, about).Seconds()
	if item.batch > 0 {
		r.Networks = append(r.Networks, benchNetwork{item.name, item.batch, seconds, float64(item.batch) / seconds})
		return
	}
	r.Kernels = append(r.Kernels, benchKernel{Name: item.name, Seconds: seconds, GFLOPS: w.Flops / seconds / 1e9})
}

// measurePeak takes the best of several tries on one thread and on all.
func (r *benchReport) measurePeak(about time.Duration) {
	const tries = 10
	for range tries {
		r.CorePeak = max(r.CorePeak, peak(1, about/2/tries))
		r.Peak = max(r.Peak, peak(r.Threads, about/2/tries))
	}
	r.Peak = max(r.Peak, r.CorePeak)
}

// peak returns the GFLOP/s of chains of multiply-adds on some threads.
func peak(threads int, about time.Duration) float64 {
	const rounds = 1000 // a fraction of a millisecond, even in portable Go
	flops := make([]float64, threads)
	start := time.Now()
	parallel.For(threads, 1, func(lo, hi int) {
		for thread := lo; thread < hi; thread++ {
			for flops[thread] == 0 || time.Since(start) < about {
				flops[thread] += kernel.PeakFMA(rounds)
			}
		}
	})
	took := time.Since(start).Seconds()
	sum := 0.0
	for _, f := range flops {
		sum += f
	}
	return sum / took / 1e9
}

func printBench(out *output, r *benchReport) {
	e := r.Environment
	fmt.Fprintf(out, "Odyssey %s, %s %s, %s, %s\n", e.Version, e.Go, e.Platform, e.Kernels, printable.Count(r.Threads, "thread"))
	fmt.Fprintf(out, "peak: %.0f GFLOP/s on one thread, %.0f on all\n\n", r.CorePeak, r.Peak)
	rows := [][]string{{"network", "batch", "a step", "images/s"}}
	for _, n := range r.Networks {
		rows = append(rows, []string{n.Name, fmt.Sprint(n.Batch), inUnits(n.Seconds), thousands(n.Images)})
	}
	printColumns(out, rows)
	fmt.Fprintln(out)
	rows = [][]string{{"kernel", "a step", "GFLOP/s", "of the peak"}}
	for _, k := range r.Kernels {
		rows = append(rows, []string{k.Name, inUnits(k.Seconds), fmt.Sprintf("%.1f", k.GFLOPS), fmt.Sprintf("%.0f %%", 100*k.Share)})
	}
	printColumns(out, rows)
}

// printColumns prints names on the left and numbers on the right.
func printColumns(out *output, rows [][]string) {
	names := 0
	for _, row := range rows {
		names = max(names, utf8.RuneCountInString(row[0]))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintf(table, "%-*s\t%s\t\n", names, row[0], strings.Join(row[1:], "\t"))
	}
	table.Flush()
}

// inUnits prints seconds in three digits and a unit that suits them.
func inUnits(seconds float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}} {
		if seconds >= u.size {
			digits := max(0, 2-int(math.Log10(seconds/u.size)))
			return fmt.Sprintf("%.*f %s", digits, seconds/u.size, u.name)
		}
	}
	return "0 s"
}

// thousands prints a whole number with commas: 41,800.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
