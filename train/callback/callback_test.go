package callback

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

// small returns a run of three epochs of three steps.
func small(t *testing.T) (*train.Classifier, train.Config) {
	t.Helper()
	net, c, err := train.Settings{
		Model: "lenet5", Data: train.Glyphs, Limit: 48, Seed: 1, Epochs: 3, Batch: 16,
		Optimizer: "sgd", LR: 0.01, Momentum: 0.9, Schedule: "linear",
	}.Prepare(model.New)
	if err != nil {
		t.Fatal(err)
	}
	return net, c
}

func run(t *testing.T, c train.Config, callbacks ...train.Callback) []train.Epoch {
	t.Helper()
	c.Callbacks = callbacks
	epochs, err := train.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return epochs
}

func TestTimeBudget(t *testing.T) {
	_, c := small(t)
	// The first epoch took a year, which shows in the fifth step: the second of the second epoch.
	late := train.OnStep(func(l *train.Loop) error {
		if l.Number() == 5 {
			l.Epochs[0].Seconds = 365 * 24 * 3600
		}
		return nil
	})
	epochs := run(t, c, late, &TimeBudget{Limit: 30 * 24 * time.Hour})
	if len(epochs) != 2 || epochs[1].Steps != 2 || epochs[1].TestLoss == 0 {
		t.Errorf("epochs %+v", epochs)
	}
	l := &train.Loop{Config: c, Epochs: []train.Epoch{{Seconds: 3}, {Seconds: 1.5}}}
	b := &TimeBudget{Limit: 5 * time.Second}
	b.Start(l)
	if b.Step(l); l.Stopped() != "" {
		t.Errorf("stopped after 4.5 seconds: %s", l.Stopped())
	}
	l.Epochs[1].Seconds = 2
	if b.Start(l); l.Stopped() != "the time budget of 5s is spent" {
		t.Errorf("stopped: %q", l.Stopped())
	}
	for step, want := range map[int]string{2: "the time budget of 5s is spent after 2 of 3 batches of epoch 7", 3: "the time budget of 5s is spent"} {
		l := &train.Loop{Config: c, Epochs: []train.Epoch{{Seconds: 6}}, Progress: train.Progress{Epoch: 7, Step: step, Steps: 3}}
		if b.Step(l); l.Stopped() != want {
			t.Errorf("after step %d: %q, want %q", step, l.Stopped(), want)
		}
	}
}

func TestCSV(t *testing.T) {
	_, c := small(t)
	path := filepath.Join(t.TempDir(), "epochs.csv")
	epochs := run(t, c, &CSV{Path: path})
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 4 || rows[0][4] != "test_loss" || rows[3][0] != "3" {
		t.Fatalf("%v, %v", rows, err)
	}
	var got float64
	if json.Unmarshal([]byte(rows[2][4]), &got) != nil || got != epochs[1].TestLoss {
		t.Errorf("test loss %s, want %v", rows[2][4], epochs[1].TestLoss)
	}
}

func readSteps(t *testing.T, path string) (numbers []int, outcomes int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var s step
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Outcome != nil {
			outcomes++
			continue
		}
		numbers = append(numbers, s.Number)
	}
	return numbers, outcomes
}

func TestJSONLinesGoOnWhereTheRunDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps.jsonl")
	_, c := small(t)
	var state *train.State
	keep := &keeper{state: &state, at: 4}
	c.CheckpointSteps = 1
	run(t, c, &JSONLines{Path: path}, keep)
	all := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
	if got, outcomes := readSteps(t, path); !slices.Equal(got, all) || outcomes != 3 {
		t.Errorf("steps %v, %d outcomes", got, outcomes)
	}
	_, c = small(t)
	c.From = state
	run(t, c, &JSONLines{Path: path, Every: 2})
	if got, outcomes := readSteps(t, path); !slices.Equal(got, []int{1, 2, 3, 4, 6, 8}) || outcomes != 3 {
		t.Errorf("steps %v, %d outcomes", got, outcomes)
	}
}

// keeper takes the state after a step.
type keeper struct {
	train.Quiet
	state **train.State
	at    int
}

func (k *keeper) Checkpoint(l *train.Loop) error {
	if l.Number() == k.at {
		*k.state = l.State()
	}
	return nil
}

