package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/train/metric"
	"github.com/mlodyssey/odyssey/train/record"
)

// All is the number of epochs to replay that stands for as many as the record has.
const All = -1

// Check says how deep Verify goes.
type Check struct {
	Data      string     // where the run's data lies now; "": where it lay
	Eval      bool       // evaluate the checkpoints again
	Epochs    int        // train again, up to this epoch, or All; 0: not at all
	Callbacks []Callback // told of that training
}

// Proof is what Verify found to be true.
type Proof struct {
	Dir         string
	Recorded    int   // lines of the record
	Files       int   // of data
	Checkpoints []int // epochs whose classifiers are kept as they were recorded
	Evaluated   []int // epochs whose classifiers give the recorded figures
	Replayed    int   // epochs that training again gave the recorded weights of
	Epochs      int   // of the record
	Cut         []Cut // epochs that were cut short, and so replayed
	End         *End  // nil: the run is not over
	Then, Now   Environment
}

// Verify compares the run in a directory with what its record says, and returns what it proved, or the first
// difference as an error. A record and files that hold together were not changed by accident or in
// passing; that figures are those of the checkpoints takes evaluating these; that training gave
// them takes training again. All of that has the same bits on every machine.
func Verify(ctx context.Context, dir string, newNet NewNet, c Check) (*Proof, error) {
	r, err := ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	if c.Data != "" && r.Start.Settings.Data == Glyphs {
		return nil, fmt.Errorf("%s: %w", dir, errGlyphsMove)
	}
	v := verifier{
		Check: c, dir: dir, record: r, newNet: newNet,
		proof: &Proof{Dir: dir, Recorded: len(r.Lines), Epochs: len(r.Epochs), Cut: r.CutShort(), End: r.End, Then: r.Start.Environment, Now: CurrentEnvironment()},
	}
	for _, step := range []func(context.Context) error{v.ends, v.data, v.checkpoints, v.state, v.evaluate, v.replay} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return v.proof, nil
}

type verifier struct {
	Check
	dir    string
	record *Record
	newNet NewNet
	proof  *Proof
}

// differs returns an error that names a line of the record.
func (v *verifier) differs(kind string, number int, format string, args ...any) error {
	seen := 0
	for _, l := range v.record.Lines {
		if l.Kind == kind {
			if seen++; seen == number {
				return fmt.Errorf("%s: line %d, %s: %s", filepath.Join(v.dir, RecordFile), l.Number, described(kind, number), fmt.Sprintf(format, args...))
			}
		}
	}
	return fmt.Errorf("%s: %s", v.dir, fmt.Sprintf(format, args...))
}

func described(kind string, number int) string {
	if kind == lineEpoch {
		return fmt.Sprintf("epoch %d", number)
	}
	return kind
}

// ends compares the end with the epochs.
func (v *verifier) ends(context.Context) error {
	end, n, s := v.record.End, len(v.record.Epochs), v.record.Start.Settings
	lines := 0
	for _, l := range v.record.Lines {
		if l.Kind == lineEnd {
			lines++
		}
	}
	steps := 0 // where epochs that were cut short count as whole, but for the last
	if n > 0 {
		steps = (n-1)*v.record.Start.batches() + v.record.Epochs[n-1].Steps
	}
	switch {
	case end == nil:
		return nil
	case end.Epochs != n:
		return v.differs(lineEnd, lines, "it counts %d epochs, but there are %d", end.Epochs, n)
	case end.Reason == EndFinished && s.Steps == 0 && n != s.Epochs:
		return v.differs(lineEnd, lines, "the run is finished after %d epochs, but its settings want %d", n, s.Epochs)
	case end.Reason == EndFinished && s.Steps != 0 && steps != s.Steps:
		return v.differs(lineEnd, lines, "the run is finished after %d steps, but its settings want %d", steps, s.Steps)
	}
	return nil
}

// data compares the data files.
func (v *verifier) data(context.Context) error {
	for _, want := range v.record.Start.movedFiles(v.Data) {
		sum, same, err := want.readAgain()
		if err != nil {
			return v.differs(lineStart, 1, "the data: %v", err)
		}
		if !same {
			return v.differs(lineStart, 1, "the data: %s is not what the run read: SHA-256 %.12s…, want %.12s…", want.Path, sum, want.SHA256)
		}
		v.proof.Files++
	}
	return nil
}

