package known

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/internal/printable"
)

const (
	silence   = time.Minute // that a server may keep
	tries     = 4           // in a row that bring nothing new
	firstWait = time.Second // before another try; then twice as long each time
	overhead  = 1 << 20     // bytes that a file may have beyond twice its usual size
)

// diskError is one that no other address would help against.
type diskError struct {
	part string
	err  error
}

func (e *diskError) Error() string {
	return fmt.Sprintf("write %s: %v", e.part, printable.Cause(e.err))
}
func (e *diskError) Unwrap() error { return e.err }

var patient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: silence / 2}).DialContext,
	TLSHandshakeTimeout:   silence / 2,
	ResponseHeaderTimeout: silence,
}}

// pause waits, unless ctx is done first.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// fetch downloads a file to part, from where part ends, and goes on where the
// connection breaks off. It is an errAnother where the server has no such rest.
func fetch(ctx context.Context, url string, f File, part string, o Options) error {
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return &diskError{part, err}
	}
	defer file.Close()
	d := &transfer{url: url, f: f, file: file, part: part, o: o}
	if d.done, err = file.Seek(0, io.SeekEnd); err != nil {
		return &diskError{part, err}
	}
	d.begun = d.done > 0
	if err := d.persist(ctx); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return &diskError{part, err}
	}
	if err := file.Close(); err != nil {
		return &diskError{part, err}
	}
	return nil
}

// brokenOff is what another try may help against: the end of a connection before
// that of the file, or a server that cannot answer now.
type brokenOff struct{ err error }

func (e *brokenOff) Error() string { return e.err.Error() }

var (
	errPage    = errors.New("an HTML page instead of the file: does a proxy ask for something?")
	errAnother = errors.New("the server does not go on from what is there")
)

// transfer is one file on its way.
type transfer struct {
	url   string
	f     File
	file  *os.File
	part  string
	done  int64 // bytes in the file
	begun bool  // these may be another server's, and are kept
	o     Options
}

// persist asks until it has the whole file, waiting longer each time that nothing new came.
func (d *transfer) persist(ctx context.Context) error {
	for failed := 0; ; {
		before := d.done
		err := d.request(ctx)
		var broken *brokenOff
		if err == nil || ctx.Err() != nil || !errors.As(err, &broken) {
			return err
		}
		if failed++; d.done > before {
			failed = 1
		}
		if failed == tries {
			return broken.err
		}
		d.o.wait(ctx, firstWait<<(failed-1))
	}
}

// request asks for the rest of the file and writes what comes.
func (d *transfer) request(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	watch := time.AfterFunc(d.o.silence, cancel)
	defer watch.Stop()
	err := d.exchange(ctx, watch)
	if err != nil && ctx.Err() != nil && parent.Err() == nil {
		return &brokenOff{fmt.Errorf("nothing comes for %v", d.o.silence)}
	}
	return err
}

func (d *transfer) exchange(ctx context.Context, watch *time.Timer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return err
	}
	// The file as it is: a client unpacks what a server calls compressed, if it was not asked for so.
	req.Header.Set("Accept-Encoding", "identity")
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
	}
	resp, err := d.o.Client.Do(req)
	if err != nil {
		return &brokenOff{withoutURL(err)}
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && resp.StatusCode < 300 {
		return errPage
	}
	switch status := resp.StatusCode; {
	case status == http.StatusOK: // all of it, whatever was asked for
		return d.copy(ctx, resp, 0, watch)
	case status == http.StatusPartialContent && startsAt(resp, d.done):
		return d.copy(ctx, resp, d.done, watch)
	case status == http.StatusPartialContent:
		return fmt.Errorf("range %q, want one from byte %d", resp.Header.Get("Content-Range"), d.done)
	case status == http.StatusRequestedRangeNotSatisfiable:
		return d.pastTheEnd(resp)
	case status >= 500 || status == http.StatusTooManyRequests:
		return &brokenOff{errors.New(resp.Status)}
	}
	return errors.New(resp.Status)
}

func startsAt(resp *http.Response, at int64) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", at))
}

// pastTheEnd is the answer where there is no more of a file: it may be whole.
func (d *transfer) pastTheEnd(resp *http.Response) error {
	_, all, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
	if n, err := strconv.ParseInt(all, 10, 64); err == nil && n == d.done {
		return nil
	}
	return errAnother
}

// copy writes an answer's body, which is the file from some byte on.
func (d *transfer) copy(ctx context.Context, resp *http.Response, from int64, watch *time.Timer) error {
	most := 2*d.f.Bytes + overhead
	all := int64(0)
	if resp.ContentLength >= 0 {
		all = from + resp.ContentLength
	}
	if all > most {
		return fmt.Errorf("%d bytes, want about %d", all, d.f.Bytes)
	}
	b := make([]byte, 1<<16)
	for looked := false; ; {
		if ctx.Err() != nil { // though more may be there already
			return ctx.Err()
		}
		n, err := resp.Body.Read(b)
		watch.Reset(d.o.silence)
		if n > 0 && !looked {
			if err := d.begin(b[:n], from); err != nil {
				return err
			}
			looked = true
		}
		if d.done+int64(n) > most {
			return fmt.Errorf("more than %d bytes, want about %d", most, d.f.Bytes)
		}
		if _, err := d.file.WriteAt(b[:n], d.done); err != nil {
			return &diskError{d.part, err}
		}
		d.done += int64(n)
		if d.o.Progress != nil {
			d.o.Progress(d.f.Name, d.done, all)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return &brokenOff{fmt.Errorf("broken off after %d bytes: %w", d.done, err)}
		}
	}
}

// begin looks at the first bytes of an answer, and forgets what is there if they
// begin the file anew.
func (d *transfer) begin(start []byte, from int64) error {
	switch {
	case from == 0 && isPage(start):
		return errPage
	case from == d.done:
		return nil
	case d.begun:
		return errAnother
	}
	if err := d.file.Truncate(0); err != nil {
		return &diskError{d.part, err}
	}
	d.done = 0
	return nil
}

// isPage reports whether a file begins as text of HTML or XML does. None of the
// sets' files do.
func isPage(start []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(start), []byte("<")) }

// withoutURL strips what an http.Client says about the address, which is told anyway.
func withoutURL(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}
