// Package callback has callbacks for runs: they stop early, write logs, and show what a network
// makes of examples. Each is a struct whose fields are its settings; train.Config.Callbacks takes a pointer.
//
// What they need of the past they take from train.Loop.Epochs, so a run that was interrupted and goes on
// ends as one that was not.
package callback

import (
	"cmp"
	"fmt"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// TimeBudget stops a run that has trained for some time, in the middle of an epoch too: that epoch is
// then evaluated as it is, and counts as done. The time before the run was taken up again counts.
type TimeBudget struct {
	train.Quiet

	Limit time.Duration
	Now   func() time.Time // nil: time.Now

	start time.Time
}

// Start starts the clock.
func (b *TimeBudget) Start(l *train.Loop) error {
	if b.Now == nil {
		b.Now = time.Now
	}
	b.start = b.Now().Add(-l.Trained())
	b.stopIfSpent(l, l.Trained())
	return nil
}

// Step stops the run if its time is over.
func (b *TimeBudget) Step(l *train.Loop) error {
	b.stopIfSpent(l, b.Now().Sub(b.start))
	return nil
}

func (b *TimeBudget) stopIfSpent(l *train.Loop, spent time.Duration) {
	if spent >= b.Limit {
		l.Stop(fmt.Sprintf("the time budget of %v is spent", b.Limit))
	}
}

// every reports whether something is to be done after a step: after each n-th, or with n = 0 after every one.
func every(n int, l *train.Loop) bool { return l.Number()%cmp.Or(n, 1) == 0 }
