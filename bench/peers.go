package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/random"
)

// goPeer compares the training of LeNet-5 with one of Go's other frameworks, each
// a program of its own in the folder peers.
func goPeer(name string) comparison {
	return comparison{name: "peer-" + name, sides: func(h *harness) (contender, []contender, error) {
		w := measure.Training(build(lenet5.Layers, random.New(1)), lenet5.Input, lenet5.Classes, wire.Batch)
		p, err := h.startPeer(name)
		if err != nil {
			return contender{}, nil, err
		}
		peer := contender{name, func(seconds float64) (float64, error) {
			a, err := p.ask(wire.Request{Work: "train", Seconds: seconds})
			if err == nil && !(a.Loss > 0 && a.Loss < 20) {
				err = fmt.Errorf("the loss of %s is %v", name, a.Loss)
			}
			return a.Seconds, err
		}}
		return odyssey(w, threads), []contender{peer}, nil
	}}
}

// startPeer builds a peer with Go's vector instructions, which two of them have
// faster matrix products for, and starts it.
func (h *harness) startPeer(name string) (*process, error) {
	program := filepath.Join(h.dir, name)
	build := exec.CommandContext(h.ctx, "go", "build", "-o", program, "./peers/"+name)
	build.Env = append(build.Environ(), "GOEXPERIMENT=simd")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, out)
	}
	p, err := start(h.ctx, []string{"ASSUME_NO_MOVING_GC_UNSAFE_RISK_IT_WITH=" + goRelease()}, program)
	if err != nil {
		return nil, err
	}
	h.peers = append(h.peers, p)
	return p, nil
}

// goRelease returns the version of Go in the form in which a dependency of
// Gorgonia wants to be told that its tricks are safe: go1.26.
func goRelease() string { return regexp.MustCompile(`^go\d+\.\d+`).FindString(runtime.Version()) }
