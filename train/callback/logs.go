package callback

import (
	"bytes"
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

// logFile is the file of a log. What is named by mistake may be somebody's data, so a file that is there already is
// left as it is, unless it is empty or its lines prove that it is the log of the run that goes on.
type logFile struct {
	made  bool // by this log
	began bool // the file is the log's
}

// begin writes the part of the file that is to stay, which keep returns of one that is there already. It returns an error
// where keep does, and then the file is as it was.
func (f *logFile) begin(path string, keep func(old []byte) ([]byte, error)) error {
	old, err := os.ReadFile(path)
	*f = logFile{made: errors.Is(err, fs.ErrNotExist)}
	if err != nil && !f.made {
		return err
	}
	kept, err := keep(old)
	if err != nil {
		return fmt.Errorf("%s: there is a file already, want a new one, or the log of the run that goes on: %w", path, err)
	}
	err = checkpoint.WriteFileAtomic(path, func(w io.Writer) error {
		_, err := w.Write(kept)
		return err
	})
	f.began = err == nil
	return err
}

// end removes a file in which nothing came to be written.
func (f *logFile) end(path string) error {
	info, err := os.Stat(path)
	if !f.made || err != nil || info.Size() > 0 {
		return nil
	}
	return os.Remove(path)
}

// errNewRun is what is wrong with any file that a new run would write over.
var errNewRun = errors.New("this run is at its beginning")

// linesOf returns the lines of a log, and what follows the last of them: one that was cut off when the run was killed.
func linesOf(old []byte) (lines []string, rest string) {
	for line := range strings.Lines(string(old)) {
		if !strings.HasSuffix(line, "\n") {
			return lines, line
		}
		lines = append(lines, line)
	}
	return lines, ""
}

// CSV keeps a table of the epochs in a file, written anew after each. A file that is there already must be the
// table of the run that goes on: with the run's own epochs, to the last digit of the times that they took.
type CSV struct {
	train.Quiet
	Path string

	file logFile
}

const csvHeader = "epoch,steps,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,seconds,images_per_second\n"

// csvRow returns the line of an epoch.
func csvRow(e train.Epoch) string {
	row := []string{strconv.Itoa(e.Epoch), strconv.Itoa(e.Steps)}
	for _, v := range []float64{e.TrainLoss, e.TrainAccuracy, e.TestLoss, e.TestAccuracy, e.LearningRate, e.Seconds, e.ImagesPerSecond} {
		row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(row, ",") + "\n"
}

// readCSVRow reads a line that csvRow wrote.
func readCSVRow(line string) (e train.Epoch, err error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), ",")
	if len(fields) != strings.Count(csvHeader, ",")+1 {
		return e, fmt.Errorf("%d columns", len(fields))
	}
	for i, n := range []*int{&e.Epoch, &e.Steps} {
		if *n, err = strconv.Atoi(fields[i]); err != nil {
			return e, err
		}
	}
	for i, v := range []*float64{&e.TrainLoss, &e.TrainAccuracy, &e.TestLoss, &e.TestAccuracy, &e.LearningRate, &e.Seconds, &e.ImagesPerSecond} {
		if *v, err = strconv.ParseFloat(fields[2+i], 64); err != nil {
			return e, err
		}
	}
	if csvRow(e) != line {
		return e, errors.New("it is written otherwise")
	}
	return e, nil
}

// Start leaves files alone that are not the run's table.
func (c *CSV) Start(l *train.Loop) error {
	return c.file.begin(c.Path, func(old []byte) ([]byte, error) {
		if len(old) > 0 {
			if err := isTable(old, l); err != nil {
				return nil, err
			}
		}
		return table(l.Epochs), nil
	})
}

// isTable returns an error unless a table begins with epochs of the run, exactly as they are written. Rows that follow
// are of epochs that come again.
func isTable(old []byte, l *train.Loop) error {
	lines, rest := linesOf(old)
	switch {
	case l.Number() == 0:
		return errNewRun
	case rest != "":
		return errors.New("its last line has no end")
	case lines[0] != csvHeader:
		return errors.New("its first line is not that of such a table")
	case len(lines) == 1 || len(l.Epochs) == 0:
		return errors.New("it has no epoch of this run")
	}
	for i, line := range lines[1:] {
		if i < len(l.Epochs) && line != csvRow(l.Epochs[i]) {
			return fmt.Errorf("line %d is not epoch %d of this run", i+2, i+1)
		}
		if e, err := readCSVRow(line); err != nil || e.Epoch != i+1 {
			return fmt.Errorf("line %d is no epoch %d", i+2, i+1)
		}
	}
	return nil
}

// table returns that of epochs, which is empty without any.
func table(epochs []train.Epoch) []byte {
	var b bytes.Buffer
	for i, e := range epochs {
		if i == 0 {
			b.WriteString(csvHeader)
		}
		b.WriteString(csvRow(e))
	}
	return b.Bytes()
}

// Checkpoint writes the file after an epoch. The record of a Directory has the epoch by then.
func (c *CSV) Checkpoint(l *train.Loop) error {
	if l.Progress.Step > 0 {
		return nil
	}
	return checkpoint.WriteFileAtomic(c.Path, func(w io.Writer) error {
		_, err := w.Write(table(l.Epochs))
		return err
	})
}

