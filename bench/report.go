package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

// report is a run: what it was measured on, and the table.
type report struct {
	Date      string   `json:"date"`
	Processor string   `json:"processor"`
	CPUs      int      `json:"cpus"`
	Kernels   string   `json:"kernels"`
	Go        string   `json:"go"`
	PyTorch   string   `json:"pytorch"`
	Rounds    int      `json:"rounds"`
	Seconds   float64  `json:"seconds"`
	Results   []result `json:"results"`
}

// result is a row of the table.
type result struct {
	Case        string    `json:"case"`
	Unit        string    `json:"unit"` // s a step, or MiB
	Ours        float64   `json:"ours"`
	Peer        float64   `json:"peer"`
	PeerSetting string    `json:"peer_setting"`
	Ratio       float64   `json:"ratio"`
	Target      float64   `json:"target"`
	Met         bool      `json:"met"`
	OurRounds   []float64 `json:"our_rounds"`
	PeerRounds  []float64 `json:"peer_rounds"`
	Error       string    `json:"error,omitempty"`
}

func newReport(f flags) *report {
	return &report{
		Date: time.Now().UTC().Format(time.DateOnly), Processor: processor(), CPUs: runtime.NumCPU(),
		Kernels: kernel.Path(), Go: runtime.Version(), Rounds: f.rounds, Seconds: f.seconds,
	}
}

// processor returns the processor's name, as far as it is known.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	found := regexp.MustCompile(`model name\s*:\s*(.+)`).FindSubmatch(info)
	if found == nil {
		return runtime.GOARCH
	}
	return string(bytes.TrimSpace(found[1]))
}

// unit returns what the figures of a case are.
func unit(name string) string {
	if name == "memory" {
		return "MiB"
	}
	return "s"
}

func (r *report) print(w io.Writer, markdown bool) {
	fmt.Fprintf(w, "%s, %s, %d CPUs, kernels %s, %s, %s; medians of %d rounds of %g s\n\n",
		r.Date, r.Processor, r.CPUs, r.Kernels, r.Go, r.PyTorch, r.Rounds, r.Seconds)
	rows := [][]string{{"case", "ours", "peer", "ratio", "target", "", "peer's setting"}}
	for _, row := range r.Results {
		rows = append(rows, row.cells())
	}
	if markdown {
		printMarkdown(w, rows)
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
	fmt.Fprintf(w, "\n%d of %d targets met\n", r.met(), len(r.Results))
}

// write writes the report as JSON.
func (r *report) write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o666)
}

func printMarkdown(w io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintln(w, "| --- | ---: | ---: | ---: | ---: | --- | --- |")
		}
	}
}

func (r *report) met() (n int) {
	for _, row := range r.Results {
		if row.Met {
			n++
		}
	}
	return n
}

func (r result) cells() []string {
	if r.Error != "" {
		return []string{r.Case, "-", "-", "-", fmt.Sprint(r.Target), "failed", r.Error}
	}
	verdict := "missed"
	if r.Met {
		verdict = "met"
	}
	return []string{r.Case, amount(r.Ours, r.Unit), amount(r.Peer, r.Unit), fmt.Sprintf("%.2f", r.Ratio), fmt.Sprint(r.Target), verdict, r.PeerSetting}
}

// progress tells on one line how a case went.
func (r result) progress() string {
	if r.Error != "" {
		return "failed: " + r.Error
	}
	return fmt.Sprintf("%s : %s = %.2f", amount(r.Peer, r.Unit), amount(r.Ours, r.Unit), r.Ratio)
}

// amount prints MiB, or seconds in a unit that suits them.
func amount(v float64, unit string) string {
	if unit != "s" {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	switch {
	case v >= 1:
		return fmt.Sprintf("%.2f s", v)
	case v >= 1e-3:
		return fmt.Sprintf("%.2f ms", v*1e3)
	}
	return fmt.Sprintf("%.1f µs", v*1e6)
}
