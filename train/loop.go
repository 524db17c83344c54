// Package train has the loop: it takes batches from a loader through a model, a
// loss and an optimiser, evaluates after each epoch, and keeps the record of a
// run in a directory.
package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// Progress is where a run stands within an epoch. Loss and accuracy are those of
// the epoch's examples so far, each at the time it was learnt from.
type Progress struct {
	Epoch, Step, Steps int // counted from 1
	Images             int
	Loss, Accuracy     float64
}

// Overflow is a step that was left out, since gradients of a scaled loss were not finite. It
// began in the last of the parameters, as gradients go from the last layer to the first; or, if
// the loss is not finite itself, in the forward pass, and then the scale stays.
type Overflow struct {
	Epoch, Step int      // counted from 1
	Scale       float32  // of the loss; the next step has half of it
	Forward     bool     // the loss is not finite
	Parameters  []string // whose gradients were not finite, in the order of the model
}

// Epoch is the outcome of an epoch.
type Epoch struct {
	Epoch           int     `json:"epoch"`
	Steps           int     `json:"steps"`
	TrainLoss       float64 `json:"train_loss"`
	TrainAccuracy   float64 `json:"train_accuracy"`
	TestLoss        float64 `json:"test_loss"`
	TestAccuracy    float64 `json:"test_accuracy"`
	LearningRate    float64 `json:"learning_rate"` // of the last step
	Seconds         float64 `json:"seconds"`       // of training, without evaluation
	ImagesPerSecond float64 `json:"images_per_second"`
	LossScale       float64 `json:"loss_scale,omitempty"` // after the last step, where the loss is scaled
	Skipped         int     `json:"skipped,omitempty"`    // steps that were left out since gradients overflowed
}

// ErrNotFinite is in the error of a run that ended since its training loss was NaN or infinite.
var ErrNotFinite = errors.New("the loss is no longer finite")

// Loop is a run, as callbacks see it while it goes.
type Loop struct {
	Config   Config
	Progress Progress    // in the present epoch
	Epochs   []Epoch     // those that are finished, before the run was taken up again too
	Batch    *data.Batch // of the last step; holds until the next
	Overflow *Overflow   // why the last step was left out; nil: it was not

	loader  *data.Loader
	learner *learner
	rates   *optim.Scheduler
	sum     tally
	skipped int           // steps of the epoch that were left out
	begun   time.Time     // when the epoch, or what is left of it, began
	before  time.Duration // what training of the epoch took before that
	saved   time.Time     // when the checkpoint hook was last called
	last    int           // the number of the last step of the run
	watched *State        // at the beginning of the epoch, of a run that is watched
	stopped string        // why the run is to end
}

// Run trains the model and returns the outcome of each finished epoch, together
// with the error that ended the run early, if one did: a wrong configuration,
// unreadable data, a loss that is no longer finite, a callback's, or the context's. Where
// the weights to evaluate with differ from those that are trained, a run ends with the former.
func Run(ctx context.Context, c Config) (epochs []Epoch, err error) {
	l, err := newLoop(c)
	if err != nil {
		return nil, err
	}
	defer l.rates.Reset()
	defer func() {
		// A panic that goes on is an end too.
		if v := recover(); v != nil {
			l.end(fmt.Errorf("panic: %v", v))
			panic(v)
		}
		err = l.end(err)
		epochs = l.Epochs
	}()
	return nil, l.run(ctx)
}

func newLoop(c Config) (l *Loop, err error) {
	defer recoverMistake(&err)
	loader, err := c.checked()
	if err != nil {
		return nil, err
	}
	if c.Steps > 0 {
		c.Epochs = (c.Steps + loader.Len() - 1) / loader.Len()
	}
	l = &Loop{Config: c, loader: loader, learner: newLearner(c), saved: time.Now()}
	l.last = cmp.Or(c.Steps, c.Epochs*loader.Len())
	l.rates = optim.NewScheduler(c.Optimizer, c.Plan, l.last)
	l.begin(1)
	if c.From != nil {
		err = l.restore(c.From)
	}
	return l, err
}

// end tells the callbacks, all of them, and returns the first error.
func (l *Loop) end(err error) error {
	l.Config.setTraining(false)
	first := err
	for _, c := range l.Config.Callbacks {
		first = cmp.Or(first, c.End(l, err))
	}
	return first
}

// Stop lets the run end after the present step, or epoch, with an evaluation. The reason is for people.
func (l *Loop) Stop(reason string) { l.stopped = cmp.Or(l.stopped, reason) }

// Stopped returns the reason of Stop, "" as long as it was not called.
func (l *Loop) Stopped() string { return l.stopped }

