package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/mlodyssey/odyssey/train"
)

// progress is a callback that shows how a run goes: a line for each epoch, and below them a bar on
// a terminal, or else a line now and then.
type progress struct {
	train.Quiet
	lines  io.Writer // where the lines of epochs go
	out    *output
	epochs int
	bars   *mpb.Progress // nil without a terminal
	bar    *mpb.Bar

	now    atomic.Pointer[string] // the bar's text
	images int                    // of the epoch, at the time start
	start  time.Time
	spoke  time.Time // when the last line was printed
}

// silence is how long a plain output stays silent at most.
const silence = 10 * time.Second

func newProgress(out *output) *progress {
	return &progress{lines: out, out: out, spoke: time.Now()}
}

// Start tells where a run goes on, and draws the bar.
func (p *progress) Start(l *train.Loop) error {
	p.epochs = l.Config.Epochs
	if l.Number() > 0 && l.Number() < l.Last() {
		p.line("going on with epoch %s", place(l, p.epochs))
	}
	if !p.out.isTerminal() {
		return nil
	}
	empty := ""
	p.now.Store(&empty)
	p.bars = mpb.New(mpb.WithOutput(p.out.Writer)) // which it asks for the terminal's width
	p.bar = p.bars.AddBar(int64(l.Last()), mpb.BarRemoveOnComplete(), mpb.BarWidth(32),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string { return *p.now.Load() + "  " }),
			decor.AverageETA(decor.ET_STYLE_MMSS),
			decor.Name(" left")))
	p.bar.SetRefill(int64(l.Number()))
	p.bar.IncrBy(l.Number())
	p.lines = p.bars
	return nil
}

// Epoch starts the clock.
func (p *progress) Epoch(*train.Loop) error {
	p.start = time.Time{}
	return nil
}

// Step takes note of a training step.
func (p *progress) Step(l *train.Loop) error {
	if l.Overflow != nil {
		p.skip(*l.Overflow)
	}
	s := l.Progress
	if p.start.IsZero() {
		p.start, p.images = time.Now(), s.Images
	}
	if p.bar == nil && time.Since(p.spoke) < silence {
		return nil
	}
	text := status(s, p.epochs, p.rate(s.Images))
	if p.bar == nil {
		p.line("%s  %d %% done", text, 100*s.Step/s.Steps)
		return nil
	}
	p.now.Store(&text)
	p.bar.Increment()
	return nil
}

// place tells where a run goes on, and what it leaves out.
func place(l *train.Loop, epochs int) string {
	at := l.Progress
	text := fmt.Sprintf("%d/%d", at.Epoch, epochs)
	if at.Step > 0 {
		return fmt.Sprintf("%s, after %d of %d batches", text, at.Step, at.Steps)
	}
	if last := l.Epochs[len(l.Epochs)-1]; last.Steps < at.Steps {
		text += fmt.Sprintf("; %v, and its rest is left out", train.Cut{Epoch: last.Epoch, Steps: last.Steps, Batches: at.Steps})
	}
	return text
}

func status(s train.Progress, epochs int, rate float64) string {
	return fmt.Sprintf("epoch %d/%d  loss %.4f  accuracy %.2f %%  %.0f images/s", s.Epoch, epochs, s.Loss, 100*s.Accuracy, rate)
}

// rate returns the images a second since the epoch's first step.
func (p *progress) rate(images int) float64 {
	seconds := time.Since(p.start).Seconds()
	if images == p.images || seconds == 0 {
		return 0
	}
	return float64(images-p.images) / seconds
}

// skip tells of a step that was left out, and of the layer that it began in.
func (p *progress) skip(o train.Overflow) {
	if o.Forward {
		p.line("epoch %d/%d  step %d left out: the loss is not finite", o.Epoch, p.epochs, o.Step)
		return
	}
	p.line("epoch %d/%d  step %d left out: with the loss times %v the gradient of %s overflows", o.Epoch, p.epochs, o.Step, o.Scale,
		o.Parameters[len(o.Parameters)-1])
}

// Evaluation prints the line of an epoch.
func (p *progress) Evaluation(l *train.Loop) error {
	e := l.Epochs[len(l.Epochs)-1]
	part := ""
	if whole := l.Progress.Steps; e.Steps < whole {
		part = fmt.Sprintf("  %d of %d batches", e.Steps, whole)
	}
	p.line("epoch %d/%d%s  loss %.4f  accuracy %.2f %%  test loss %.4f  test accuracy %.2f %%  %.0f images/s  %.1f s",
		e.Epoch, p.epochs, part, e.TrainLoss, 100*e.TrainAccuracy, e.TestLoss, 100*e.TestAccuracy, e.ImagesPerSecond, e.Seconds)
	return nil
}

func (p *progress) line(format string, args ...any) {
	fmt.Fprintf(p.lines, format+"\n", args...)
	p.spoke = time.Now()
}

// End takes the bar away.
func (p *progress) End(*train.Loop, error) error {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
	return nil
}