// End takes the file away again if there was none, and no epoch.
func (c *CSV) End(*train.Loop, error) error { return c.file.end(c.Path) }

// JSONLines appends a line to a file after each Every-th step: {"number":…,"epoch":…,"step":…,"loss":…,
// "accuracy":…,"learning_rate":…}, and after each epoch one more with its outcome. Loss and accuracy are means
// over the epoch so far. Where a state is kept within an epoch there is a line too: by it and by the outcomes the run
// that goes on knows its own log. What was written after the checkpoint that a run goes on from is cut off.
type JSONLines struct {
	train.Quiet
	Path  string
	Every int // 0: each step

	file    logFile
	pending bytes.Buffer
	last    int // number of the last step that has a line
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

// line returns a step as it is written.
func (s step) line() ([]byte, error) {
	b, err := json.Marshal(s)
	return append(b, '\n'), err
}

// readStep reads what line wrote.
func readStep(line string) (s step, err error) {
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		return s, err
	}
	if b, err := s.line(); err != nil || string(b) != line {
		return s, errors.New("it is written otherwise")
	}
	return s, nil
}

// Start keeps the lines of the steps that the run has taken, and leaves files alone that are not the run's log.
func (j *JSONLines) Start(l *train.Loop) error {
	j.pending.Reset()
	j.last = 0
	return j.file.begin(j.Path, func(old []byte) ([]byte, error) {
		if len(old) == 0 {
			return nil, nil
		}
		kept, err := ownSteps(old, l)
		return old[:kept], err
	})
}

// ownSteps returns how many bytes of a log are lines of steps that the run has taken; an error unless all lines
// are of such a log, and some of them are the run's without doubt.
func ownSteps(old []byte, l *train.Loop) (kept int, err error) {
	if l.Number() == 0 {
		return 0, errNewRun
	}
	lines, rest := linesOf(old)
	before, outcomes, stands := step{}, 0, false
	for i, line := range lines {
		s, err := readStep(line)
		if err != nil {
			return 0, fmt.Errorf("line %d is no step of a run", i+1)
		}
		if !s.follows(before, l.Progress.Steps) {
			return 0, fmt.Errorf("line %d does not follow the one before", i+1)
		}
		before = s
		switch {
		case s.Outcome != nil && s.Epoch <= len(l.Epochs):
			if *s.Outcome != l.Epochs[s.Epoch-1] {
				return 0, fmt.Errorf("line %d is not epoch %d of this run", i+1, s.Epoch)
			}
			outcomes++
		case s.Outcome != nil && outcomes == 0 && !(stands && i == len(lines)-1): // one that the state was to follow
			return 0, fmt.Errorf("line %d is the end of an epoch that this run has not finished", i+1)
		case s.Number == l.Number() && s.Epoch == l.Progress.Epoch:
			if s.Loss != l.Progress.Loss || s.Accuracy != l.Progress.Accuracy {
				return 0, fmt.Errorf("line %d is not step %d of this run", i+1, s.Number)
			}
			stands = true
		}
		if s.isOf(l) {
			kept += len(line)
		}
	}
	switch {
	case outcomes == 0 && !stands:
		return 0, errors.New("no line shows that it is this run's")
	case rest != "" && !strings.HasPrefix(rest, `{"number":`) && !strings.HasPrefix(`{"number":`, rest):
		return 0, errors.New("its last line is no step of a run")
	}
	return kept, nil
}

// follows reports whether a line may come after another one, in epochs of so many steps.
func (s step) follows(before step, steps int) bool {
	if s.Epoch < 1 || s.Step < 1 || s.Step > steps || s.Number != (s.Epoch-1)*steps+s.Step {
		return false
	}
	if s.Outcome != nil {
		return s.Outcome.Epoch == s.Epoch && s.Outcome.Steps == s.Step && s.Number >= before.Number && (before.Outcome == nil || s.Epoch > before.Epoch)
	}
	return s.Number > before.Number && (before.Outcome == nil || s.Epoch > before.Epoch)
}

// isOf reports whether a line is of a step that the run has taken, or of an epoch that it has finished.
func (s step) isOf(l *train.Loop) bool {
	return s.Epoch <= len(l.Epochs) || s.Outcome == nil && s.Number <= l.Number()
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
	line, err := step{l.Number(), p.Epoch, p.Step, p.Loss, p.Accuracy, l.LearningRate(), outcome}.line()
	if err != nil {
		return err
	}
	j.pending.Write(line)
	j.last = l.Number()
	return nil
}

// Checkpoint writes what was remembered.
func (j *JSONLines) Checkpoint(l *train.Loop) error {
	if l.Progress.Step > 0 && j.last != l.Number() {
		if err := j.add(l, nil); err != nil {
			return err
		}
	}
	return j.flush()
}

// End writes what was remembered. It takes the file away again if there was none, and no step.
func (j *JSONLines) End(*train.Loop, error) error {
	return errors.Join(j.flush(), j.file.end(j.Path))
}

func (j *JSONLines) flush() error {
	if !j.file.began || j.pending.Len() == 0 {
		return nil
	}
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
