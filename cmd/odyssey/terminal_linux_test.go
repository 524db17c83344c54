package main

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIsTerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal can be had: %v", err)
	}
	defer f.Close()
	for _, c := range []struct {
		term string
		cols uint16
		want bool
	}{
		{"xterm", 80, true},
		{"dumb", 80, false},
		{"xterm", 0, false},
	} {
		t.Setenv("TERM", c.term)
		if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: c.cols}); err != nil {
			t.Fatal(err)
		}
		if got := (&output{Writer: f}).isTerminal(); got != c.want {
			t.Errorf("TERM %s, %d columns: %v, want %v", c.term, c.cols, got, c.want)
		}
	}
}
