// Package wire is how the benchmark talks to those that it compares: each is a
// process that reads requests and writes answers, one line of JSON each.
package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mlodyssey/odyssey/internal/measure"
)

// Request asks for one measurement.
type Request struct {
	Work    string   `json:"work"` // what to time, such as "train" or "matmul"
	Sizes   []int    `json:"sizes,omitempty"`
	Network *Network `json:"network,omitempty"`
	Batch   int      `json:"batch,omitempty"`
	Dir     string   `json:"dir,omitempty"` // of images
	Threads int      `json:"threads,omitempty"`
	BLAS    int      `json:"blas,omitempty"` // threads of the matrix library
	Seconds float64  `json:"seconds"`
}

// Answer is what was measured, or an error.
type Answer struct {
	Seconds    float64 `json:"seconds_per_step"`
	Loss       float32 `json:"loss,omitempty"`       // of the last step of training; or the mean of images
	Parameters int     `json:"parameters,omitempty"` // of the network
	Setting    string  `json:"setting,omitempty"`    // the fastest of those tried
	Version    string  `json:"version,omitempty"`
	Error      string  `json:"error,omitempty"`
}

// Network describes a network to those that build it.
type Network struct {
	Input   []int   `json:"input"` // channels, height, width; or one axis
	Classes int     `json:"classes"`
	Layers  []Layer `json:"layers"`
}

// Layer is one of conv, linear, relu, tanh, maxpool, avgpool, batchnorm, meanpool
// (the mean of each channel), flatten, and residual, which adds what Shortcut makes
// of its input, or the input, to what its layers make of it.
type Layer struct {
	Kind     string  `json:"kind"`
	In       int     `json:"in,omitempty"`
	Out      int     `json:"out,omitempty"`
	Kernel   int     `json:"kernel,omitempty"`
	Stride   int     `json:"stride,omitempty"`
	Padding  int     `json:"padding,omitempty"`
	Groups   int     `json:"groups,omitempty"`
	NoBias   bool    `json:"no_bias,omitempty"`
	Layers   []Layer `json:"layers,omitempty"`
	Shortcut []Layer `json:"shortcut,omitempty"`
}

// Serve answers on standard output what comes on standard input, for a Go peer
// that times one kind of work alone: a step of training, which returns its loss.
func Serve(step func() (loss float32)) {
	if err := serve(os.Stdin, os.Stdout, step); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, step func() (loss float32)) error {
	var loss float32
	w := measure.Work{Step: func() { loss = step() }}
	answers := json.NewEncoder(out)
	for requests := json.NewDecoder(in); ; {
		var r Request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		seconds := measure.Time(w, time.Duration(r.Seconds*float64(time.Second))).Seconds()
		if err := answers.Encode(Answer{Seconds: seconds, Loss: loss}); err != nil {
			return err
		}
	}
}
