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
//
// The ranges are dealt out in equal shares, one a goroutine, the same in each run,
// so that a goroutine finds in its cache what it wrote there the last time. Who
// has done its share helps with those of others.
type Loop struct {
	n, grain int
	body     func(lo, hi int)
	shares   []share
	in       atomic.Int64 // how many of the shares this run has
	active   atomic.Int64 // goroutines that may be at work on a range
	failure  atomic.Pointer[Panic]
}

// share is some of a loop's ranges, by their numbers: in the high half the next
// that nobody has taken, in the low half the end.
type share struct {
	atomic.Uint64
	_ [56]byte // a cache line each
}

// take returns the next range of a share, or false.
func (s *share) take() (number int, ok bool) {
	for {
		v := s.Load()
		next, end := v>>32, v&(1<<32-1)
		if next >= end {
			return 0, false
		}
		if s.CompareAndSwap(v, v+1<<32) {
			return int(next), true
		}
	}
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
	grain = max(1, grain, n/maxRanges)
	l := &Loop{n: n, grain: grain, body: body}
	l.shares = make([]share, max(1, min(l.ranges(), runtime.NumCPU())))
	return l
}

// maxRanges is how many ranges a loop has at most, so that they can be counted in
// half a word.
const maxRanges = 1 << 30

// ranges returns how many ranges the loop has.
func (l *Loop) ranges() int { return (l.n + l.grain - 1) / l.grain }

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
	ranges := l.ranges()
	goroutines := min(Processors(), ranges)
	if goroutines <= 1 {
		for i := range ranges {
			l.run(i)
		}
		return
	}
	// A worker that still looks at the loop's last run may join from here on.
	l.failure.Store(nil)
	l.in.Store(int64(goroutines))
	for i := range goroutines {
		from, to := i*ranges/goroutines, (i+1)*ranges/goroutines
		l.shares[i].Store(uint64(from)<<32 | uint64(to))
	}
	if offer.CompareAndSwap(nil, l) {
		callWorkers(goroutines - 1)
	} // else the workers have another loop, and the caller does it alone
	l.work(0)
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

// run runs one range.
func (l *Loop) run(number int) {
	lo := number * l.grain
	l.body(lo, min(lo+l.grain, l.n))
}

// work takes ranges until none is left, first those of one share. Whoever comes
// late finds none.
func (l *Loop) work(first int) {
	l.active.Add(1)
	defer func() {
		if v := recover(); v != nil {
			p, ok := v.(*Panic) // of a nested loop: keep where it began
			if !ok {
				p = &Panic{v, debug.Stack()}
			}
			l.failure.CompareAndSwap(nil, p)
			for i := range l.shares { // nobody starts another range
				l.shares[i].Store(0)
			}
		}
		l.active.Add(-1)
	}()
	in := int(l.in.Load())
	for i := range in {
		own := &l.shares[(first+i)%in]
		for number, ok := own.take(); ok; number, ok = own.take() {
			l.run(number)
		}
	}
}

// open reports whether a range is left to take.
func (l *Loop) open() bool {
	for i := range l.in.Load() {
		if v := l.shares[i].Load(); v>>32 < v&(1<<32-1) {
			return true
		}
	}
	return false
}
