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

// loop is one call of For, shared by the goroutines that work on it.
type loop struct {
	n, grain int
	body     func(lo, hi int)
	next     atomic.Int64 // the first index that nobody has taken yet
	active   atomic.Int64 // goroutines that may be at work on a range
	failure  atomic.Pointer[Panic]
}

// Panic is what For panics with when its body did: the first value and the
// stack of the goroutine that it came from.
type Panic struct {
	Value any
	Stack []byte
}

// Error describes the panic and where it began.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n%s", p.Value, p.Stack) }

// For calls body for consecutive ranges [lo, hi) of at most grain indices that
// cover [0, n), on up to GOMAXPROCS goroutines, and returns when all are done.
// Ranges begin at multiples of grain. A loop of one range runs on the caller's
// goroutine, and so does a loop within a loop.
func For(n, grain int, body func(lo, hi int)) {
	grain = max(1, grain)
	chunks := (n + grain - 1) / grain
	helpers := min(processors(), chunks) - 1
	if helpers <= 0 {
		for lo := 0; lo < n; lo += grain {
			body(lo, min(lo+grain, n))
		}
		return
	}
	l := &loop{n: n, grain: grain, body: body}
	if offer.CompareAndSwap(nil, l) {
		callWorkers(helpers)
	} // else the workers have another loop, and the caller does it alone
	l.work()
	offer.CompareAndSwap(l, nil)
	for l.active.Load() > 0 {
		runtime.Gosched()
	}
	if p := l.failure.Load(); p != nil {
		panic(p)
	}
}

// processors returns how many goroutines can run at once. More than the machine
// has would only wait for each other.
func processors() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// work takes ranges until none is left. Whoever comes late finds none.
func (l *loop) work() {
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
