package train

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/nn"
)

// State is all that a run needs to go on to the bits of one that was never interrupted: where
// it stands, and every variable that steps read and change. It holds for the configuration
// that it was taken from.
type State struct {
	Place   Place
	Epochs  []Epoch            // those that are finished
	Tensors []checkpoint.Named // of the model, the optimiser, averages, the plateau and the precision
}

// Place is where a run stands: before the step that follows Step steps of an epoch.
type Place struct {
	Epoch   int           `json:"epoch"` // from 1
	Step    int           `json:"step"`
	Loss    float64       `json:"loss"` // the sum over the epoch's examples so far, Count of them
	Correct int           `json:"correct"`
	Count   int           `json:"count"`
	Skipped int           `json:"skipped"` // steps that were left out
	Trained time.Duration `json:"trained"` // in nanoseconds
}

// State returns a copy of the present state. It is to be called in the checkpoint hook.
func (l *Loop) State() *State {
	s := &State{
		Place: Place{
			Epoch: l.Progress.Epoch, Step: l.Progress.Step,
			Loss: l.sum.loss, Correct: l.sum.correct, Count: l.sum.count, Skipped: l.skipped,
		},
		Epochs: slices.Clone(l.Epochs),
	}
	if l.Progress.Step > 0 {
		s.Place.Trained = l.trained()
	}
	for _, v := range l.stateful() {
		s.Tensors = append(s.Tensors, checkpoint.Named{Name: v.Name, Tensor: v.Value.Tensor().Clone()})
	}
	s.Tensors = append(s.Tensors, l.learner.state()...)
	return s
}

// stateful returns the variables of a run, but for those of its precision.
func (l *Loop) stateful() (all []nn.Named) {
	c := l.Config
	add := func(prefix string, variables []nn.Named) {
		for _, v := range variables {
			all = append(all, nn.Named{Name: prefix + v.Name, Value: v.Value})
		}
	}
	add("model.", nn.Variables(c.Model))
	add("optimizer.", c.Optimizer.State())
	if c.Average != nil {
		add("average.", c.Average.State())
	}
	if c.Plan.Plateau != nil {
		add("plateau.", c.Plan.Plateau.State())
	}
	return all
}

// restore lets a new loop stand where another one stood.
func (l *Loop) restore(s *State) error {
	file := &checkpoint.File{Tensors: s.Tensors}
	known := map[string]bool{}
	for _, v := range l.stateful() {
		known[v.Name] = true
		t := file.Tensor(v.Name)
		if t == nil || !t.Spec().Equal(v.Value.Spec()) {
			return fmt.Errorf("state of a run: %s is not there as %v, want that of the same configuration", v.Name, v.Value.Spec())
		}
		autograd.Overwrite(v.Value, t)
	}
	var rest []checkpoint.Named
	for _, t := range s.Tensors {
		if !known[t.Name] {
			rest = append(rest, t)
		}
	}
	if err := l.learner.restore(rest); err != nil {
		return fmt.Errorf("state of a run: %w", err)
	}
	p := s.Place
	number := (p.Epoch-1)*l.loader.Len() + p.Step
	if p.Epoch < 1 || p.Epoch > l.Config.Epochs+1 || p.Step > 0 && number > l.last || p.Correct < 0 || p.Correct > p.Count || p.Step < 0 || p.Step > l.loader.Len() || p.Count < 0 || p.Trained < 0 || len(s.Epochs) != p.Epoch-1 {
		return fmt.Errorf("state of a run: it stands at step %d of epoch %d with %d epochs finished, want a place in this run", p.Step, p.Epoch, len(s.Epochs))
	}
	l.begin(p.Epoch)
	l.Epochs = slices.Clone(s.Epochs)
	l.Progress.Step = p.Step
	l.sum, l.skipped, l.before = tally{p.Loss, p.Correct, p.Count}, p.Skipped, p.Trained
	l.countUp()
	return nil
}

// The keys of a state's metadata, whose values are JSON.
const (
	metaPlace  = "place"
	metaEpochs = "epochs"
	metaSum    = "sha256" // of the others and the tensors
)

// SaveState writes a state to a safetensors file, atomically, with what else is to be remembered
// beside it.
func SaveState(path string, s *State, more map[string]string) error {
	metadata := map[string]string{metaPlace: jsonOf(s.Place), metaEpochs: jsonOf(s.Epochs)}
	maps.Copy(metadata, more)
	metadata[metaSum] = jsonOf(sumOf(s.Tensors, metadata))
	return checkpoint.Save(path, s.Tensors, metadata)
}

// sumOf returns the SHA-256 of tensors, in the order of their names, and of strings.
func sumOf(tensors []checkpoint.Named, metadata map[string]string) string {
	h := sha256.New()
	byName := slices.SortedFunc(slices.Values(tensors), func(a, b checkpoint.Named) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range byName {
		fmt.Fprintf(h, "%q %v\n", t.Name, t.Tensor.Spec())
		h.Write(t.Tensor.Bytes())
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		fmt.Fprintf(h, "%q %q\n", key, metadata[key])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// LoadState reads what SaveState wrote.
func LoadState(path string) (s *State, more map[string]string, err error) {
	f, err := checkpoint.Load(path)
	if err != nil {
		return nil, nil, err
	}
	sum := f.Metadata[metaSum]
	delete(f.Metadata, metaSum)
	if got := sumOf(f.Tensors, f.Metadata); jsonOf(got) != sum {
		return nil, nil, fmt.Errorf("%s: its content has the SHA-256 %.12s…, but it says %.12s…: want the state of a run as it was written", path, got, strings.Trim(sum, `"`))
	}
	s = &State{Tensors: f.Tensors}
	err = errors.Join(
		json.Unmarshal([]byte(f.Metadata[metaPlace]), &s.Place),
		json.Unmarshal([]byte(f.Metadata[metaEpochs]), &s.Epochs))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: want the state of a run, with its place and epochs: %w", path, err)
	}
	delete(f.Metadata, metaPlace)
	delete(f.Metadata, metaEpochs)
	return s, f.Metadata, nil
}
