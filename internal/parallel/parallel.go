// Package parallel runs loops on all processors that Go may use. A loop is cut
// into the same chunks whatever their number, so that the number never shows
// in a result as long as chunks write to different places.
package parallel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// Loop is a loop that can be run again and again, without allocating memory.
type Loop struct {
	n, grain int
	body     func(lo, hi int)
	next     atomic.Int64 // the first index that nobody has taken yet
	active   atomic.Int64 // goroutines that may be at work on a range
	failure  atomic.Pointer[Panic]
}

// Panic is what a loop panics with when its body did: the first value and the
// stack of the goroutine that it came from.
type Panic struct {
	Value any
	Stack []byte
}

// Error describes the panic and where it began.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n%s", p.Value, p.Stack) }

// NewLoop returns a loop over [0, n) in ranges of at most grain indices.
func NewLoop(n, grain int, body func(lo, hi int)) *Loop {
	return &Loop{n: n, grain: max(1, grain), body: body}
}

// For runs a loop once: see Run.
func For(n, grain int, body func(lo, hi int)) {
	if n <= grain { // one range: not worth a loop
		if n > 0 {
			body(0, n)
		}
		return
	}
	NewLoop(n, grain, body).Run()
}

// Processors returns how many goroutines a loop runs on at once. More than the
// machine has would only wait for each other.
func Processors() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// Run calls the body for consecutive ranges [lo, hi) that cover all indices, on
// up to GOMAXPROCS goroutines, and returns when all are done. Ranges begin at
// multiples of grain. A loop of one range runs on the caller's goroutine, and so
// does a loop within a loop. Only one goroutine may run a loop at a time.
func (l *Loop) Run() {
	chunks := (l.n + l.grain - 1) / l.grain
	helpers := min(Processors(), chunks) - 1
	if helpers <= 0 {
		for lo := 0; lo < l.n; lo += l.grain {
			l.body(lo, min(lo+l.grain, l.n))
		}
		return
	}
	// A worker that still looks at the loop's last run may join from here on.
	l.failure.Store(nil)
	l.next.Store(0)
	if offer.CompareAndSwap(nil, l) {
		callWorkers(helpers)
	} // else the workers have another loop, and the caller does it alone
	l.work()
	offer.CompareAndSwap(l, nil)
	for look := 1; l.active.Load() > 0; look++ {
		if look%looks == 0 {
			runtime.Gosched()
		}
	}
	if p := l.failure.Load(); p != nil {
		panic(p)
	}
}

// work takes ranges until none is left. Whoever comes late finds none.
func (l *Loop) work() {
	l.active.Add(1)
	defer func() {
		if v := recover(); v != nil {
			p, ok := v.(*Panic) // of a nested loop: keep where it began
			if !ok {
				p = &Panic{v, debug.Stack()}
			}
			l.failure.CompareAndSwap(nil, p)
			l.next.Store(int64(l.n)) // nobody starts another range
		}
		l.active.Add(-1)
	}()
	for {
		hi := int(l.next.Add(int64(l.grain)))
		lo := hi - l.grain
		if lo >= l.n {
			return
		}
		l.body(lo, min(hi, l.n))
	}
}