func TestWebhook(t *testing.T) {
	var mutex sync.Mutex
	var got []Message
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var m Message
		if err := json.Unmarshal(b, &m); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %v", r.Method, b, err)
		}
		mutex.Lock()
		defer mutex.Unlock()
		if got = append(got, m); len(got) == 2 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	_, c := small(t)
	var failures []string
	epochs := run(t, c, &Webhook{URL: server.URL, Name: "a run", Timeout: time.Hour, OnError: func(err error) { failures = append(failures, err.Error()) }})
	var events []string
	for _, m := range got {
		events = append(events, m.Event)
		if m.Run != "a run" || m.Epochs != 3 || m.Reason != "" {
			t.Errorf("message %+v", m)
		}
	}
	if !slices.Equal(events, []string{"start", "epoch", "epoch", "epoch", "end"}) || *got[2].Epoch != epochs[1] || *got[4].Epoch != epochs[2] {
		t.Errorf("messages %+v", got)
	}
	if len(failures) != 1 || !strings.Contains(failures[0], "status 418") {
		t.Errorf("failures %q", failures)
	}
}

func TestAWebhookThatIsNotThereDoesNotHurt(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, c := small(t)
	failures := 0
	// At a client's end nobody listens, and as long as it is open nobody else can.
	run(t, c, &Webhook{URL: "http://" + client.LocalAddr().String(), Timeout: time.Hour, OnError: func(error) { failures++ }})
	if failures != 5 {
		t.Errorf("%d failures, want 5", failures)
	}
}

// A server that never answers holds the end no longer than the timeout: all messages fail when that is over.
func TestAWebhookThatHangsIsLeft(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	_, c := small(t)
	failures := 0
	var waited []time.Duration
	run(t, c, &Webhook{URL: server.URL, Timeout: time.Hour, OnError: func(error) { failures++ }, after: func(d time.Duration) <-chan time.Time {
		waited = append(waited, d)
		over := make(chan time.Time)
		close(over)
		return over
	}})
	if failures != 5 || !slices.Equal(waited, []time.Duration{time.Hour}) {
		t.Errorf("%d failures, want 5; waited %v, want once an hour", failures, waited)
	}
}

// Where more messages wait than there is room for, the end is sent all the same.
func TestTheLastMessageOfAWebhookIsSent(t *testing.T) {
	began, release := make(chan struct{}, 1), make(chan struct{})
	var got []Message
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		if got = append(got, m); len(got) == 1 {
			began <- struct{}{}
		}
		<-release
	}))
	defer server.Close()
	l := &train.Loop{Epochs: []train.Epoch{{Epoch: 1}}}
	w := &Webhook{URL: server.URL, Timeout: time.Hour, OnError: func(err error) { t.Error(err) }, after: func(time.Duration) <-chan time.Time {
		close(release)
		return nil // never
	}}
	w.Start(l)
	<-began
	for range pendingMessages + 1 {
		w.Evaluation(l)
	}
	w.End(l, context.Canceled)
	if n := len(got); n != 1+pendingMessages || got[n-1].Event != "end" || got[n-1].Reason != train.EndInterrupted {
		t.Errorf("%d messages, want %d; the last is %+v", n, 1+pendingMessages, got[n-1])
	}
}

// A log does not write over what is no log, nor over that of another run.
func TestLogsLeaveOtherFilesAlone(t *testing.T) {
	for name, log := range map[string]func(path string) train.Callback{
		"labels.jsonl": func(path string) train.Callback { return &JSONLines{Path: path} },
		"train.csv":    func(path string) train.Callback { return &CSV{Path: path} },
	} {
		path := filepath.Join(t.TempDir(), name)
		_, c := small(t)
		var state *train.State
		c.CheckpointSteps = 1
		run(t, c, log(path), &keeper{state: &state, at: 4})
		for what, content := range map[string]string{"data": "\"cat\"\n\"dog\"\n", "the log of another run": readText(t, path)} {
			for _, from := range []*train.State{nil, state} {
				if from != nil && what != "data" {
					continue // it is that of the run that goes on
				}
				if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
				_, c := small(t)
				c.From, c.Callbacks = from, []train.Callback{log(path)}
				if _, err := train.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), name+": there is a file already") {
					t.Errorf("%s over %s: error %v", name, what, err)
				}
				if got := readText(t, path); got != content {
					t.Errorf("%s over %s: the file is now %q", name, what, got)
				}
			}
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCSVGoesOnWhereTheRunDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "epochs.csv")
	_, c := small(t)
	var state *train.State
	c.CheckpointSteps = 1
	run(t, c, &CSV{Path: path}, &keeper{state: &state, at: 4})
	_, c = small(t)
	c.From = state
	run(t, c, &CSV{Path: path})
	if n := strings.Count(readText(t, path), "\n"); n != 4 {
		t.Errorf("%d lines, want a header and 3 epochs", n)
	}
}

