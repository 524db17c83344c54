package callback

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/train"
)

// readLog returns what is in the file of a log: nothing, or the log of the run that goes on, of which isLog knows the
// first line.
func readLog(path string, l *train.Loop, isLog func(line string) bool) ([]byte, error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	first, _, _ := strings.Cut(string(old), "\n")
	if len(old) > 0 && (l.Number() == 0 || !isLog(first)) {
		return nil, fmt.Errorf("%s: there is a file already, want a new one, or the log of the run that goes on", path)
	}
	return old, nil
}

// CSV keeps a table of the epochs in a file, written anew after each. A file that is there already must be the
// table of the run that goes on.
type CSV struct {
	train.Quiet
	Path string
}

var csvHeader = []string{"epoch", "steps", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate", "seconds", "images_per_second"}

// Start leaves files alone that are no such table: what is named by mistake may be somebody's data.
func (c *CSV) Start(l *train.Loop) error {
	_, err := readLog(c.Path, l, func(line string) bool { return line == strings.Join(csvHeader, ",") })
	return err
}

// Evaluation writes the file.
func (c *CSV) Evaluation(l *train.Loop) error {
	return checkpoint.WriteFileAtomic(c.Path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		table.Write(csvHeader)
		for _, e := range l.Epochs {
			row := []string{strconv.Itoa(e.Epoch), strconv.Itoa(e.Steps)}
			for _, v := range []float64{e.TrainLoss, e.TrainAccuracy, e.TestLoss, e.TestAccuracy, e.LearningRate, e.Seconds, e.ImagesPerSecond} {
				row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
			}
			table.Write(row)
		}
		table.Flush()
		return table.Error()
	})
}

// JSONLines appends a line to a file after each Every-th step: {"number":…,"epoch":…,"step":…,"loss":…,
// "accuracy":…,"learning_rate":…}, and after each epoch one more with its outcome. Loss and accuracy are means
// over the epoch so far. What was written after the checkpoint that a run goes on from is cut off.
type JSONLines struct {
	train.Quiet
	Path  string
	Every int // 0: each step

	pending bytes.Buffer
}

// step is a line of JSONLines.
type step struct {
	Number       int          `json:"number"` // of the steps of the run so far
	Epoch        int          `json:"epoch"`
	Step         int          `json:"step"`
	Loss         float64      `json:"loss"`
	Accuracy     float64      `json:"accuracy"`
	LearningRate float64      `json:"learning_rate"`
	Outcome      *train.Epoch `json:"outcome,omitempty"`
}

// Start keeps the lines of the steps that the run has taken.
func (j *JSONLines) Start(l *train.Loop) error {
	j.pending.Reset()
	old, err := readLog(j.Path, l, func(line string) bool { return json.Unmarshal([]byte(line), new(step)) == nil })
	if err != nil {
		return err
	}
	kept := 0
	for line := range bytes.Lines(old) {
		var s step
		if json.Unmarshal(line, &s) != nil || line[len(line)-1] != '\n' || s.Number > l.Number() {
			break
		}
		kept += len(line)
	}
	return checkpoint.WriteFileAtomic(j.Path, func(w io.Writer) error {
		_, err := w.Write(old[:kept])
		return err
	})
}

// Step remembers a line.
func (j *JSONLines) Step(l *train.Loop) error {
	if !every(j.Every, l) {
		return nil
	}
	return j.add(l, nil)
}

// Evaluation remembers a line.
func (j *JSONLines) Evaluation(l *train.Loop) error { return j.add(l, &l.Epochs[len(l.Epochs)-1]) }

func (j *JSONLines) add(l *train.Loop, outcome *train.Epoch) error {
	p := l.Progress
	return json.NewEncoder(&j.pending).Encode(step{l.Number(), p.Epoch, p.Step, p.Loss, p.Accuracy, l.LearningRate(), outcome})
}

// Checkpoint writes what was remembered.
func (j *JSONLines) Checkpoint(*train.Loop) error { return j.flush() }

// End writes what was remembered.
func (j *JSONLines) End(*train.Loop, error) error { return j.flush() }

func (j *JSONLines) flush() error {
	f, err := os.OpenFile(j.Path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(j.pending.Bytes())
	j.pending.Reset()
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", j.Path, err)
	}
	return nil
}
