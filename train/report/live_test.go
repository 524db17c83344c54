package report

import (
	"bufio"
	"context"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// event is what a client of the live page gets.
type event struct{ name, data string }

// events reads a stream of them, to its end.
func events(r io.Reader) (all []event) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<24)
	var e event
	for s.Scan() {
		switch line := s.Text(); {
		case strings.HasPrefix(line, "event: "):
			e.name = line[7:]
		case strings.HasPrefix(line, "data: "):
			e.data = line[6:]
		case line == "" && e.name != "":
			all = append(all, e)
			e = event{}
		}
	}
	return all
}

func named(all []event, name string) (some []event) {
	for _, e := range all {
		if e.name == name {
			some = append(some, e)
		}
	}
	return some
}

// stepping is a live report whose clock goes on by half a second a step.
func stepping(dir string, net *train.Classifier) *Live {
	l, c := NewLive(dir, net), &clock{time.Unix(0, 0)}
	l.clock = func() time.Time { return c.tick(interval / 2) }
	return l
}

// hook calls a function once a run has begun.
type hook struct {
	train.Quiet
	start, epoch func()
}

func (h hook) Start(*train.Loop) error { h.start(); return nil }
func (h hook) Epoch(*train.Loop) error {
	if h.epoch != nil {
		h.epoch()
	}
	return nil
}

// patient gives a client as long as it takes.
type patient struct{ http.Handler }

func (p patient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Handler.ServeHTTP(endless{w}, r)
}

// endless has no deadline that could be set.
type endless struct{ http.ResponseWriter }

func (e endless) Flush() { e.ResponseWriter.(http.Flusher).Flush() }

// watch trains a run that a client follows from the start, and returns what that client got.
func watch(t *testing.T, s train.Settings) (dir string, got []event) {
	t.Helper()
	var live *Live
	done := make(chan []event, 1)
	dir = trained(t, s, func(dir string, net *train.Classifier) train.Callback {
		live = stepping(dir, net)
		return live
	}, func(string, *train.Classifier) train.Callback {
		return hook{start: func() {
			server := httptest.NewServer(patient{live})
			t.Cleanup(server.Close)
			response, err := http.Get(server.URL + "/events")
			if err != nil {
				t.Error(err)
				done <- nil
				return
			}
			go func() { done <- events(response.Body) }()
		}}
	})
	return dir, <-done
}

func TestLiveTellsOfTheRun(t *testing.T) {
	dir, got := watch(t, settings("conv", train.Glyphs))
	if len(got) == 0 || got[0].name != eventState || got[len(got)-1].name != eventEnd {
		t.Fatalf("%d events, want a state first and an end last", len(got))
	}
	if n := len(named(got, eventEnd)); n != 1 {
		t.Errorf("%d ends", n)
	}
	steps := named(got, eventStep)
	if len(steps) < 5 {
		t.Fatalf("%d steps of 30", len(steps))
	}
	var last struct {
		At   float64 `json:"at"`
		Loss float64 `json:"step_loss"`
		Now  now     `json:"now"`
	}
	if err := json.Unmarshal([]byte(steps[len(steps)-1].data), &last); err != nil || last.At <= 2.5 || last.At > 3 || last.Loss <= 0 || last.Now.Steps != 30 || last.Now.Epoch != 3 {
		t.Errorf("the last step is %+v, %v", last, err)
	}
	var end liveView
	if err := json.Unmarshal([]byte(got[len(got)-1].data), &end); err != nil || end.Ended != train.EndFinished || end.Now.Step != 30 {
		t.Errorf("the end is %+v, %v", end, err)
	}
	// What the page shows at the end is what the file says.
	details := ""
	for _, e := range named(got, eventFragment) {
		var part struct{ ID, HTML string }
		if err := json.Unmarshal([]byte(e.data), &part); err != nil {
			t.Fatal(err)
		}
		if part.ID == "details" {
			details = html.UnescapeString(part.HTML)
		}
	}
	net, err := train.Load(dir, newNet)
	if err != nil {
		t.Fatal(err)
	}
	want := &Report{Run: Run{Record: &train.Record{}}}
	set, err := train.OpenData(train.Glyphs, "test", 1, 320)
	if err != nil {
		t.Fatal(err)
	}
	if err := want.judge(t.Context(), net, set); err != nil {
		t.Fatal(err)
	}
	for _, m := range want.Mistakes {
		if !strings.Contains(details, string(m.Picture)) {
			t.Errorf("the last details lack mistake %+v", m)
			break
		}
	}
	if !strings.Contains(details, "all 320 test examples") || strings.Contains(details, "while somebody looks") {
		t.Errorf("the last details are not those of the end: %.300s", details)
	}
}

