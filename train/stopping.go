package train

import "fmt"

// EarlyStopping stops a run that no longer gets better.
type EarlyStopping struct {
	Quiet

	Patience int     // after so many epochs in a row that were no better than the best before them; at least 1
	Least    float64 // by which an epoch must be larger to be better
	// Of is what is to become larger; nil: the test accuracy or, without a test set, minus the loss. Of equal accuracies
	// that of the smaller loss is better then, as Epoch.Better says, unless Least says by how much.
	Of func(e Epoch) float64
}

// Start stops a run that was over when it was interrupted.
func (s *EarlyStopping) Start(l *Loop) error { return s.Evaluation(l) }

// Evaluation stops the run if it is time.
func (s *EarlyStopping) Evaluation(l *Loop) error {
	if why := s.over(l.Epochs, l.Config.Test != nil); why != "" {
		l.Stop(why)
	}
	return nil
}

// over returns why a run of these epochs is over, or "".
func (s *EarlyStopping) over(epochs []Epoch, tested bool) string {
	best := 0
	for i, e := range epochs {
		if s.better(e, epochs[best], tested) {
			best = i
		}
	}
	worse := len(epochs) - 1 - best // -1 before the first
	if worse < max(1, s.Patience) {
		return ""
	}
	return fmt.Sprintf("no better for %d epochs than after epoch %d", worse, best+1)
}

func (s *EarlyStopping) better(e, than Epoch, tested bool) bool {
	of := s.Of
	if of == nil && s.Least == 0 {
		return e.Better(than, tested)
	}
	if of == nil {
		of = usual(tested)
	}
	return of(e) > of(than)+s.Least
}

func usual(tested bool) func(Epoch) float64 {
	if tested {
		return func(e Epoch) float64 { return e.TestAccuracy }
	}
	return func(e Epoch) float64 { return -e.TrainLoss }
}
