package report

import (
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// A history of steps has a point for what was trained in an interval, and never more than so many
// points: then neighbours are joined.
const (
	interval    = 250 * time.Millisecond
	mostHistory = 1000
)

// stretch is some steps in a row.
type stretch struct {
	at            float64 // in epochs, at its end
	images        int
	loss, correct float64 // sums over the images
	seconds       float64
	rate          float64 // the learning rate of the last step
}

// join adds the stretch that follows.
func (s *stretch) join(next stretch) {
	s.at, s.rate = next.at, next.rate
	s.images += next.images
	s.loss += next.loss
	s.correct += next.correct
	s.seconds += next.seconds
}

// history is the steps of a run.
type history struct {
	stretches []stretch
	open      stretch // what has not been told of yet
	before    train.Progress
	known     bool // before is that of the step before in this epoch
	last      time.Time
	told      time.Time
}

// epoch is to be called before the first step of an epoch.
func (h *history) epoch(now time.Time) {
	h.before, h.known, h.last = train.Progress{}, true, now
}

// resume is to be called where a run goes on within an epoch, of which Progress tells after the next step.
func (h *history) resume(now time.Time) {
	h.known, h.last = false, now
}

// step takes note of a step, and returns the stretch that is now to be told of, if any.
func (h *history) step(p train.Progress, rate float64, now time.Time) (s stretch, due bool) {
	if h.known {
		h.open.join(stretch{
			at: float64(p.Epoch-1) + float64(p.Step)/float64(p.Steps), rate: rate,
			images:  p.Images - h.before.Images,
			loss:    p.Loss*float64(p.Images) - h.before.Loss*float64(h.before.Images),
			correct: p.Accuracy*float64(p.Images) - h.before.Accuracy*float64(h.before.Images),
			seconds: now.Sub(h.last).Seconds(),
		})
	}
	h.before, h.known, h.last = p, true, now
	if h.open.images <= 0 || now.Sub(h.told) < interval {
		return stretch{}, false
	}
	s, h.open, h.told = h.open, stretch{}, now
	h.stretches = append(h.stretches, s)
	return s, true
}

// thin joins neighbours where there are too many, and reports whether it did.
func (h *history) thin() bool {
	if len(h.stretches) < mostHistory {
		return false
	}
	half := h.stretches[:0]
	for i := 0; i+1 < mostHistory; i += 2 {
		joined := h.stretches[i]
		joined.join(h.stretches[i+1])
		half = append(half, joined)
	}
	h.stretches = half
	return true
}

// point is a stretch as the page draws it.
type point struct {
	At       number `json:"at"`
	Loss     number `json:"step_loss"`
	Accuracy number `json:"step_accuracy"`
	Rate     number `json:"step_rate"`
	Images   number `json:"step_images"`
}

func (s stretch) point() point {
	n := float64(max(1, s.images))
	return point{number(s.at), number(s.loss / n), number(shownPercent(s.correct / n)), number(s.rate), number(n / max(s.seconds, 1e-9))}
}

// lines returns the curves of stretches.
func lines(all []stretch) map[string]line {
	of := map[string]line{}
	for _, name := range []string{"step_loss", "step_accuracy", "step_rate", "step_images"} {
		of[name] = line{X: []number{}, Y: []number{}}
	}
	add := func(name string, x, y number) {
		l := of[name]
		l.X, l.Y = append(l.X, x), append(l.Y, y)
		of[name] = l
	}
	for _, s := range all {
		p := s.point()
		add("step_loss", p.At, p.Loss)
		add("step_accuracy", p.At, p.Accuracy)
		add("step_rate", p.At, p.Rate)
		add("step_images", p.At, p.Images)
	}
	return of
}
