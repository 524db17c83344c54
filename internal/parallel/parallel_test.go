package parallel

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestForCoversEachIndexOnceInFixedRanges(t *testing.T) {
	for _, procs := range []int{1, 2, 5, 16} {
		old := runtime.GOMAXPROCS(procs)
		for _, n := range []int{0, 1, 7, 64, 1000} {
			for _, grain := range []int{0, 1, 3, 64, 5000} {
				seen := make([]int32, n)
				For(n, grain, func(lo, hi int) {
					if lo%max(1, grain) != 0 || hi <= lo {
						t.Errorf("range %d:%d of grain %d", lo, hi, grain)
					}
					for i := lo; i < hi; i++ {
						atomic.AddInt32(&seen[i], 1)
					}
				})
				if slices.ContainsFunc(seen, func(c int32) bool { return c != 1 }) {
					t.Errorf("GOMAXPROCS %d, n %d, grain %d: counts %v", procs, n, grain, seen)
				}
			}
		}
		runtime.GOMAXPROCS(old)
	}
}

func TestForNests(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var sum atomic.Int64
	For(50, 1, func(lo, _ int) {
		For(50, 1, func(inner, _ int) { sum.Add(int64(lo * inner)) })
	})
	if got, want := sum.Load(), int64(1225*1225); got != want {
		t.Errorf("sum %d, want %d", got, want)
	}
}

func TestPanicInAWorkerReachesTheCaller(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	if Processors() < 2 {
		t.Skip("one processor, and no worker")
	}
	cause := errors.New("broken")
	for range 50 {
		func() {
			defer func() {
				p, ok := recover().(*Panic)
				if !ok || p.Value != cause || !strings.Contains(string(p.Stack), "parallel_test") {
					t.Errorf("recovered %v", p)
				}
			}()
			For(100, 1, func(lo, _ int) {
				For(10, 1, func(inner, _ int) {
					if lo == 37 && inner == 5 {
						panic(cause)
					}
				})
			})
			t.Error("For returned")
		}()
	}
	For(10, 1, func(int, int) {}) // the workers are still there
}

// Both ranges must be at work at once to get past each other, whether the
// worker is awake or asleep when the loop begins.
func TestAWorkerJoinsAwakeOrAsleep(t *testing.T) {
	if Processors() < 2 {
		t.Skip("one processor")
	}
	for round := range 200 {
		for round%2 == 0 && asleep.Load() < started.Load() {
			runtime.Gosched()
		}
		meet := make(chan int)
		For(2, 1, func(lo, _ int) {
			select {
			case meet <- lo:
			case <-meet:
			}
		})
	}
}

func TestLoopsOfSeveralGoroutines(t *testing.T) {
	var sum atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 100 {
				For(100, 3, func(lo, hi int) { sum.Add(int64(hi - lo)) })
			}
		})
	}
	callers.Wait()
	if got := sum.Load(); got != 8*100*100 {
		t.Errorf("%d indices, want %d", got, 8*100*100)
	}
}
