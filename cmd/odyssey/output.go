package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"
)

// output is standard output. It remembers the first error, so that a full disk
// does not pass for success, and ends the command then, unless that goes on.
type output struct {
	io.Writer
	cancel context.CancelFunc
	mutex  sync.Mutex // of all below, and of writing: a webhook tells of errors beside the run
	err    error
	goesOn bool
}

// goOn lets the command come to its end without its output: the results of a training are in files, and whoever
// closes a pipe does not mean to lose them.
func (o *output) goOn() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.goesOn = true
}

func (o *output) Write(b []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	n, err := o.Writer.Write(b)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("standard output: %w", err)
		if !o.goesOn {
			o.cancel()
		}
	}
	return n, err
}

// cause returns why a command ended that returned err: the output's own error
// if that is what ended it.
func (o *output) cause(err error) error {
	switch {
	case o.err == nil || err != nil && (o.goesOn || !errors.Is(err, context.Canceled)):
		return err
	case o.goesOn:
		return fmt.Errorf("%w; the rest was done without it", o.err)
	}
	return o.err
}

// isTerminal tells whether a bar can be drawn: some terminals have no width, or
// cannot move the cursor.
func (o *output) isTerminal() bool {
	f, ok := o.Writer.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return err == nil && width > 0
}

func (o *output) writeJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	o.Write(append(b, '\n'))
	return nil
}

// checkPictureName returns an error unless --out names a PNG file: what is called otherwise is another kind of file, and may be one that
// should stay.
func checkPictureName(path string) error {
	if name := filepath.Base(path); !strings.EqualFold(filepath.Ext(name), ".png") || len(name) == len(".png") {
		return fmt.Errorf("--out %q: want the name of the PNG file to write, which ends in .png", path)
	}
	return nil
}
