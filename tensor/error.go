package tensor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Error is a mistake in a program: an operation given shapes, types or
// attributes that it does not take. It is what such a call panics with,
// before anything is allocated.
type Error struct {
	Op    string // the operation, such as "conv2d"
	In    []Spec // what it was given
	Want  string // what was expected
	Where string // file:line of the caller outside this module's libraries, if known
}

// Error returns one line: where, the operation, what it was given and what it
// wants.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Where != "" {
		fmt.Fprintf(&b, "%s: ", e.Where)
	}
	b.WriteString(e.Op)
	for i, s := range e.In {
		b.WriteString([]string{" of ", ", "}[min(i, 1)])
		b.WriteString(s.String())
	}
	return b.String() + ": " + e.Want
}

// Fail panics with an Error for the line of user code that called.
func Fail(op string, in []Spec, format string, args ...any) {
	panic(&Error{Op: op, In: in, Want: fmt.Sprintf(format, args...), Where: caller()})
}

func caller() string {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for {
		f, more := frames.Next()
		if !isLibrary(f.Function) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// isLibrary reports whether a function is not the user's own. Examples, commands
// and tests of this module are users like any other.
func isLibrary(function string) bool {
	rest, ok := strings.CutPrefix(function, "github.com/mlodyssey/odyssey/")
	if !ok {
		return strings.HasPrefix(function, "runtime.")
	}
	return !strings.HasPrefix(rest, "cmd/") && !strings.HasPrefix(rest, "examples/")
}
