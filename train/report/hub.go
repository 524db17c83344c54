package report

// A client may be this many messages behind; then it is let go. Its page connects again and gets all there is.
const (
	mostBehind  = 64
	mostClients = 64
)

// message is an event for the page, with its data as JSON.
type message struct {
	event string
	data  []byte
}

// The events.
const (
	eventState    = "state"    // all curves
	eventStep     = "step"     // a point more
	eventFragment = "fragment" // a part of the page, anew
	eventEnd      = "end"      // of the run

	eventRefresh = "refresh" // to the handler, which makes states and fragments of it
)

// hub hands messages to clients, and waits for none of them. Whoever calls its methods holds the lock
// of what it belongs to.
type hub struct {
	clients map[chan message]bool
}

// join returns where a new client's messages come in, nil if there are too many clients.
func (h *hub) join() chan message {
	if len(h.clients) >= mostClients {
		return nil
	}
	if h.clients == nil {
		h.clients = map[chan message]bool{}
	}
	c := make(chan message, mostBehind)
	h.clients[c] = true
	return c
}

// leave lets a client go, if it is still there.
func (h *hub) leave(c chan message) {
	if h.clients[c] {
		delete(h.clients, c)
		close(c)
	}
}

// tell sends a message to all, and lets go whoever does not keep up.
func (h *hub) tell(m message) {
	for c := range h.clients {
		select {
		case c <- m:
		default:
			h.leave(c)
		}
	}
}

// close lets all go, after what they were told.
func (h *hub) close() {
	for c := range h.clients {
		h.leave(c)
	}
}