// kept returns the names of the files that hold the classifier of an epoch.
func (v *verifier) kept() (map[string]int, error) {
	files, stray := keptFiles(v.dir, v.record)
	if stray != nil {
		return nil, fmt.Errorf("%s: of an epoch that the record does not have%s", filepath.Join(v.dir, stray[0]), v.unfinished())
	}
	if v.comesAgain() {
		for _, file := range []string{ModelFile, BestFile} {
			if _, err := os.Stat(filepath.Join(v.dir, file)); errors.Is(err, fs.ErrNotExist) {
				delete(files, file)
			}
		}
	}
	for number := range v.record.keptEpochs() {
		files[epochFile(number)] = number
	}
	return files, nil
}

// keptFiles returns the names of the files that are to hold the classifiers of epochs of a record, and of those
// that are there of others.
func keptFiles(dir string, r *Record) (files map[string]int, stray []string) {
	files = map[string]int{}
	n := len(r.Epochs)
	if n > 0 {
		files[ModelFile], files[BestFile] = n, r.Best()
	}
	paths, _ := filepath.Glob(filepath.Join(dir, epochFiles)) // the pattern is a sound one
	for _, path := range paths {
		var number int
		if _, err := fmt.Sscanf(filepath.Base(path), "epoch-%d.safetensors", &number); err != nil || number < 1 || number > n {
			stray = append(stray, filepath.Base(path))
			continue
		}
		files[filepath.Base(path)] = number
	}
	return files, stray
}

// checkpoints compares the classifiers that are kept.
func (v *verifier) checkpoints(context.Context) error {
	files, err := v.kept()
	if err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		number := files[file]
		want := v.record.Epochs[number-1].Weights
		got, _, err := checkpoint.SumFile(filepath.Join(v.dir, file))
		if err != nil {
			return v.differs(lineEpoch, number, "its classifier: %v", err)
		}
		if got != want {
			return v.differs(lineEpoch, number, "%s is not its classifier: SHA-256 %.12s…, want %.12s…%s", file, got, want, v.unfinished())
		}
		v.proof.Checkpoints = append(v.proof.Checkpoints, number)
	}
	slices.Sort(v.proof.Checkpoints)
	v.proof.Checkpoints = slices.Compact(v.proof.Checkpoints)
	return nil
}

// comesAgain reports whether the run went on and has not finished an epoch since: the classifiers of one that had been
// begun are removed then, see keeper.forget.
func (v *verifier) comesAgain() bool {
	for _, l := range slices.Backward(v.record.Lines) {
		if l.Kind == lineResume || l.Kind == lineEpoch {
			return l.Kind == lineResume
		}
	}
	return false
}

// unfinished tells what may be the matter with the files of a run that was killed.
func (v *verifier) unfinished() string {
	if v.record.isOver() {
		return ""
	}
	return "; the run is not over: if it was killed, resume it"
}