// EndReason says why a run has ended, given the error of Callback.End: EndFinished, EndInterrupted, the reason of
// Stop, or the error. The record and all that tells of an end have it from here, so that they say the same.
func (l *Loop) EndReason(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return EndInterrupted
	case err != nil:
		return err.Error()
	}
	return cmp.Or(l.stopped, EndFinished)
}

// LearningRate returns that of the last step.
func (l *Loop) LearningRate() float64 { return optim.LearningRate(l.Config.Optimizer) }

// Number returns how many steps the run has taken, where epochs that were cut short count as whole.
func (l *Loop) Number() int { return (l.Progress.Epoch-1)*l.loader.Len() + l.Progress.Step }

// Last returns how many steps the run will have taken when it ends.
func (l *Loop) Last() int { return l.last }

// Costs returns where the time of the steps went, the longest first, if Config.Profile is set.
func (l *Loop) Costs() []program.Cost { return l.learner.costs() }

// Gradients returns those of the last step by parameter, before they were clipped, if Config.Gradients is set. They hold
// until the next step.
func (l *Loop) Gradients() []checkpoint.Named { return l.learner.gradients() }

// begin makes the loop that of an epoch.
func (l *Loop) begin(epoch int) {
	l.Progress = Progress{Epoch: epoch, Steps: l.loader.Len()}
	l.sum, l.skipped, l.before, l.begun = tally{}, 0, 0, time.Time{}
}

func (l *Loop) run(ctx context.Context) (err error) {
	defer recoverMistake(&err)
	if err := l.call(Callback.Start); err != nil {
		return err
	}
	for l.isUnevaluated() || l.stopped == "" && l.Number() < l.last {
		l.Config.setTraining(true)
		if l.Progress.Step == 0 {
			if err := l.call(Callback.Epoch); err != nil {
				return err
			}
		}
		if err := l.runSteps(ctx); err != nil {
			return l.interrupted(ctx, err)
		}
		if err := l.endEpoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// isUnevaluated reports whether a run was taken up again where it had taken all steps of an epoch.
func (l *Loop) isUnevaluated() bool { return l.Progress.Step > 0 && l.isEpochOver() }

// isEpochOver reports whether an epoch takes no more steps: it is evaluated next.
func (l *Loop) isEpochOver() bool {
	p := l.Progress
	return p.Step == p.Steps || l.Number() == l.last || l.Config.ends(p.Epoch, p.Step)
}

// interrupted gives callbacks the chance to keep the steps so far, where it is the context that ended them.
func (l *Loop) interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) && l.Number() > 0 {
		return cmp.Or(l.call(Callback.Checkpoint), err)
	}
	return err
}

// runSteps takes the steps that are left of an epoch.
func (l *Loop) runSteps(ctx context.Context) error {
	l.begun = time.Now()
	if l.Config.Watch {
		l.watched = l.State()
	}
	for batch, err := range l.batches(ctx) {
		if err != nil {
			return err
		}
		switch err := l.step(batch); {
		case err == ErrNotFinite:
			return l.notFinite(ctx)
		case err != nil:
			return err
		}
		if err := l.call(Callback.Step); err != nil {
			return err
		}
		if l.stopped != "" || l.isEpochOver() {
			break
		}
		if l.isCheckpointDue() {
			if err := l.call(Callback.Checkpoint); err != nil {
				return err
			}
			l.saved = time.Now()
		}
	}
	if l.sum.count == 0 {
		return fmt.Errorf("in no step of epoch %d was the loss finite: the scores overflow in precision %v", l.Progress.Epoch, l.Config.Precision)
	}
	return nil
}

// batches returns those that are left of an epoch: none if it was over when the run was taken up again.
func (l *Loop) batches(ctx context.Context) iter.Seq2[*data.Batch, error] {
	if l.isEpochOver() {
		return func(func(*data.Batch, error) bool) {}
	}
	return l.loader.BatchesFrom(ctx, l.Progress.Epoch, l.Progress.Step)
}

// isCheckpointDue reports whether one is due after a step that does not end the epoch.
func (l *Loop) isCheckpointDue() bool {
	c := l.Config
	return c.CheckpointSteps > 0 && l.Progress.Step%c.CheckpointSteps == 0 ||
		c.CheckpointEvery > 0 && time.Since(l.saved) >= c.CheckpointEvery
}

