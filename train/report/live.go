package report

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/train"
)

// Live is a callback that serves the report of a run while it goes, as an http.Handler. Whoever looks
// never holds the run up: messages to those that do not keep up are dropped, with the connection. The result of the
// run does not depend on it.
//
// While nobody looks it costs next to nothing. While somebody does, each epoch judges the first of the test
// examples, a twentieth as many as were trained on; the end of the run judges all.
type Live struct {
	train.Quiet
	dir   string
	net   *train.Classifier
	clock func() time.Time

	mu      sync.Mutex
	hub     hub
	report  *Report // is replaced, and never changed
	version int     // of report
	history history
	now     now
	few     data.Dataset // test examples that it looks at during the run; nil: not chosen yet
	ended   string       // why; "": the run goes on

	begun     time.Time // and at which step
	first     int
	refreshed time.Time
	stale     bool // clients have not been told of report

	rendering sync.Mutex // so that no number of clients takes more than one processor
	cached    []message
	cachedFor int
}

// now is where a run stands.
type now struct {
	Epoch  int    `json:"epoch"`
	Epochs int    `json:"epochs"`
	Step   int    `json:"step"` // of the run
	Steps  int    `json:"steps"`
	Images number `json:"images"` // a second
	Left   number `json:"left"`   // seconds
}

// place takes where a loop stands. After an epoch it stands before the next, which there may not be, and
// counts one that was cut short as whole.
func (n *now) place(loop *train.Loop) {
	n.Epoch, n.Step = loop.Progress.Epoch, min(loop.Number(), loop.Last())
	if loop.Progress.Step == 0 && len(loop.Epochs) > 0 {
		n.Epoch = len(loop.Epochs)
	}
}

// NewLive returns the live report of the run that train.Directory keeps in a directory.
func NewLive(dir string, net *train.Classifier) *Live {
	return &Live{dir: dir, net: net, clock: time.Now, report: &Report{Run: Run{Record: &train.Record{}}}, version: 1}
}

// Start reads the record's first line.
func (l *Live) Start(loop *train.Loop) error {
	run, err := ReadRun(l.dir)
	if err != nil {
		return err
	}
	run.Epochs = loop.Epochs
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(&Report{Run: run, Examples: run.Record.Start.Examples[1]})
	l.begun, l.first = l.clock(), loop.Number()
	l.now = now{Epochs: loop.Config.Epochs, Steps: loop.Last()}
	l.now.place(loop)
	l.history.resume(l.begun)
	return nil
}

// Epoch takes note of the time.
func (l *Live) Epoch(*train.Loop) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history.epoch(l.clock())
	return nil
}

// Step tells of what was trained, a few times a second.
func (l *Live) Step(loop *train.Loop) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.clock()
	s, due := l.history.step(loop.Progress, loop.LearningRate(), at)
	if !due {
		return nil
	}
	p := s.point()
	l.now.Images = p.Images
	l.now.place(loop)
	if done := loop.Number() - l.first; done > 0 {
		l.now.Left = number(at.Sub(l.begun).Seconds() / float64(done) * float64(loop.Last()-loop.Number()))
	}
	l.hub.tell(message{eventStep, encode(struct {
		point
		Now now `json:"now"`
	}{p, l.now})})
	l.stale = l.history.thin() || l.stale
	l.refresh(at)
	return nil
}

// Evaluation shows the epoch and, if somebody looks, what the network does with some of the test set.
func (l *Live) Evaluation(loop *train.Loop) error {
	l.mu.Lock()
	next, watched := *l.report, len(l.hub.clients) > 0
	l.mu.Unlock()
	next.Run.Epochs = loop.Epochs[:len(loop.Epochs):len(loop.Epochs)]
	if watched {
		if err := l.choose(loop.Config); err != nil {
			return err
		}
		if err := l.look(&next, loop, l.few); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(&next)
	l.refresh(l.clock())
	return nil
}

// choose chooses test examples to look at during the run, few beside those that it trains on.
func (l *Live) choose(c train.Config) (err error) {
	const share = 20
	if l.few == nil && c.Test != nil {
		l.few, err = data.LimitStratified(c.Test, max(1, c.Train.Len()/share))
	}
	return err
}

// look takes a closer look at the network, with test examples, or without if it has none.
func (l *Live) look(r *Report, loop *train.Loop, test data.Dataset) error {
	epoch := loop.Epochs[len(loop.Epochs)-1].Epoch
	r.Checkpoint = &Checkpoint{train.ModelFile, epoch, epoch}
	r.Filters = filtersOf(l.net.Net)
	if test == nil {
		return nil
	}
	return r.judge(context.Background(), l.net, test)
}

// End shows how the run has ended, and the whole report if it was finished.
func (l *Live) End(loop *train.Loop, err error) error {
	l.mu.Lock()
	next, watched := *l.report, len(l.hub.clients) > 0
	l.mu.Unlock()
	if run, err := ReadRun(l.dir); err == nil { // a run that kept nothing has none
		next.Run = run
	}
	if err == nil && watched && len(loop.Epochs) > 0 {
		if err := l.look(&next, loop, loop.Config.Test); err != nil {
			next.miss("confusion and mistakes: %v", err) // the run is over, and does not fail for that
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = loop.EndReason(err)
	l.now.Left = 0
	l.now.place(loop)
	l.replace(&next)
	l.refreshed = time.Time{}
	l.refresh(l.clock())
	l.hub.tell(l.farewell())
	l.hub.close()
	return nil
}

// farewell is the last message.
func (l *Live) farewell() message {
	return message{eventEnd, encode(liveView{l.ended, l.now})}
}

func (l *Live) replace(r *Report) {
	l.report, l.stale = r, true
	l.version++
}

// refresh tells clients that there is more than points to show, a few times a second at most.
func (l *Live) refresh(at time.Time) {
	if !l.stale || at.Sub(l.refreshed) < interval {
		return
	}
	l.stale, l.refreshed = false, at
	l.hub.tell(message{event: eventRefresh})
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // what is sent are strings and numbers
	}
	return b
}
