//go:build unix

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// program returns a command that runs the program in a process of its own.
func build(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "ODYSSEY_TEST_PROGRAM=1")
	return c
}

func TestSignalKeepsTheLastEpoch(t *testing.T) {
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sent) { // as where the tests run by nohup: the program leaves it alone, too
			continue
		}
		dir := filepath.Join(t.TempDir(), "run")
		c := build(t, "train", "--limit", "64", "--batch", "16", "--epochs", "1000000", "--out", dir)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		stdout, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill() })
		lines := bufio.NewScanner(stdout)
		evaluated := func(line string) bool { return strings.Contains(line, "test loss") } // a slow run has lines within an epoch, too
		for lines.Scan() && (!strings.HasPrefix(lines.Text(), "epoch 2/") || !evaluated(lines.Text())) {
		}
		if err := c.Process.Signal(sent); err != nil {
			t.Fatal(err)
		}
		for range 100 { // a closing terminal may repeat its signal until the program is done
			if sent == syscall.SIGHUP {
				time.Sleep(100 * time.Microsecond)
				c.Process.Signal(sent)
			}
		}
		for lines.Scan() { // until the program is done
		}
		c.Wait()
		if got := c.ProcessState.ExitCode(); got != statusInterrupted {
			t.Errorf("%v: status %d, want %d", sent, got, statusInterrupted)
		}
		checkError(t, stderr.String(), []string{"interrupted; " + dir + " keeps the checkpoint of epoch "})
		fields := strings.Fields(stderr.String())
		kept, err := strconv.Atoi(fields[len(fields)-1])
		last, count := lastEpoch(t, dir)
		if err != nil || kept < 2 || kept != last.Epoch || kept != count {
			t.Errorf("%v: %q, but there are metrics of %d epochs", sent, stderr.String(), count)
		}
		if want := strings.TrimSpace(strconv.FormatFloat(last.TestLoss, 'g', -1, 64)); !strings.Contains(succeed(t, "eval", dir, "--json"), want) {
			t.Errorf("%v: the checkpoint's loss is not that of epoch %d, %s", sent, kept, want)
		}
		if left := snapshot(t, dir); len(left) != 6 {
			t.Errorf("%v: left behind: %v", sent, left)
		}
	}
}

// Started by nohup or by a script's &, a program is to leave some signals alone.
func TestIgnoredSignals(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := build(t, "train", "--limit", "64", "--batch", "16", "--epochs", "1000000", "--out", dir)
	c.Args = append([]string{"sh", "-c", `trap "" HUP INT; exec "$0" "$@"`, c.Path}, c.Args[1:]...)
	c.Path = "/bin/sh"
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	upTo := func(prefix string) bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), prefix) {
				return true
			}
		}
		return false
	}
	upTo("epoch 1/")
	c.Process.Signal(syscall.SIGHUP)
	c.Process.Signal(os.Interrupt)
	if !upTo("epoch 9/") {
		t.Error("the run ended")
	}
	c.Process.Signal(syscall.SIGTERM)
	upTo("the end")
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != statusInterrupted {
		t.Errorf("SIGTERM: status %d, want %d", got, statusInterrupted)
	}
}

// As with odyssey train | head -0: no signal ends the program.
func TestClosedPipe(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	dir := filepath.Join(t.TempDir(), "run")
	c := build(t, "train", "--limit", "64", "--batch", "16", "--epochs", "2", "--out", dir)
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = write, &stderr
	c.Run()
	if got := c.ProcessState.ExitCode(); got != statusError {
		t.Errorf("status %d, want %d", got, statusError)
	}
	checkError(t, stderr.String(), []string{"standard output: ", "broken pipe", "the rest was done without it"})
	if r, err := train.ReadRecord(dir); err != nil || r.End == nil || r.End.Reason != train.EndFinished {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestUnknownProcessorPath(t *testing.T) {
	c := build(t, "version")
	c.Env = append(c.Env, "ODYSSEY_CPU=abacus")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if out, err := c.Output(); err == nil || len(out) != 0 || c.ProcessState.ExitCode() != statusError {
		t.Errorf("output %q, %v", out, err)
	}
	checkError(t, stderr.String(), []string{"ODYSSEY_CPU", `"abacus"`, "want", "portable"})
}

// The kernels' path changes nothing in a run's model.
func TestProcessorPathsGiveTheSameBytes(t *testing.T) {
	var first []byte
	for _, path := range []string{"", "portable"} {
		dir := filepath.Join(t.TempDir(), "run")
		c := build(t, "train", "--limit", "64", "--epochs", "1", "--out", dir)
		c.Env = append(c.Env, "ODYSSEY_CPU="+path)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		b, err := os.ReadFile(filepath.Join(dir, train.ModelFile))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if !bytes.Equal(b, first) {
			t.Errorf("the model differs with ODYSSEY_CPU=%s", path)
		}
	}
}
