// Package parallel runs loops on all processors that Go may use. A loop is cut
// into the same chunks whatever their number, so that the number never shows
// in a result as long as chunks write to different places.
package parallel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// loop is one call of For, shared by the goroutines that work on it.
type loop struct {
	n, grain int
	body     func(lo, hi int)
	next     atomic.Int64 // the first index that nobody has taken yet
	helpers  sync.WaitGroup
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

var (
	queue   = make(chan *loop)
	started atomic.Int64 // workers that listen to queue
)

// For calls body for consecutive ranges [lo, hi) of at most grain indices that
// cover [0, n), on up to GOMAXPROCS goroutines, and returns when all are done.
// Ranges begin at multiples of grain. A loop of one range runs on the caller's
// goroutine; loops may be nested.
func For(n, grain int, body func(lo, hi int)) {
	grain = max(1, grain)
	chunks := (n + grain - 1) / grain
	helpers := min(runtime.GOMAXPROCS(0), chunks) - 1
	if helpers <= 0 {
		for lo := 0; lo < n; lo += grain {
			body(lo, min(lo+grain, n))
		}
		return
	}
	l := &loop{n: n, grain: grain, body: body}
	l.invite(helpers)
	l.work()
	l.helpers.Wait()
	if p := l.failure.Load(); p != nil {
		panic(p)
	}
}

// invite offers the loop to idle workers. Where none is idle the caller does
// the work itself, so nested loops cannot wait for each other.
func (l *loop) invite(helpers int) {
	for range helpers {
		l.helpers.Add(1)
		select {
		case queue <- l:
			continue
		default:
		}
		if started.Load() < int64(runtime.GOMAXPROCS(0)-1) {
			started.Add(1)
			go worker(l)
			continue
		}
		l.helpers.Done()
		return
	}
}

func worker(l *loop) {
	for {
		l.work()
		l.helpers.Done()
		l = <-queue
	}
}

func (l *loop) work() {
	defer func() {
		if v := recover(); v != nil {
			p, ok := v.(*Panic) // of a nested loop: keep where it began
			if !ok {
				p = &Panic{v, debug.Stack()}
			}
			l.failure.CompareAndSwap(nil, p)
			l.next.Store(int64(l.n)) // nobody starts another range
		}
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