// A run that goes on begins its event file with the first step that comes again.
func TestTensorBoardGoesOnWhereTheRunDoes(t *testing.T) {
	_, c := small(t)
	var state *train.State
	c.CheckpointSteps = 1
	run(t, c, &keeper{state: &state, at: 4})
	_, c = small(t)
	c.From = state
	dir := t.TempDir()
	run(t, c, &TensorBoard{Dir: dir})
	files, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	// Field 2, the step, is 5; field 7, the session log, has the status START. See package tensorboard.
	if !strings.Contains(readText(t, files[0]), "\x10\x05\x3a\x02\x08\x01") {
		t.Error("no start at step 5 in the event file")
	}
}

// A set may be in the order of its classes.
func TestSamplesAreFromAllOverTheSet(t *testing.T) {
	_, c := small(t)
	set, all := spread(c.Test, 4), c.Test
	a, b := make([]float32, 784), make([]float32, 784)
	for i := range 4 {
		set.Read(i, a)
		all.Read(i*all.Len()/4, b)
		if !slices.Equal(a, b) {
			t.Errorf("sample %d is not example %d", i, i*all.Len()/4)
		}
	}
}

func TestSamples(t *testing.T) {
	net, c := small(t)
	path := filepath.Join(t.TempDir(), "samples.png")
	run(t, c, &Samples{Path: path, Classifier: net, Rows: 2, Cols: 3})
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 3*56 || picture.Bounds().Dy() < 2*56 {
		t.Errorf("%v, %v", picture.Bounds(), err)
	}
	x := make([]float32, 28*28)
	captions := map[bool]int{}
	for i := range c.Test.Len() {
		label, _ := c.Test.Read(i, x)
		guesses, err := net.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		guess, class := guesses[0].Class, c.Test.Classes()[label]
		want := map[bool]string{true: guess, false: guess + " not " + class}[guess == class]
		got, err := (&Samples{Classifier: net}).caption(c.Test, i, x)
		if err != nil || got != want {
			t.Errorf("caption %q, %v, want %q", got, err, want)
		}
		captions[guess == class]++
	}
	if captions[false] == 0 || captions[true] == 0 {
		t.Errorf("%d guesses are right and %d wrong, want both", captions[true], captions[false])
	}
	want := errors.New("unreadable")
	failing := &Samples{Path: path, Classifier: net, Set: unreadable{told{Dataset: c.Test}, want}}
	c.Callbacks = []train.Callback{failing}
	if _, err := train.Run(t.Context(), c); !errors.Is(err, want) {
		t.Errorf("error %v", err)
	}
}

type unreadable struct {
	told
	err error
}

func (u unreadable) Read(int, []float32) (int, error) { return 0, u.err }

// kept runs to the end, keeping the state after so many steps, and returns it with what the logs hold then.
func kept(t *testing.T, at int, logs map[string]func(path string) train.Callback) (state *train.State, content map[string]string) {
	t.Helper()
	_, c := small(t)
	c.CheckpointSteps = 1
	dir := t.TempDir()
	callbacks := []train.Callback{&keeper{state: &state, at: at}}
	for name, log := range logs {
		callbacks = append(callbacks, log(filepath.Join(dir, name)))
	}
	run(t, c, callbacks...)
	content = map[string]string{}
	for name := range logs {
		content[name] = readText(t, filepath.Join(dir, name))
	}
	return state, content
}

// endOfEpoch returns how many lines there are to the end of the first epoch.
func endOfEpoch(lines []string) int {
	return 1 + slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, `"outcome"`) })
}

