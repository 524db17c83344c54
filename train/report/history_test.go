package report

import (
	"math"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// A clock that ticks when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) tick(d time.Duration) time.Time {
	c.at = c.at.Add(d)
	return c.at
}

// walk takes the steps of an epoch, of 10 images each, whose loss is the number of the step.
func walk(h *history, c *clock, epoch, steps int, each time.Duration) (told []stretch) {
	h.epoch(c.now())
	sum := 0.0
	for i := 1; i <= steps; i++ {
		sum += 10 * float64(i)
		p := train.Progress{Epoch: epoch, Step: i, Steps: steps, Images: 10 * i, Loss: sum / float64(10*i), Accuracy: 0.5}
		if s, due := h.step(p, 0.1, c.tick(each)); due {
			told = append(told, s)
		}
	}
	return told
}

// What is told is the mean over the steps since it was told last, however many these are, and no more often than it may.
func TestHistoryTellsMeansOfTheLatestSteps(t *testing.T) {
	c, h := &clock{time.Unix(0, 0)}, &history{}
	told := walk(h, c, 1, 100, 50*time.Millisecond)
	if len(told) != 20 {
		t.Fatalf("told %d times in 5 s, want 20", len(told))
	}
	for i, s := range told[1:] {
		// Steps 2 to 6, 7 to 11 and so on: the first step is told of at once.
		want := 4 + 5*float64(i)
		p := s.point()
		if math.Abs(float64(p.Loss)-want) > 1e-9 || math.Abs(float64(p.Accuracy)-50) > 1e-9 || math.Abs(float64(p.Images)-200) > 1e-6 {
			t.Errorf("point %d: %+v, want loss %v, 50 %% and 200 images/s", i, p, want)
		}
	}
	c.tick(time.Hour) // an evaluation takes no time of the steps, and steps are told of once
	more := walk(h, c, 2, 5, 50*time.Millisecond)
	if len(more) != 1 || more[0].at != 1.2 || math.Abs(more[0].seconds-0.25) > 1e-9 || more[0].images != 50 {
		t.Errorf("after an evaluation: %+v", more)
	}
}

// A run that goes on within an epoch knows nothing of the steps before.
func TestHistoryOfARunThatGoesOn(t *testing.T) {
	c, h := &clock{time.Unix(0, 0)}, &history{}
	h.resume(c.now())
	if _, due := h.step(train.Progress{Epoch: 2, Step: 51, Steps: 100, Images: 5100, Loss: 9}, 0.1, c.tick(time.Second)); due {
		t.Error("the first step is told of, with all images of the epoch")
	}
	s, due := h.step(train.Progress{Epoch: 2, Step: 52, Steps: 100, Images: 5200, Loss: (9*5100 + 100) / 5200.}, 0.1, c.tick(time.Second))
	if !due || s.images != 100 || math.Abs(s.loss-100) > 1e-6 || s.at != 1.52 {
		t.Errorf("the second step: %+v, %v", s, due)
	}
	// A step that was left out adds no image.
	if _, due := h.step(train.Progress{Epoch: 2, Step: 53, Steps: 100, Images: 5200, Loss: s.loss}, 0.1, c.tick(time.Second)); due {
		t.Error("a step without images is told of")
	}
}

// However long a run, the history stays short, begins at the beginning, and keeps the mean.
func TestHistoryStaysShort(t *testing.T) {
	c, h := &clock{time.Unix(0, 0)}, &history{}
	for epoch := 1; epoch <= 7; epoch++ {
		h.epoch(c.now())
		for i := 1; i <= 1000; i++ {
			h.step(train.Progress{Epoch: epoch, Step: i, Steps: 1000, Images: i, Loss: 2, Accuracy: 1}, 0.1, c.tick(interval))
			h.thin()
			if len(h.stretches) > mostHistory {
				t.Fatalf("%d points", len(h.stretches))
			}
		}
	}
	images, before := 0, 0.0
	for _, s := range h.stretches {
		images += s.images
		if s.at <= before || math.Abs(s.loss/float64(s.images)-2) > 1e-9 {
			t.Fatalf("%+v after %v", s, before)
		}
		before = s.at
	}
	if images != 7000 || before != 7 {
		t.Errorf("%d images to epoch %v, want all", images, before)
	}
}
