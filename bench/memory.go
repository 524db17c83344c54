package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// memory compares the most memory that a run takes: an epoch of LeNet-5 on
// EMNIST from its files, evaluated.
func memory() comparison {
	return comparison{name: "memory", rounds: 1, sides: func(h *harness) (ours contender, rivals []contender, err error) {
		if _, err := os.Stat(h.data); err != nil {
			return ours, nil, fmt.Errorf("-data: %w", err)
		}
		program := filepath.Join(h.dir, "odyssey")
		if out, err := exec.CommandContext(h.ctx, "go", "build", "-C", "..", "-o", program, "./cmd/odyssey").CombinedOutput(); err != nil {
			return ours, nil, fmt.Errorf("go build: %w: %s", err, out)
		}
		ours = contender{"", func(float64) (float64, error) {
			return peakMemory(highWater, exec.CommandContext(h.ctx, program, "train", "--data", h.data, "--epochs", "1", "--out", filepath.Join(h.dir, "run")))
		}}
		torch := contender{threadsName(threads), func(float64) (float64, error) {
			cmd := exec.CommandContext(h.ctx, h.python, "pytorch.py", h.data)
			cmd.Env = append(os.Environ(), h.torch.env...)
			return peakMemory(highWater, cmd)
		}}
		return ours, []contender{torch}, nil
	}}
}

// peakMemory runs a program and returns the most memory that it had, in MiB, as
// look says, such as highWater. What the kernel reports of a process that has ended
// counts this one's too, so look while it runs.
func peakMemory(look func(pid int) float64, cmd *exec.Cmd) (mib float64, err error) {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for tick := time.Tick(5 * time.Millisecond); ; {
		select {
		case <-tick:
			mib = max(mib, look(cmd.Process.Pid))
		case err := <-ended:
			if err == nil && mib == 0 {
				err = fmt.Errorf("%s: no VmHWM in /proc", cmd.Path)
			}
			return mib, err
		}
	}
}

var vmHWM = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// highWater returns the most memory that a process has had, in MiB, or 0.
func highWater(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	found := vmHWM.FindSubmatch(status)
	if found == nil {
		return 0
	}
	kib, _ := strconv.ParseFloat(string(found[1]), 64)
	return kib / 1024
}
