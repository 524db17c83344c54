package parallel

import (
	"runtime"
	"sync/atomic"
)

// Loops follow each other within microseconds, and waking a goroutine that
// sleeps takes longer than many a loop. So workers look out for the next loop
// for a while before they sleep.

const (
	looks      = 1000 // times, about a microsecond, that a goroutine looks for others before it lets them run
	lookouts   = 500  // times that a worker looks out for a loop after that, before it sleeps
	maxWorkers = 1024 // more than any machine has processors
)

var (
	offer   atomic.Pointer[Loop]              // the loop that workers may join
	started atomic.Int64                      // workers
	asleep  atomic.Int64                      // workers that sleep, or are about to
	wake    = make(chan struct{}, maxWorkers) // a token wakes a worker; one too many does no harm
)

// callWorkers sees to it that enough workers look at the offer.
func callWorkers(n int) {
	for have := started.Load(); have < int64(n) && have < maxWorkers; have = started.Load() {
		if started.CompareAndSwap(have, have+1) {
			go worker(int(have) + 1) // the caller of a loop is number 0
		}
	}
	for range min(int64(n), asleep.Load()) {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

func worker(number int) {
	for {
		lookOut().work(number)
	}
}

// lookOut returns the next loop to join.
func lookOut() *Loop {
	for {
		for look := range looks + lookouts {
			if l := offer.Load(); l != nil && l.open() {
				return l
			}
			if look >= looks {
				runtime.Gosched() // lets the loader and others run meanwhile
			}
		}
		asleep.Add(1)
		if offer.Load() == nil { // else the loop came before it could see us asleep
			<-wake
		}
		asleep.Add(-1)
	}
}
