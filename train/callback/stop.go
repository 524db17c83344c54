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
// then evaluated as it is, and counts as done: the reason of the end says after how many of its batches, and a run that is
// taken up again begins the next. The time is that of train.Loop.Trained: without evaluations, and
// with what was before the run was taken up again.
type TimeBudget struct {
	train.Quiet
	Limit time.Duration
}

// Start stops a run whose time was over when it was interrupted.
func (b *TimeBudget) Start(l *train.Loop) error { return b.Step(l) }

// Step stops the run if its time is over.
func (b *TimeBudget) Step(l *train.Loop) error {
	if l.Trained() >= b.Limit {
		l.Stop(fmt.Sprintf("the time budget of %v is spent%s", b.Limit, within(l.Progress)))
	}
	return nil
}

// within tells at which place within an epoch a run ends, "" where that is over.
func within(p train.Progress) string {
	if p.Step == 0 || p.Step == p.Steps {
		return ""
	}
	return fmt.Sprintf(" after %d of %d batches of epoch %d", p.Step, p.Steps, p.Epoch)
}

// every reports whether something is to be done after a step: after each n-th, or with n = 0 after every one.
func every(n int, l *train.Loop) bool { return l.Number()%cmp.Or(n, 1) == 0 }
