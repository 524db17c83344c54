package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
)

// pytorch is PyTorch at its best: processes that differ in what can only be
// chosen as they start.
type pytorch struct {
	version   string
	env       []string // of the fastest matrix library
	processes []*process
}

// cores are the kinds of kernels that OpenBLAS is tried with: it does not
// recognise every new processor, and is several times slower then.
var cores = []string{"", "HASWELL", "SKYLAKEX"}

// capabilities are the instruction sets that PyTorch's own loops are tried with.
var capabilities = []string{"avx2", "avx512"}

// hoard keeps the memory of freed tensors in the process: else each large one
// is asked of the system anew, and cleared.
var hoard = []string{"MALLOC_MMAP_THRESHOLD_=4294967296", "MALLOC_TRIM_THRESHOLD_=17179869184"}

func startPyTorch(ctx context.Context, python string) (*pytorch, error) {
	t := &pytorch{}
	if err := t.chooseCore(ctx, python); err != nil {
		return nil, err
	}
	for _, c := range capabilities {
		p, err := startTorch(ctx, python, slices.Concat(t.env, hoard, []string{"ATEN_CPU_CAPABILITY=" + c}))
		if err != nil {
			return nil, err
		}
		if _, err := p.ask(wire.Request{Work: "exp", Sizes: []int{1000}, Threads: 1, BLAS: 1}); err != nil {
			p.close()
			continue
		}
		t.processes = append(t.processes, p)
	}
	if len(t.processes) == 0 {
		return nil, errors.New("PyTorch does not answer")
	}
	a, err := t.processes[0].ask(wire.Request{Work: "version"})
	if err != nil {
		t.close()
		return nil, err
	}
	t.version = a.Version
	return t, nil
}

func startTorch(ctx context.Context, python string, env []string) (*process, error) {
	return start(ctx, env, python, "pytorch.py")
}

// chooseCore finds the kind of kernels that multiplies fastest. One whose
// instructions the processor lacks ends the process.
func (t *pytorch) chooseCore(ctx context.Context, python string) error {
	var fastest float64
	var why error
	for _, core := range cores {
		var env []string
		if core != "" {
			env = []string{"OPENBLAS_CORETYPE=" + core}
		}
		p, err := startTorch(ctx, python, env)
		if err != nil {
			return err
		}
		a, err := p.ask(wire.Request{Work: "matmul", Sizes: []int{512, 512, 512}, Threads: 1, BLAS: 1, Seconds: 0.2})
		p.close()
		if err != nil {
			why = err
			continue
		}
		if fastest == 0 || a.Seconds < fastest {
			fastest, t.env = a.Seconds, env
		}
	}
	if fastest == 0 {
		return fmt.Errorf("PyTorch cannot be measured, see bench/install.sh: %w", why)
	}
	return nil
}

func (t *pytorch) close() {
	for _, p := range t.processes {
		p.close()
	}
}

// contenders returns PyTorch on each number of threads, at its best: every
// process tries what it can, and the fastest goes on.
func (t *pytorch) contenders(r wire.Request, threads ...int) (found []contender, err error) {
	for _, n := range threads {
		var best contender
		var fastest float64
		for _, p := range t.processes {
			for _, blas := range []int{1, n}[:min(n, 2)] {
				r := r
				r.Threads, r.BLAS = n, blas
				a, err := tryOut(p, r)
				if err != nil {
					return nil, err
				}
				if fastest == 0 || a.Seconds < fastest {
					fastest = a.Seconds
					best = contender{settingName(n, blas, p, a), func(seconds float64) (float64, error) {
						r := r
						r.Seconds = seconds
						a, err := p.ask(r)
						return a.Seconds, err
					}}
				}
			}
		}
		found = append(found, best)
	}
	return found, nil
}

// tryOut returns the better of two short measurements.
func tryOut(p *process, r wire.Request) (better wire.Answer, err error) {
	r.Seconds = 0.1
	for range 2 {
		a, err := p.ask(r)
		if err != nil {
			return a, err
		}
		if better.Seconds == 0 || a.Seconds < better.Seconds {
			better = a
		}
	}
	return better, nil
}

// settingName tells how the fastest way was set up.
func settingName(threads, blas int, p *process, a wire.Answer) string {
	names := []string{threadsName(threads)}
	if blas > 1 {
		names = append(names, "BLAS too")
	}
	if a.Setting != "" {
		names = append(names, a.Setting)
	}
	for _, v := range p.cmd.Env {
		if v == "ATEN_CPU_CAPABILITY=avx512" {
			names = append(names, "avx512")
		}
	}
	return strings.Join(names, ", ")
}

// versus compares one piece of work with PyTorch's. Our side gets two threads
// and so does PyTorch, or one if that is faster.
func versus(name string, r wire.Request, ours func() measure.Work) comparison {
	return comparison{name: name, sides: func(h *harness) (contender, []contender, error) {
		rivals, err := h.torch.contenders(r, 1, threads)
		return odyssey(ours(), threads), rivals, err
	}}
}

// versusOn is versus on a number of threads for both.
func versusOn(n int, name string, r wire.Request, ours func() measure.Work) comparison {
	return comparison{name: name, sides: func(h *harness) (contender, []contender, error) {
		rivals, err := h.torch.contenders(r, n)
		return odyssey(ours(), n), rivals, err
	}}
}