// step learns from a batch.
func (l *Loop) step(batch *data.Batch) error {
	l.rates.Set(l.Number())
	p := &l.Progress
	p.Step++
	l.Batch = batch
	o, overflow, err := l.learner.run(inputs(batch)...)
	if err != nil {
		return fmt.Errorf("step %d of epoch %d: %w", p.Step, p.Epoch, err)
	}
	l.Overflow = overflow
	if overflow != nil {
		l.skipped++
		overflow.Epoch, overflow.Step = p.Epoch, p.Step
	}
	with := l.sum
	with.add(o, batch.Labels)
	switch {
	case isFinite(with.loss):
		l.sum = with
	case overflow == nil:
		return ErrNotFinite
	}
	l.countUp()
	return nil
}

// countUp lets Progress have what the steps of the epoch add up to.
func (l *Loop) countUp() {
	r := l.sum.result()
	l.Progress.Images, l.Progress.Loss, l.Progress.Accuracy = r.Count, r.Loss, r.Accuracy
}

// trained returns how long the epoch has been trained.
func (l *Loop) trained() time.Duration {
	if l.begun.IsZero() {
		return l.before
	}
	return l.before + time.Since(l.begun)
}

// Trained returns how long the run has been trained, without evaluations, before it was taken up again too.
func (l *Loop) Trained() time.Duration {
	sum := l.trained()
	for _, e := range l.Epochs {
		sum += time.Duration(e.Seconds * float64(time.Second))
	}
	return sum
}

// endEpoch evaluates what an epoch has given, and begins the next.
func (l *Loop) endEpoch(ctx context.Context) error {
	c, r := l.Config, l.sum.result()
	l.before, l.begun = l.trained(), time.Time{} // the evaluation is no training
	seconds := l.before.Seconds()
	e := Epoch{
		Epoch: l.Progress.Epoch, Steps: l.Progress.Step, TrainLoss: r.Loss, TrainAccuracy: r.Accuracy,
		LearningRate: l.LearningRate(), LossScale: float64(l.learner.lossScale()), Skipped: l.skipped,
		Seconds: seconds, ImagesPerSecond: float64(r.Count) / seconds,
	}
	if c.averagesEpoch(e.Epoch) {
		c.Average.Update()
	}
	c.setTraining(false)
	if err := c.evaluate(ctx, &e); err != nil {
		c.setTraining(true)
		if c.averagesEpoch(e.Epoch) {
			return err // the average would take the epoch in again
		}
		return l.interrupted(ctx, err)
	}
	l.Epochs, l.before = append(l.Epochs, e), 0 // which has its time
	if err := l.call(Callback.Evaluation); err != nil {
		return err
	}
	c.setTraining(true)
	l.begin(e.Epoch + 1)
	l.saved = time.Now()
	return l.call(Callback.Checkpoint)
}

// atNext does something as at the beginning of the next epoch, after one that was evaluated.
func (l *Loop) atNext(do func() error) error {
	at := l.Progress
	l.begin(at.Epoch + 1)
	l.Config.setTraining(true)
	err := do()
	l.Config.setTraining(false)
	l.Progress = at
	return err
}

// evaluate adds the result on the test set to an epoch, and tells the plateau.
func (c Config) evaluate(ctx context.Context, e *Epoch) error {
	loss, accuracy := e.TrainLoss, e.TrainAccuracy
	if c.Test != nil {
		r, err := Evaluate(ctx, c.Model, c.Precision, c.Test, c.Mean, c.Std, c.Metrics...)
		if err != nil {
			return err
		}
		if !isFinite(r.Loss) {
			return fmt.Errorf("the test loss after epoch %d is not finite: a smaller learning rate may help", e.Epoch)
		}
		e.TestLoss, e.TestAccuracy = r.Loss, r.Accuracy
		loss, accuracy = r.Loss, r.Accuracy
	}
	switch p := c.Plan.Plateau; {
	case p == nil:
	case p.Larger():
		p.Observe(accuracy)
	default:
		p.Observe(loss)
	}
	return nil
}

// inputs returns what a step takes of a batch.
func inputs(b *data.Batch) []*tensor.Tensor {
	if b.Others == nil {
		return []*tensor.Tensor{b.Images, b.Labels}
	}
	return []*tensor.Tensor{b.Images, b.Labels, b.Others, b.Weights}
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// recoverMistake turns the panic of a mistake in the program, such as shapes
// that do not fit, into an error. Others go on.
func recoverMistake(err *error) {
	switch v := recover().(type) {
	case nil:
	case *tensor.Error:
		*err = v
	case *parallel.Panic:
		var mistake *tensor.Error
		if cause, ok := v.Value.(error); ok && errors.As(cause, &mistake) {
			*err = mistake
			return
		}
		panic(v)
	default:
		panic(v)
	}
}
