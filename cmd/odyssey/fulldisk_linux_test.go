package main

import (
	"bytes"
	"strings"

	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

// tinyDisk mounts a disk of so many bytes.
func tinyDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no disk can be mounted here to be filled: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) }) // whoever looks at it
	return dir
}

func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		name, size string
		fill       int // bytes
		want       []string
	}{
		{"no room for the state", "64k", 0, []string{"state.safetensors", "no space left", "nothing is kept"}},
		{"no room at all", "4k", 4096, []string{"run.json", "no space left"}},
	} {
		disk := tinyDisk(t, c.size)
		if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, c.fill), 0o666); err != nil {
			t.Fatal(err)
		}
		run := filepath.Join(disk, "run")
		refuse(t, statusError, []string{"train", "--limit", "64", "--epochs", "1", "--out", run}, append(c.want, run))
		if left := snapshot(t, disk); len(left) != 2 {
			t.Errorf("%s: left behind: %v", c.name, left)
		}
	}
}

func TestGetOntoAFullDisk(t *testing.T) {
	served(t, nil)
	dir := filepath.Join(tinyDisk(t, "16k"), "tiny")
	refuse(t, statusError, []string{"data", "get", "tiny", "--dir", dir}, []string{"write " + filepath.Join(dir, "tiny-"+trainImages+".part"), "no space left"})
	for _, name := range []string{trainImages, trainLabels} {
		if _, err := os.Stat(filepath.Join(dir, "tiny-"+name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

// A disk that is full, or read-only, in mid-run leaves the last good checkpoint whole, and the run goes on to
// the same bits when there is room again.
func TestDiskThatFailsInMidRun(t *testing.T) {
	args := []string{"train", "--limit", "64", "--batch", "16", "--epochs", "4", "--optimizer", "adam"}
	whole := filepath.Join(t.TempDir(), "whole")
	succeed(t, append(args, "--out", whole)...)
	for _, c := range []struct {
		name       string
		fail, heal func(t *testing.T, disk string)
		want       string
	}{
		{"full", fillDisk, emptyDisk, "no space left on device"},
		{"read-only", remount(syscall.MS_RDONLY), remount(0), "read-only file system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk := tinyDisk(t, "4m")
			dir := filepath.Join(disk, "run")
			var stderr bytes.Buffer
			out := &onLine{at: "\nepoch 2/", do: func() { c.fail(t, disk) }}
			if got := run(t.Context(), append(args, "--out", dir), out, &stderr); got != statusError {
				t.Errorf("status %d, want %d", got, statusError)
			}
			checkError(t, stderr.String(), []string{filepath.Join(dir, train.StateFile), c.want, dir + " keeps the checkpoint of epoch 2"})
			if !strings.Contains(out.String(), "to go on: odyssey train --resume "+dir) {
				t.Errorf("it does not say how to go on:\n%s", out.String())
			}
			checkWhole(t, dir)
			r, err := train.ReadRecord(dir)
			if err != nil || len(r.Epochs) != 2 || r.Epochs[1].Weights != sumOf(t, filepath.Join(dir, train.ModelFile)) {
				t.Errorf("the record and the checkpoint are not those of epoch 2: %+v, %v", r, err)
			}
			succeed(t, "eval", dir)
			refuse(t, statusError, []string{"train", "--resume", dir}, []string{c.want, dir + " keeps"})
			checkWhole(t, dir)
			c.heal(t, disk)
			succeed(t, "train", "--resume", dir)
			if got, want := sumOf(t, filepath.Join(dir, train.ModelFile)), sumOf(t, filepath.Join(whole, train.ModelFile)); got != want {
				t.Errorf("the model is %s, want %s", got, want)
			}
		})
	}
}

// onLine does something when it is written a text, once.
type onLine struct {
	bytes.Buffer
	at string
	do func()
}

func (o *onLine) Write(b []byte) (int, error) {
	n, err := o.Buffer.Write(b)
	if o.do != nil && strings.Contains(o.String(), o.at) {
		o.do()
		o.do = nil
	}
	return n, err
}

func fillDisk(t *testing.T, disk string) {
	f, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for _, size := range []int{1 << 16, 1 << 12, 1} { // to the last byte
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		err = nil
	}
}

func emptyDisk(t *testing.T, disk string) {
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Error(err)
	}
}

func remount(flags uintptr) func(t *testing.T, disk string) {
	return func(t *testing.T, disk string) {
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Error(err)
		}
	}
}
