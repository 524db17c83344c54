package report

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// chromium is a headless browser, told what to do over a pipe by the DevTools protocol.
type chromium struct {
	t  *testing.T
	in io.Writer

	mu      sync.Mutex
	last    int
	answers map[int]chan reply
	events  chan reply
	gone    error
}

type reply struct {
	ID      int             `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Session string          `json:"sessionId"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startChromium starts the browser, or skips the test where there is none that runs, unless ODYSSEY_BROWSER asks for it.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	without := t.Skip
	if os.Getenv("ODYSSEY_BROWSER") != "" {
		without = t.Fatal
	}
	program, err := findChromium()
	if err != nil {
		without(err)
	}
	theirIn, in, err1 := os.Pipe()
	out, theirOut, err2 := os.Pipe()
	profile, err3 := os.MkdirTemp("", "chromium")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	args := []string{"--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--user-data-dir=" + profile}
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox") // which root cannot have
	}
	cmd := exec.Command(program, append(args, "about:blank")...)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	c := &chromium{t: t, in: in, answers: map[int]chan reply{}, events: make(chan reply, 10_000)}
	done := make(chan struct{})
	go c.listen(out, done)
	t.Cleanup(func() {
		in.Close() // which ends it
		<-done
		cmd.Wait()
		for os.RemoveAll(profile) != nil { // what it has started may write there a little longer
			runtime.Gosched()
		}
	})
	if _, err := c.ask("", "Browser.getVersion", nil); err != nil {
		without(fmt.Errorf("%s: %w", program, err))
	}
	return c
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no chromium in the path: apt-get install chromium")
}

func (c *chromium) listen(out io.Reader, done chan struct{}) {
	defer close(done)
	for r := bufio.NewReaderSize(out, 1<<20); ; {
		b, err := r.ReadBytes(0)
		if err != nil {
			c.fail(fmt.Errorf("the browser is gone: %w", err))
			return
		}
		var m reply
		if err := json.Unmarshal(b[:len(b)-1], &m); err != nil {
			c.fail(err)
			return
		}
		if m.ID == 0 {
			c.events <- m
			continue
		}
		c.mu.Lock()
		c.answers[m.ID] <- m
		c.mu.Unlock()
	}
}

func (c *chromium) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = err
	for _, a := range c.answers {
		close(a)
	}
	c.answers = map[int]chan reply{}
	close(c.events)
}

// call calls a method and returns its result.
func (c *chromium) call(session, method string, params map[string]any) json.RawMessage {
	c.t.Helper()
	result, err := c.ask(session, method, params)
	if err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
	return result
}

// ask is call, with an error.
func (c *chromium) ask(session, method string, params map[string]any) (json.RawMessage, error) {
	c.mu.Lock()
	if c.gone != nil {
		c.mu.Unlock()
		return nil, c.gone
	}
	c.last++
	id, answer := c.last, make(chan reply, 1)
	c.answers[id] = answer
	b, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params, "sessionId": session})
	if session == "" {
		b, err = json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if _, err := c.in.Write(append(b, 0)); err != nil {
		return nil, err
	}
	r, ok := <-answer
	if !ok {
		return nil, c.gone
	}
	c.mu.Lock()
	delete(c.answers, id)
	c.mu.Unlock()
	if r.Error != nil {
		return nil, errors.New(r.Error.Message)
	}
	return r.Result, nil
}

// tab is a page of the browser.
type tab struct {
	*chromium
	session  string
	problems []string // what the console and the page complain of
}

// open opens an address in a window of a size, light or dark, and waits until it is loaded.
func (c *chromium) open(url string, width, height int, scheme string) *tab {
	c.t.Helper()
	var target struct {
		ID string `json:"targetId"`
	}
	var attached struct {
		Session string `json:"sessionId"`
	}
	c.decode(c.call("", "Target.createTarget", map[string]any{"url": "about:blank"}), &target)
	c.decode(c.call("", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}), &attached)
	p := &tab{chromium: c, session: attached.Session}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.call(p.session, domain+".enable", nil)
	}
	p.call(p.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
	p.call(p.session, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
	p.call(p.session, "Page.navigate", map[string]any{"url": url})
	p.until("Page.loadEventFired")
	return p
}

func (c *chromium) decode(b json.RawMessage, v any) {
	c.t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		c.t.Fatal(err)
	}
}

// until waits for an event, and takes note of what goes wrong meanwhile.
func (p *tab) until(method string) {
	p.t.Helper()
	for e := range p.events {
		p.note(e)
		if e.Session == p.session && e.Method == method {
			return
		}
	}
	p.t.Fatal(p.gone)
}

// settle takes note of all events that have come.
func (p *tab) settle() []string {
	for {
		select {
		case e := <-p.events:
			p.note(e)
		default:
			return p.problems
		}
	}
}

func (p *tab) note(e reply) {
	wrong := e.Method == "Runtime.exceptionThrown" || e.Method == "Network.loadingFailed" && !strings.Contains(string(e.Params), `"EventSource"`) ||
		e.Method == "Runtime.consoleAPICalled" && !strings.Contains(string(e.Params), `"type":"log"`) || e.Method == "Log.entryAdded"
	if wrong {
		p.problems = append(p.problems, e.Method+": "+string(e.Params))
	}
	if e.Method == "Network.requestWillBeSent" {
		var sent struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		p.decode(e.Params, &sent)
		if u := sent.Request.URL; !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "http://127.0.0.1:") {
			p.problems = append(p.problems, "a request to "+u)
		}
	}
}

// eval runs an expression, a promise too, and returns its value.
func (p *tab) eval(expression string) string {
	p.t.Helper()
	var r struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	p.decode(p.call(p.session, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}), &r)
	if r.Exception != nil {
		p.t.Fatalf("%s: %s", expression, r.Exception)
	}
	return fmt.Sprint(r.Result.Value)
}

// screenshot writes a PNG of the window, or of the whole page.
func (p *tab) screenshot(file string, whole bool) {
	p.t.Helper()
	p.call(p.session, "Page.bringToFront", nil) // others are not drawn
	var shot struct {
		Data string `json:"data"`
	}
	p.decode(p.call(p.session, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole}), &shot)
	b, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(file, b, 0o666)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
