package train

// Callback is told of a run as it goes. The hooks of all callbacks are called one after
// the other, in the order of Config.Callbacks, by the goroutine that trains. An error ends the
// run; Loop.Stop ends it in good order. Embed Quiet to write only the hooks that matter.
type Callback interface {
	// Start is called before the first step, also that of a run that goes on.
	Start(l *Loop) error
	// Epoch is called before the first step of each epoch.
	Epoch(l *Loop) error
	// Step is called after each step, also one that was left out: see Loop.Overflow.
	Step(l *Loop) error
	// Evaluation is called when the last of Loop.Epochs is new. The model is as it is to be used:
	// with averaged weights, if there are any.
	Evaluation(l *Loop) error
	// Checkpoint is called when it is time to keep Loop.State: after each Evaluation, as
	// often within epochs as Config says, and when the context is done.
	Checkpoint(l *Loop) error
	// End is called once when the run is over. err is why it ended early, or nil. The model is as it is to
	// be used.
	End(l *Loop, err error) error
}

// Quiet is a Callback that does nothing.
type Quiet struct{}

func (Quiet) Start(*Loop) error      { return nil } // Start does nothing.
func (Quiet) Epoch(*Loop) error      { return nil } // Epoch does nothing.
func (Quiet) Step(*Loop) error       { return nil } // Step does nothing.
func (Quiet) Evaluation(*Loop) error { return nil } // Evaluation does nothing.
func (Quiet) Checkpoint(*Loop) error { return nil } // Checkpoint does nothing.
func (Quiet) End(*Loop, error) error { return nil } // End does nothing.

// OnEpoch returns the callback whose Evaluation calls f with the outcome of the epoch.
func OnEpoch(f func(Epoch) error) Callback { return onEpoch{f: f} }

type onEpoch struct {
	Quiet
	f func(Epoch) error
}

func (c onEpoch) Evaluation(l *Loop) error { return c.f(l.Epochs[len(l.Epochs)-1]) }

// OnStep returns the callback whose Step calls f.
func OnStep(f func(*Loop) error) Callback { return onStep{f: f} }

type onStep struct {
	Quiet
	f func(*Loop) error
}

func (c onStep) Step(l *Loop) error { return c.f(l) }

// call calls a hook of all callbacks, up to the first error.
func (l *Loop) call(hook func(Callback, *Loop) error) error {
	for _, c := range l.Config.Callbacks {
		if err := hook(c, l); err != nil {
			return err
		}
	}
	return nil
}
