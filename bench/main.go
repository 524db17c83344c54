// Command bench compares Odyssey with PyTorch and with Go's other frameworks:
// side by side in one run, in rounds. docs/benchmarks.md says how.
//
//	go -C bench run .
//	go -C bench run . -run 'lenet5|threads' -rounds 9
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"
)

type flags struct {
	list     bool
	run      string
	rounds   int
	seconds  float64
	json     string
	markdown bool
	data     string
	python   string
}

func parseFlags() (f flags, err error) {
	flag.BoolVar(&f.list, "list", false, "list the cases")
	flag.StringVar(&f.run, "run", "", "only the cases whose name matches the `regexp`")
	flag.IntVar(&f.rounds, "rounds", 5, "how often each side is measured")
	flag.Float64Var(&f.seconds, "seconds", 0.5, "how long a measurement takes")
	flag.StringVar(&f.json, "json", "", "also write the figures to a `file`")
	flag.BoolVar(&f.markdown, "markdown", false, "print the table as Markdown")
	flag.StringVar(&f.data, "data", "../../shared/data/emnist", "`directory` of EMNIST's files, for the memory of a whole run")
	flag.StringVar(&f.python, "python", "/usr/bin/python3", "the Python that has PyTorch")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case f.rounds < 1:
		return f, fmt.Errorf("-rounds: want at least 1, got %d", f.rounds)
	case !(f.seconds > 0):
		return f, fmt.Errorf("-seconds: want more than 0, got %v", f.seconds)
	}
	return f, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	f, err := parseFlags()
	if err != nil {
		return err
	}
	selected, err := selectCases(cases(), f.run)
	if err != nil {
		return err
	}
	if f.list {
		for _, c := range selected {
			fmt.Printf("%-24s target %g\n", c.name, target(c.name))
		}
		return nil
	}
	if _, err := os.Stat("pytorch.py"); err != nil {
		return fmt.Errorf("run it in the folder bench, as in go -C bench run .: %w", err)
	}
	r := newReport(f)
	h, err := newHarness(ctx, f)
	if err != nil {
		return err
	}
	defer h.close()
	r.PyTorch = h.torch.version
	failed := r.measure(h, selected)
	r.print(os.Stdout, f.markdown)
	if f.json != "" {
		if err := r.write(f.json); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d of %d cases", len(r.Results), len(selected))
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases could not be measured", failed, len(selected))
	}
	return nil
}

// selectCases returns those whose name matches.
func selectCases(all []comparison, pattern string) (selected []comparison, err error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if re.MatchString(c.name) {
			selected = append(selected, c)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("-run %s: no case matches; see -list", pattern)
	}
	return selected, nil
}

// measure runs the cases one after the other, until it is interrupted, and
// returns how many failed.
func (r *report) measure(h *harness, selected []comparison) (failed int) {
	start := time.Now()
	for i, c := range selected {
		fmt.Fprintf(os.Stderr, "%3d/%d %-24s ", i+1, len(selected), c.name)
		result, err := h.compare(c)
		if h.ctx.Err() != nil {
			return failed
		}
		if err != nil {
			failed++
			result.Error = err.Error()
		}
		r.Results = append(r.Results, result)
		fmt.Fprintf(os.Stderr, "%s\n", result.progress())
	}
	fmt.Fprintf(os.Stderr, "%v\n\n", time.Since(start).Round(time.Second))
	return failed
}
