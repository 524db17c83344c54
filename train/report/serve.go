package report

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// patience is how long a client may take for a message, and heartbeat how often it gets one at least, so that it
// shows whether it is there.
const (
	patience  = 10 * time.Second
	heartbeat = 15 * time.Second
)

// fragments are the parts of the page that are shown anew.
var fragments = []string{"summary", "epochs", "details", "facts"}

// ServeHTTP serves the page and its events, and reads nothing of a request but its method, path and host.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy("'self'")+"; frame-ancestors 'none'")
	switch {
	case isMisled(r):
		http.Error(w, "the connection is within this machine: want localhost, 127.0.0.1 or [::1] as host", http.StatusForbidden)
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		l.servePage(w)
	case r.URL.Path == "/":
		refuseMethod(w, "GET, HEAD")
	case r.URL.Path == "/events" && r.Method == http.MethodGet:
		l.serveEvents(w, r)
	case r.URL.Path == "/events":
		refuseMethod(w, "GET") // the head of what has no end would keep its connection
	default:
		http.Error(w, "not found: want / or /events", http.StatusNotFound)
	}
}

func refuseMethod(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	http.Error(w, "want "+allowed, http.StatusMethodNotAllowed)
}

// isMisled reports whether a request within this machine is for a host of another name: by a name of its own that
// it lets stand for 127.0.0.1, a page from elsewhere could read what is for this machine alone (DNS rebinding).
func isMisled(r *http.Request) bool {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() {
		return false
	}
	host := (&url.URL{Host: r.Host}).Hostname()
	return !strings.EqualFold(host, "localhost") && !net.ParseIP(host).IsLoopback()
}

func (l *Live) servePage(w http.ResponseWriter) {
	var b bytes.Buffer
	l.rendering.Lock()
	v, _ := l.view()
	err := v.write(&b)
	l.rendering.Unlock()
	if err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // an error: it has none
	w.Write(b.Bytes())                                                       // an error: the client is gone
}

// view returns the page as it is now, and the version of its report.
func (l *Live) view() (v *view, version int) {
	l.mu.Lock()
	r, stretches, live, version := l.report, slices.Clone(l.history.stretches), &liveView{l.ended, l.now}, l.version
	l.mu.Unlock()
	v = newView(r, live)
	curves := r.curves()
	for name, line := range lines(stretches) {
		curves.Runs[0].Lines[name] = line
	}
	v.Curves = curves
	return v, version
}

// serveEvents sends what happens until the run ends or the client does not keep up.
func (l *Live) serveEvents(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	ended := l.ended != ""
	var inbox chan message
	if !ended {
		inbox = l.hub.join()
	}
	l.mu.Unlock()
	if !ended && inbox == nil {
		http.Error(w, fmt.Sprintf("there are %d clients already", mostClients), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := stream{w, http.NewResponseController(w)}
	version := 0
	ok := out.write("retry: 2000\n\n") && l.sendNew(out, &version)
	if ended {
		l.mu.Lock()
		last := l.farewell()
		l.mu.Unlock()
		_ = ok && out.send(last)
		return
	}
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hub.leave(inbox)
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for ok {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			ok = out.write(": still here\n\n")
		case m, open := <-inbox:
			switch {
			case !open:
				return
			case m.event == eventRefresh:
				ok = l.sendNew(out, &version)
			default:
				ok = out.send(m)
			}
		}
	}
}

// sendNew sends the curves and, unless the client has this version of them, the parts of the page.
func (l *Live) sendNew(out stream, version *int) bool {
	state, parts, now := l.messages()
	ok := out.send(state)
	if *version != now {
		for _, m := range parts {
			ok = ok && out.send(m)
		}
	}
	*version = now
	return ok
}

// messages returns all that there is to tell.
func (l *Live) messages() (state message, parts []message, version int) {
	l.rendering.Lock()
	defer l.rendering.Unlock()
	v, version := l.view()
	if l.cachedFor != version {
		l.cached, l.cachedFor = v.fragments(), version
	}
	state = message{eventState, encode(struct {
		Curves any `json:"curves"`
		*liveView
	}{v.Curves, v.Live})}
	return state, l.cached, version
}

func (v *view) fragments() (all []message) {
	for _, name := range fragments {
		html, err := v.fragment(name)
		if err != nil {
			continue // the page keeps what it has
		}
		all = append(all, message{eventFragment, encode(map[string]string{"id": name, "html": html})})
	}
	return all
}

// stream writes server-sent events.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (s stream) send(m message) bool {
	return s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", m.event, m.data))
}

// write reports whether the client is still there.
func (s stream) write(text string) bool {
	s.control.SetWriteDeadline(time.Now().Add(patience)) // an error: it has none
	if _, err := s.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
