package kernel

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// path is one set of kernels. All give the same bits.
type path int

const (
	portable path = iota
	avx2          // with FMA3
	avx512        // F, DQ, VL and BW
)

var pathNames = [...]string{portable: "portable", avx2: "avx2", avx512: "avx512"}

// active is the path that the kernels take, chosen once at start-up.
var active, pathError = choosePath(os.Getenv("ODYSSEY_CPU"))

// Path returns the name of the kernels in use: "avx512", "avx2" or "portable".
// It is the best that the processor has, unless the environment variable
// ODYSSEY_CPU names another.
func Path() string { return pathNames[active] }

// PathError returns an error where ODYSSEY_CPU names a path that is unknown or
// that this processor lacks. The kernels then use the best path all the same.
func PathError() error { return pathError }

// Paths returns the names of all paths that this processor can take, the best
// first.
func Paths() []string {
	var names []string
	for p := best(); p >= portable; p-- {
		names = append(names, pathNames[p])
	}
	return names
}

// Use makes the kernels take the named path until restore is called. It is for
// tests: no kernel may run meanwhile on another goroutine. It panics unless
// the path is one of Paths.
func Use(name string) (restore func()) {
	chosen, err := choosePath(name)
	if err != nil || name == "" {
		panic("kernel: Use wants one of " + strings.Join(Paths(), ", ") + ", got " + name)
	}
	before := active
	active = chosen
	return func() { active = before }
}

// choosePath returns the named path, or the best one for an empty name and,
// with an error, for one that cannot be taken.
func choosePath(name string) (path, error) {
	if name == "" {
		return best(), nil
	}
	for p := portable; p <= best(); p++ {
		if pathNames[p] == name {
			return p, nil
		}
	}
	return best(), fmt.Errorf("ODYSSEY_CPU: want %s on this processor, got %q", strings.Join(Paths(), ", "), name)
}

// best returns the fastest path that this processor can take.
func best() path {
	x := &cpu.X86
	switch {
	case runtime.GOARCH != "amd64":
		return portable
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512BW:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return portable
}
