package callback

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/mlodyssey/odyssey/train"
)

// Webhook posts a Message as JSON to an address when a run starts, after each epoch, and at the end. It
// does so beside the training, which waits for it at the end alone. What fails is told to OnError and does not
// hurt the run.
type Webhook struct {
	train.Quiet

	URL     string
	Name    string        // of the run
	Timeout time.Duration // for each message; 0: 10 seconds
	OnError func(error)   // may be nil

	messages chan Message
	done     chan struct{}
	cancel   context.CancelFunc
	after    func(time.Duration) <-chan time.Time // time.After, but in tests
}

// Message is what a Webhook posts.
type Message struct {
	Run    string       `json:"run"`
	Event  string       `json:"event"`  // "start", "epoch" or "end"
	Epochs int          `json:"epochs"` // of the run, as planned
	Epoch  *train.Epoch `json:"epoch,omitempty"`
	Reason string       `json:"reason,omitempty"` // of an early end
}

// pendingMessages may wait; those of a run that is faster are left out.
const pendingMessages = 64

// Start posts the first message.
func (w *Webhook) Start(l *train.Loop) error {
	w.messages, w.done = make(chan Message, pendingMessages), make(chan struct{})
	client := &http.Client{Timeout: w.timeout()}
	if w.after == nil {
		w.after = time.After
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		for m := range w.messages {
			if err := w.post(ctx, client, m); err != nil && w.OnError != nil {
				w.OnError(fmt.Errorf("webhook %s: %w", w.URL, err))
			}
		}
	}()
	w.send(l, Message{Event: "start"})
	return nil
}

// Evaluation posts an epoch.
func (w *Webhook) Evaluation(l *train.Loop) error {
	e := l.Epochs[len(l.Epochs)-1]
	w.send(l, Message{Event: "epoch", Epoch: &e})
	return nil
}

// End posts the last message, and waits for all that are not yet sent no longer than Timeout.
func (w *Webhook) End(l *train.Loop, err error) error {
	if w.messages == nil {
		return nil
	}
	m := Message{Event: "end"}
	if why := l.EndReason(err); why != train.EndFinished {
		m.Reason = why
	}
	if n := len(l.Epochs); n > 0 {
		m.Epoch = &l.Epochs[n-1]
	}
	m.Run, m.Epochs = w.Name, l.Config.Epochs
	select {
	case w.messages <- m:
	default: // the last message is worth more than one that waits
		select {
		case <-w.messages:
		default: // by now none waits
		}
		w.messages <- m
	}
	close(w.messages)
	select {
	case <-w.done:
	case <-w.after(w.timeout()):
		w.cancel()
		<-w.done
	}
	w.cancel()
	w.messages = nil
	return nil
}

func (w *Webhook) timeout() time.Duration { return cmp.Or(w.Timeout, 10*time.Second) }

func (w *Webhook) send(l *train.Loop, m Message) {
	m.Run, m.Epochs = w.Name, l.Config.Epochs
	select {
	case w.messages <- m:
	default:
	}
}

func (w *Webhook) post(ctx context.Context, client *http.Client, m Message) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(b))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("status %s, want one of 200 to 299", response.Status)
	}
	return nil
}