// Being looked at does not change a run.
func TestLiveChangesNothing(t *testing.T) {
	s := settings("conv", train.Glyphs)
	watched, _ := watch(t, s)
	alone := trained(t, s)
	a, err1 := os.ReadFile(filepath.Join(watched, train.ModelFile))
	b, err2 := os.ReadFile(filepath.Join(alone, train.ModelFile))
	if err1 != nil || err2 != nil || string(a) != string(b) {
		t.Errorf("the weights differ: %v, %v", err1, err2)
	}
}

// stuck is a client that takes nothing until it is let go.
type stuck struct {
	header http.Header
	free   chan struct{}
	began  chan struct{}
}

func (s *stuck) Header() http.Header { return s.header }
func (s *stuck) WriteHeader(int)     {}
func (s *stuck) Write(b []byte) (int, error) {
	select {
	case s.began <- struct{}{}:
	default:
	}
	<-s.free
	return 0, io.ErrClosedPipe
}

// A client that takes nothing holds nobody up: the run goes on and ends, another client gets all of it, and the one that is stuck
// is let go.
func TestAStuckClientDoesNotHoldTheRun(t *testing.T) {
	s := settings("linear", train.Glyphs)
	s.Epochs = 40
	slow := &stuck{http.Header{}, make(chan struct{}), make(chan struct{}, 1)}
	gone := make(chan struct{})
	var live *Live
	trained(t, s, func(dir string, net *train.Classifier) train.Callback {
		live = stepping(dir, net)
		return live
	}, func(string, *train.Classifier) train.Callback {
		return hook{start: func() {
			go func() {
				live.ServeHTTP(slow, httptest.NewRequest("GET", "/events", nil))
				close(gone)
			}()
			<-slow.began
		}}
	})
	live.mu.Lock()
	left := len(live.hub.clients)
	live.mu.Unlock()
	if left != 0 {
		t.Errorf("%d clients are still there when the run has ended", left)
	}
	close(slow.free)
	<-gone
}

func TestTheHubLetsGoWhoeverIsBehind(t *testing.T) {
	var h hub
	slow, quick := h.join(), h.join()
	for i := range mostBehind + 1 {
		h.tell(message{event: eventStep})
		if i < mostBehind {
			<-quick
		}
	}
	if len(h.clients) != 1 || !h.clients[quick] {
		t.Fatalf("%d clients, want the quick one", len(h.clients))
	}
	n := 0
	for range slow {
		n++
	}
	if n != mostBehind {
		t.Errorf("the slow client had %d messages, want %d and an end", n, mostBehind)
	}
	h.leave(slow) // twice is once
	for range mostClients {
		h.join()
	}
	if h.join() != nil || len(h.clients) != mostClients {
		t.Errorf("%d clients, want at most %d", len(h.clients), mostClients)
	}
}

// Whoever comes late gets what was before, and after the end that it has ended.
func TestLateClients(t *testing.T) {
	var live *Live
	trained(t, settings("linear", train.Glyphs), func(dir string, net *train.Classifier) train.Callback {
		live = stepping(dir, net)
		return live
	})
	w := httptest.NewRecorder()
	live.ServeHTTP(w, httptest.NewRequest("GET", "/events", nil))
	got := events(w.Body)
	if len(got) != 2+len(fragments) || got[0].name != eventState || got[len(got)-1].name != eventEnd {
		t.Fatalf("%d events after the end", len(got))
	}
	var state struct {
		Curves curvesOf
		Ended  string
	}
	if err := json.Unmarshal([]byte(got[0].data), &state); err != nil || state.Ended != train.EndFinished {
		t.Fatalf("%+v, %v", state, err)
	}
	lines := state.Curves.Runs[0].Lines
	if len(lines["test_loss"].X) != 3 || len(lines["step_loss"].X) < 5 {
		t.Errorf("%d epochs and %d points, want 3 and all points", len(lines["test_loss"].X), len(lines["step_loss"].X))
	}
	w = httptest.NewRecorder()
	live.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if page := w.Body.String(); !strings.Contains(page, "step_loss") || !strings.Contains(page, "linear on glyphs") {
		t.Errorf("the page lacks what was before: %.300s", page)
	}
}

