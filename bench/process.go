package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/mlodyssey/odyssey/bench/wire"
)

// process is one that answers requests, as package wire says.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Reader
}

// start starts a program with more environment variables.
func start(ctx context.Context, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// ask sends a request and waits for its answer.
func (p *process) ask(r wire.Request) (a wire.Answer, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return a, fmt.Errorf("%s has ended: %w", p.cmd.Path, err)
	}
	line, err := p.answers.ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("%s has ended: %w", p.cmd.Path, err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("%s answered %q: %w", p.cmd.Path, line, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// close ends the process: it stops where its input does.
func (p *process) close() {
	p.in.Close()
	p.cmd.Wait()
}
