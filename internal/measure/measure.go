// Package measure times pieces of work with their data in memory: what
// `odyssey bench` and the comparison in bench have in common.
package measure

import (
	"runtime"
	"time"
)

// Work is something to time.
type Work struct {
	Step  func()
	Flops float64 // floating-point operations of a step, 0 where nobody counts them
}

// warmUp is the share of a measurement that runs before the clock does.
const warmUp = 0.2

// groups is about how often a measurement reads the clock: seldom enough that
// short steps do not notice.
const groups = 50

// Time warms up, then runs steps for about a time and returns how long one of
// them takes on average. A single step that takes longer than that is all there
// is.
func Time(w Work, about time.Duration) time.Duration {
	runtime.GC() // what earlier work left behind is not this work's to collect
	if _, took := repeat(w.Step, 1, 0); took > 2*about {
		return took
	}
	steps, took := repeat(w.Step, 1, time.Duration(warmUp*float64(about)))
	group := int(float64(steps) * float64(about) / float64(max(took, 1)) / groups)
	steps, took = repeat(w.Step, max(1, group), about)
	return max(1, took/time.Duration(steps))
}

// repeat runs groups of steps until a time is over, and at least one.
func repeat(step func(), group int, until time.Duration) (steps int, took time.Duration) {
	for start := time.Now(); steps == 0 || took < until; took = time.Since(start) {
		for range group {
			step()
		}
		steps += group
	}
	return steps, took
}