func TestLiveTakesNothingButItsTwoPaths(t *testing.T) {
	live := NewLive("nowhere", nil)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"POST", "/", 405}, {"DELETE", "/events", 405}, {"HEAD", "/events", 405}, {"GET", "/model.safetensors", 404}, {"GET", "//", 404}, {"GET", "/../run.json", 404},
	} {
		w := httptest.NewRecorder()
		live.ServeHTTP(w, httptest.NewRequest(c.method, "http://host"+c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.status)
		}
		h := w.Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s: headers %v", c.method, c.path, h)
		}
	}
}

// A page from elsewhere whose name stands for 127.0.0.1 gets nothing; at other addresses, names are as one likes.
func TestLiveOnLoopbackTakesNoOtherHost(t *testing.T) {
	live := NewLive("nowhere", nil)
	for _, c := range []struct {
		at, host string
		status   int
	}{
		{"127.0.0.1", "127.0.0.1:8080", 200}, {"127.0.0.1", "localhost:8080", 200}, {"127.0.0.1", "LOCALHOST", 200}, {"::1", "[::1]:8080", 200},
		{"127.0.0.2", "127.0.0.2", 200}, {"127.0.0.1", "evil.example:8080", 403}, {"::1", "evil.example", 403}, {"127.0.0.1", "127.0.0.1.evil.example", 403},
		{"127.0.0.1", "192.0.2.1:8080", 403}, {"127.0.0.1", "", 403}, {"192.0.2.1", "desk.example:8080", 200},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(c.at), Port: 8080}))
		w := httptest.NewRecorder()
		live.ServeHTTP(w, r)
		if w.Code != c.status || c.status != 200 && strings.Contains(w.Body.String(), "<html") {
			t.Errorf("host %q at %s: status %d, want %d", c.host, c.at, w.Code, c.status)
		}
	}
	server := httptest.NewServer(live) // which says by itself where a connection is
	defer server.Close()
	request, err := http.NewRequest("GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("status %d of another host", response.StatusCode)
	}
}

// The page ends where the run does, with the reason that the record has.
func TestLiveEndsWhereTheRunDoes(t *testing.T) {
	s := settings("linear", train.Glyphs)
	s.Epochs, s.Steps = 0, 25 // of 10 an epoch
	for name, c := range map[string]struct {
		stop func(l *train.Loop, cancel func())
		want liveView
	}{
		"finished":    {func(*train.Loop, func()) {}, liveView{train.EndFinished, now{Epoch: 3, Epochs: 3, Step: 25, Steps: 25}}},
		"interrupted": {func(_ *train.Loop, cancel func()) { cancel() }, liveView{train.EndInterrupted, now{Epoch: 2, Epochs: 3, Step: 13, Steps: 25}}},
		"stopped":     {func(l *train.Loop, _ func()) { l.Stop("enough") }, liveView{"enough", now{Epoch: 2, Epochs: 3, Step: 20, Steps: 25}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			net, config, err := s.Prepare(newNet)
			if err != nil {
				t.Fatal(err)
			}
			d, err := train.NewDirectory(dir, s)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			live := NewLive(dir, net)
			live.clock = func() time.Time { return time.Time{} } // no step is told of
			config.Callbacks = []train.Callback{live, train.OnStep(func(l *train.Loop) error {
				if l.Number() == 13 {
					c.stop(l, cancel)
				}
				return nil
			})}
			d.Run(ctx, net, config) // an error: it was interrupted
			got := liveView{live.ended, live.now}
			if got.Now.Images = 0; got != c.want {
				t.Errorf("the page ends with %+v, want %+v", got, c.want)
			}
			r, err := train.ReadRecord(dir)
			if err != nil || r.End == nil || r.End.Reason != live.ended {
				t.Errorf("the record ends with %+v, %v", r.End, err)
			}
		})
	}
}
