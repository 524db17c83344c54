package optim

import (
	"errors"
	"fmt"
	"math"
)

// Schedule gives what to multiply learning rates by in a step, counted from 0, of
// a run of so many steps. It depends on nothing else: a run can go on from any
// step, and a schedule can be part of another (see Sequence and Product).
type Schedule func(step, steps int) float64

// Constant keeps the learning rate.
func Constant(step, steps int) float64 { return 1 }

// Linear lets the learning rate fall to 0 along a straight line.
func Linear(step, steps int) float64 { return 1 - share(step, steps) }

// share returns how much of a run is done.
func share(step, steps int) float64 { return float64(step) / float64(max(1, steps)) }

// Span is a part of a run: below 1 a share of its steps, such as 0.05, and from 1
// on a number of steps, such as 500. 0 is nothing, or as a field's comment says.
type Span float64

// in returns the steps of the span in a run of so many, rounded to the nearest.
func (s Span) in(steps int) int {
	if s < 1 {
		return int(math.RoundToEven(float64(s) * float64(steps)))
	}
	return int(s)
}

func (s Span) check(name string) error {
	if err := notNegative(name, float64(s)); err != nil {
		return err
	}
	if s > 1 && s != Span(math.Trunc(float64(s))) || s > math.MaxInt32 {
		return fmt.Errorf("%s is %v: want a share of the run below 1, or a whole number of steps", name, float64(s))
	}
	return nil
}

// Phase is a schedule over a part of a run.
type Phase struct {
	Length   Span // 0: an equal part of what the other phases leave
	Schedule Schedule
}

// Sequence runs schedules one after the other. Each counts its own steps: it
// goes from its first step to its last within its phase. After the last phase the
// last schedule goes on.
func Sequence(phases ...Phase) (Schedule, error) {
	if len(phases) == 0 {
		return nil, errors.New("no phases: want at least one")
	}
	for i, p := range phases {
		if err := p.Length.check(fmt.Sprintf("length of phase %d", i)); err != nil {
			return nil, err
		}
		if p.Schedule == nil {
			return nil, fmt.Errorf("phase %d has no schedule", i)
		}
	}
	return func(step, steps int) float64 {
		lengths := lengthsOf(phases, steps)
		last := len(phases) - 1
		for i, p := range phases[:last] {
			if step < lengths[i] {
				return p.Schedule(step, lengths[i])
			}
			step -= lengths[i]
		}
		return phases[last].Schedule(step, lengths[last])
	}, nil
}

// lengthsOf returns the steps of each phase of a run.
func lengthsOf(phases []Phase, steps int) []int {
	lengths := make([]int, len(phases))
	left, open := steps, 0
	for i, p := range phases {
		lengths[i] = p.Length.in(steps)
		left -= lengths[i]
		if p.Length == 0 {
			open++
		}
	}
	for i, p := range phases {
		if p.Length == 0 {
			lengths[i] = max(0, left) / open
			left -= lengths[i]
			open--
		}
	}
	return lengths
}

// Product multiplies what schedules give.
func Product(schedules ...Schedule) Schedule {
	return func(step, steps int) float64 {
		product := 1.0
		for _, s := range schedules {
			product *= s(step, steps)
		}
		return product
	}
}