// A run that goes on takes no log but its own, and cuts from that only what comes again.
func TestARunTakesNoLogButItsOwn(t *testing.T) {
	logs := map[string]func(path string) train.Callback{
		"steps.jsonl": func(path string) train.Callback { return &JSONLines{Path: path} },
		"epochs.csv":  func(path string) train.Callback { return &CSV{Path: path} },
	}
	state, own := kept(t, 4, logs)
	early, begun := kept(t, 2, logs) // within the first epoch: all that can be told by is a step
	_, other := kept(t, 4, logs)     // of the same settings, but other times
	lines := strings.SplitAfter(own["steps.jsonl"], "\n")
	for i, c := range []struct {
		from    *train.State
		name    string
		content string
		taken   bool
	}{
		{state, "steps.jsonl", own["steps.jsonl"], true},
		{state, "steps.jsonl", own["steps.jsonl"] + `{"number":10,"ep`, true}, // killed in mid-line
		{state, "steps.jsonl", strings.Join(lines[:4], ""), true},
		{state, "steps.jsonl", lines[4], true}, // where the run stands
		{early, "steps.jsonl", strings.Join(strings.SplitAfter(begun["steps.jsonl"], "\n")[:3], ""), true},
		{state, "steps.jsonl", "", true},
		{early, "steps.jsonl", strings.Join(lines[:endOfEpoch(lines)], ""), true}, // killed before the state came

		{state, "steps.jsonl", other["steps.jsonl"], false},
		{early, "steps.jsonl", other["steps.jsonl"], false},                                // there is an epoch that would be lost
		{state, "steps.jsonl", strings.Join(lines[:2], ""), false},                         // steps of any run with these settings
		{state, "steps.jsonl", own["steps.jsonl"] + "notes", false},                        // something else follows
		{state, "steps.jsonl", own["steps.jsonl"] + own["steps.jsonl"], false},             // and again
		{state, "steps.jsonl", strings.Replace(own["steps.jsonl"], "{", "{ ", 1), false},   // as no log is written
		{state, "steps.jsonl", "{}\n{\"mine\":1}\n", false},                                // JSON, but no log
		{state, "steps.jsonl", strings.Replace(lines[4], `"loss":`, `"loss":1`, 1), false}, // another loss
		{nil, "steps.jsonl", own["steps.jsonl"], false},

		{state, "epochs.csv", own["epochs.csv"], true},
		{state, "epochs.csv", "", true},

		{state, "epochs.csv", other["epochs.csv"], false},
		{early, "epochs.csv", own["epochs.csv"], false},
		{state, "epochs.csv", csvHeader, false},
		{state, "epochs.csv", own["epochs.csv"] + "notes\n", false},
		{state, "epochs.csv", own["epochs.csv"] + "4,3", false},
		{nil, "epochs.csv", own["epochs.csv"], false},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		_, config := small(t)
		config.From, config.Callbacks = c.from, []train.Callback{logs[c.name](path)}
		_, err := train.Run(t.Context(), config)
		got := readText(t, path)
		switch {
		case !c.taken && (err == nil || !strings.Contains(err.Error(), c.name+": there is a file already")):
			t.Errorf("case %d: error %v", i, err)
		case !c.taken && got != c.content:
			t.Errorf("case %d: the file is now %q", i, got)
		case c.taken && err != nil:
			t.Errorf("case %d: %v", i, err)
		case c.taken && c.name == "epochs.csv" && (strings.Count(got, "\n") != 4 || c.content != "" && strings.SplitAfter(got, "\n")[1] != strings.SplitAfter(own[c.name], "\n")[1]):
			t.Errorf("case %d: the table is now %q", i, got)
		case c.taken && c.name == "steps.jsonl" && !strings.Contains(got, `{"number":9,`):
			t.Errorf("case %d: the log is now %q", i, got)
		}
	}
}

// A run that goes on from within an epoch knows its log by the line where it stands, whichever steps are logged.
func TestALogHasALineWhereTheRunMayGoOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps.jsonl")
	_, c := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	var state *train.State
	c.Callbacks = []train.Callback{&keeper{state: &state, at: 2}, &JSONLines{Path: path, Every: 5}, train.OnStep(func(l *train.Loop) error {
		if l.Number() == 2 {
			cancel()
		}
		return nil
	})}
	if _, err := train.Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_, c = small(t)
	c.From = state
	run(t, c, &JSONLines{Path: path, Every: 5})
	if got, outcomes := readSteps(t, path); !slices.Equal(got, []int{2, 5}) || outcomes != 3 {
		t.Errorf("steps %v, %d outcomes", got, outcomes)
	}
}

// Logs that cannot be written are told of before the first step, and what came of those before them is taken away.
func TestLogsAreTriedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.csv")
	if err := os.WriteFile(other, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, failing := range []train.Callback{
		&CSV{Path: filepath.Join(dir, "no", "epochs.csv")}, &JSONLines{Path: filepath.Join(dir, "no", "steps.jsonl")}, &CSV{Path: other},
	} {
		_, c := small(t)
		c.Callbacks = []train.Callback{
			&JSONLines{Path: filepath.Join(dir, "a.jsonl")}, &CSV{Path: filepath.Join(dir, "a.csv")}, &TensorBoard{Dir: filepath.Join(dir, "board")},
			failing, &JSONLines{Path: filepath.Join(dir, "b.jsonl")},
			train.OnStep(func(*train.Loop) error { t.Error("a step was taken"); return nil }),
		}
		if _, err := train.Run(t.Context(), c); err == nil {
			t.Error("no error")
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || readText(t, other) != "precious" {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestTensorBoardLeavesAnotherRunAlone(t *testing.T) {
	dir := t.TempDir()
	_, c := small(t)
	run(t, c, &TensorBoard{Dir: dir})
	_, c = small(t)
	c.Callbacks = []train.Callback{&TensorBoard{Dir: dir}}
	if _, err := train.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), dir+": there are events already (events.out.tfevents.") {
		t.Errorf("error %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
}
