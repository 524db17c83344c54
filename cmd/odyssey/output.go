package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// output is standard output. It remembers the first error, so that a full disk
// does not pass for success.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("standard output: %w", err)
	}
	return n, err
}

func (o *output) isTerminal() bool {
	f, ok := o.Writer.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (o *output) writeJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	o.Write(append(b, '\n'))
	return nil
}
