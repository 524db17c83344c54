package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// tinyDisk mounts a disk of so many bytes.
func tinyDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no disk can be mounted here to be filled: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		name, size string
		fill       int // bytes
		want       []string
	}{
		{"no room for the model", "64k", 0, []string{"model.safetensors", "no space left", "nothing is kept"}},
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