// state compares what the run would go on from.
func (v *verifier) state(context.Context) error {
	path := filepath.Join(v.dir, StateFile)
	s, more, err := LoadState(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var at record.Position
	lines := v.record.Lines
	if err := json.Unmarshal([]byte(more[metaRecord]), &at); err != nil || at.Lines < 1 || at.Lines > len(lines) || lines[at.Lines-1].Sum != at.Sum {
		return fmt.Errorf("%s: it follows line %d of a record with the sum %.12s…, which is not this one", path, at.Lines, at.Sum)
	}
	if got := v.record.Outcomes(); len(s.Epochs) > len(got) || !slices.Equal(got[:len(s.Epochs)], s.Epochs) {
		return fmt.Errorf("%s: its epochs are not those of the record", path)
	}
	return nil
}

// evaluate compares the figures of the classifiers that are kept.
func (v *verifier) evaluate(ctx context.Context) error {
	if !v.Eval {
		return nil
	}
	test, err := v.openTest()
	if err != nil {
		return err
	}
	files, err := v.kept()
	if err != nil {
		return err
	}
	if len(files) == 0 && len(v.record.Epochs) > 0 {
		return fmt.Errorf("%s: no classifier is there to be evaluated%s", v.dir, v.unfinished())
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		number := files[file]
		if slices.Contains(v.proof.Evaluated, number) {
			continue
		}
		net, err := Load(filepath.Join(v.dir, file), v.newNet)
		if err != nil {
			return err
		}
		if err := v.compareNet(net, file); err != nil {
			return err
		}
		metrics := DefaultMetrics(len(net.Classes))
		got, err := net.Evaluate(ctx, test, metrics...)
		if err != nil {
			return v.differs(lineEpoch, number, "%s: %v", file, err)
		}
		if want := v.record.Epochs[number-1]; got.Loss != want.TestLoss || got.Accuracy != want.TestAccuracy {
			return v.differs(lineEpoch, number, "%s gives a test loss of %v and an accuracy of %v, but %v and %v are recorded",
				file, got.Loss, got.Accuracy, want.TestLoss, want.TestAccuracy)
		}
		if err := v.compareMetrics(number, file+" gives", metrics); err != nil {
			return err
		}
		v.proof.Evaluated = append(v.proof.Evaluated, number)
	}
	slices.Sort(v.proof.Evaluated)
	return nil
}

// openTest opens the test set, and compares what the run learnt from with what is recorded of it.
func (v *verifier) openTest() (data.Dataset, error) {
	s, want := v.settings(), v.record.Start.Examples
	set, from, err := openData(s.Data, "train", s.Seed, s.Limit)
	if err != nil {
		return nil, err
	}
	test, testFrom, err := openData(s.Data, "test", s.Seed, s.Limit)
	if err != nil {
		return nil, err
	}
	if got := [2]int{set.Len(), test.Len()}; got != want {
		return nil, v.differs(lineStart, 1, "it counts %d and %d examples, but %s has %d and %d", want[0], want[1], s.Data, got[0], got[1])
	}
	return test, v.compareFiles(filesOf(from, testFrom))
}

// compareFiles compares the names of the data files with those recorded, whose content is.
func (v *verifier) compareFiles(read []string) error {
	recorded := map[string]bool{}
	for _, f := range v.record.Start.movedFiles(v.Data) {
		path, err := filepath.Abs(f.Path)
		if err != nil {
			return err
		}
		recorded[path] = true
	}
	for _, file := range read {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		if !recorded[path] {
			return v.differs(lineStart, 1, "the data: %s is read, but its SHA-256 is not recorded", path)
		}
	}
	return nil
}

// compareNet compares a classifier with what is recorded of all.
func (v *verifier) compareNet(net *Classifier, file string) error {
	want := v.record.Start
	if used := data.FormatNormalise(net.Mean, net.Std); used != want.Settings.Normalize {
		return v.differs(lineStart, 1, "examples are normalised by %s, but those of %s by %s", want.Settings.Normalize, file, used)
	}
	got := nn.CountParameters(net.Net)
	if net.Name != want.Settings.Model || got != want.Parameters || !slices.Equal(net.Classes, want.Classes) {
		return v.differs(lineStart, 1, "%s of %d parameters and %d classes, but %s is %s of %d and %d, or the classes have other names",
			want.Settings.Model, want.Parameters, len(want.Classes), file, net.Name, got, len(net.Classes))
	}
	return nil
}

// compareMetrics compares those of an epoch.
func (v *verifier) compareMetrics(number int, what string, metrics []metric.Metric) error {
	got, want := Values(metrics), v.record.Epochs[number-1].Metrics
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value, ok := got[name]; !ok {
			return v.differs(lineEpoch, number, "%s no %s, but %v is recorded", what, name, want[name])
		} else if value != want[name] {
			return v.differs(lineEpoch, number, "%s %s %v, but %v is recorded", what, name, value, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			return v.differs(lineEpoch, number, "%s %s %v, but none is recorded", what, name, got[name])
		}
	}
	return nil
}

func (v *verifier) settings() Settings { return v.record.Start.Settings.MovedTo(v.Data) }

// replay trains again.
func (v *verifier) replay(ctx context.Context) error {
	if v.Epochs == 0 {
		return nil
	}
	if v.Epochs > len(v.record.Epochs) {
		return fmt.Errorf("%s: %d epochs are recorded, so none can be replayed up to epoch %d", v.dir, len(v.record.Epochs), v.Epochs)
	}
	net, config, err := v.settings().Prepare(v.newNet)
	if err != nil {
		return v.differs(lineStart, 1, "the settings: %v", err)
	}
	r := &replayer{verifier: v, net: net, last: v.Epochs}
	if v.Epochs == All {
		r.last = len(v.record.Epochs)
	}
	for _, e := range v.record.Epochs {
		config.lengths = append(config.lengths, e.Steps)
	}
	config.Callbacks = slices.Concat([]Callback{r}, config.Callbacks, v.Callbacks)
	if _, err = Run(ctx, config); err != nil || v.proof.Replayed == r.last {
		return err
	}
	return v.differs(lineEpoch, v.proof.Replayed+1, "it is recorded, but with these settings the run ends before it")
}

// replayer compares the epochs of a training with those of a record.
type replayer struct {
	Quiet
	*verifier
	net  *Classifier
	last int
}

// Start compares what there is to learn, and what learns it.
func (r *replayer) Start(l *Loop) error {
	want := r.record.Start
	got := describe(l.Config)
	if got.Parameters != want.Parameters || got.Examples != want.Examples || !slices.Equal(got.Classes, want.Classes) {
		return r.differs(lineStart, 1, "%d parameters, %d and %d examples and %d classes, but the settings give %d, %d, %d and %d, or the classes have other names",
			want.Parameters, want.Examples[0], want.Examples[1], len(want.Classes), got.Parameters, got.Examples[0], got.Examples[1], len(got.Classes))
	}
	if r.last == 0 {
		l.Stop("nothing to replay")
	}
	return r.compareFiles(l.Config.Files)
}

// Evaluation compares an epoch.
func (r *replayer) Evaluation(l *Loop) error {
	got := l.Epochs[len(l.Epochs)-1]
	want := r.record.Epochs[got.Epoch-1]
	weights, err := r.net.write(io.Discard)
	if err != nil {
		return err
	}
	got.Seconds, got.ImagesPerSecond = want.Seconds, want.ImagesPerSecond
	if got != want.Epoch {
		return r.differs(lineEpoch, got.Epoch, "training again gives %s", difference(got, want.Epoch))
	}
	if err := r.compareMetrics(got.Epoch, "training again gives", l.Config.Metrics); err != nil {
		return err
	}
	if weights != want.Weights {
		return r.differs(lineEpoch, got.Epoch, "training again gives other weights: SHA-256 %.12s…, want %.12s…", weights, want.Weights)
	}
	r.proof.Replayed = got.Epoch
	if got.Epoch == r.last {
		l.Stop("replayed")
	}
	return nil
}

// difference names the first figures that two epochs differ in.
func difference(got, want Epoch) string {
	var a, b map[string]any
	if json.Unmarshal([]byte(jsonOf(got)), &a) != nil || json.Unmarshal([]byte(jsonOf(want)), &b) != nil {
		return "another epoch"
	}
	for _, name := range []string{"epoch", "steps", "train_loss", "train_accuracy", "learning_rate", "test_loss", "test_accuracy", "loss_scale", "skipped"} {
		if a[name] != b[name] {
			return fmt.Sprintf("%s %v, but %v is recorded", name, a[name], b[name])
		}
	}
	return "another epoch"
}

// String tells in one line what was proved.
func (p *Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: the record (%s), %s and %s are whole", p.Dir, printable.Count(p.Recorded, "line"), printable.Count(p.Files, "data file"), printable.Count(len(p.Checkpoints), "checkpoint"))
	switch n := len(p.Evaluated); {
	case n == 1:
		fmt.Fprintf(&b, "; evaluated again, the checkpoint of epoch %d gives the recorded figures exactly", p.Evaluated[0])
	case n > 1:
		fmt.Fprintf(&b, "; evaluated again, the checkpoints of epochs %s give the recorded figures exactly", listed(p.Evaluated))
	}
	if p.Replayed > 0 {
		fmt.Fprintf(&b, "; trained again, %d of %s %s the recorded weights bit for bit (%s; the run: %s)", p.Replayed, printable.Count(p.Epochs, "epoch"), has(p.Replayed), p.Now.machine(), p.Then.machine())
	}
	for _, c := range p.Cut {
		fmt.Fprintf(&b, "; %v", c)
	}
	switch {
	case p.End == nil:
		b.WriteString("; the run is not over")
	case p.End.Reason != EndFinished:
		fmt.Fprintf(&b, "; the run ended early: %s", p.End.Reason)
	}
	return printable.Text(b.String()) // the record may be anybody's
}

func listed(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// machine tells what an environment computes with.
func (e Environment) machine() string {
	return fmt.Sprintf("%s, %s", e.Kernels, printable.Count(e.GOMAXPROCS, "processor"))
}
