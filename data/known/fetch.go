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
)

const (
	silence  = time.Minute // that a server may keep
	tries    = 3           // in a row that bring nothing new
	overhead = 1 << 20     // bytes that a file may have beyond twice its usual size
)

// diskError is one that no other address would help against.
type diskError struct {
	part string
	err  error
}

func (e *diskError) Error() string { return fmt.Sprintf("write %s: %v", e.part, cause(e.err)) }
func (e *diskError) Unwrap() error { return e.err }

// cause strips what repeats the file's name.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

var patient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: silence / 2}).DialContext,
	TLSHandshakeTimeout:   silence / 2,
	ResponseHeaderTimeout: silence,
}}

// fetch downloads a file to part, from where part ends, and goes on where the
// connection breaks off.
func fetch(ctx context.Context, url string, f File, part string, o Options) error {
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return &diskError{part, err}
	}
	defer file.Close()
	d := &transfer{url: url, f: f, file: file, part: part, client: o.Client, progress: o.Progress}
	if d.client == nil {
		d.client = patient
	}
	if d.done, err = file.Seek(0, io.SeekEnd); err != nil {
		return &diskError{part, err}
	}
	for failed := 0; ; {
		before := d.done
		err := d.request(ctx)
		if err == nil {
			break
		}
		var broken *brokenOff
		if ctx.Err() != nil || !errors.As(err, &broken) {
			return err
		}
		if failed++; d.done > before {
			failed = 0
		}
		if failed == tries {
			return broken.err
		}
	}
	if err := file.Sync(); err != nil {
		return &diskError{part, err}
	}
	if err := file.Close(); err != nil {
		return &diskError{part, err}
	}
	return nil
}

// brokenOff is the end of a connection before that of the file.
type brokenOff struct{ err error }

func (e *brokenOff) Error() string { return e.err.Error() }

// transfer is one file on its way.
type transfer struct {
	url      string
	f        File
	file     *os.File
	part     string
	done     int64 // bytes in the file
	client   *http.Client
	progress func(file string, done, all int64)
}

// request asks for the rest of the file and writes what comes.
func (d *transfer) request(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	err := d.exchange(ctx, watch)
	if err != nil && ctx.Err() != nil && parent.Err() == nil {
		return &brokenOff{fmt.Errorf("nothing comes for %v", silence)}
	}
	return err
}

func (d *transfer) exchange(ctx context.Context, watch *time.Timer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return err
	}
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return &brokenOff{withoutURL(err)}
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && resp.StatusCode < 300 {
		return errPage
	}
	switch resp.StatusCode {
	case http.StatusOK: // all of it, whatever was asked for
		if err := d.restart(); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if !startsAt(resp, d.done) {
			return fmt.Errorf("range %q, want one from byte %d", resp.Header.Get("Content-Range"), d.done)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return d.pastTheEnd(resp)
	default:
		return errors.New(resp.Status)
	}
	return d.copy(ctx, resp, watch)
}

var errPage = errors.New("an HTML page instead of the file: does a proxy ask for something?")

// restart forgets what is there.
func (d *transfer) restart() error {
	if d.done == 0 {
		return nil
	}
	d.done = 0
	if err := d.file.Truncate(0); err != nil {
		return &diskError{d.part, err}
	}
	return nil
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
	if err := d.restart(); err != nil {
		return err
	}
	return &brokenOff{errors.New("more bytes are there than the server has")}
}

// copy writes an answer's body to the file.
func (d *transfer) copy(ctx context.Context, resp *http.Response, watch *time.Timer) error {
	most := 2*d.f.Bytes + overhead
	all := int64(0)
	if resp.ContentLength >= 0 {
		all = d.done + resp.ContentLength
	}
	if all > most {
		return fmt.Errorf("%d bytes, want about %d", all, d.f.Bytes)
	}
	b := make([]byte, 1<<16)
	for {
		if ctx.Err() != nil { // though more may be there already
			return ctx.Err()
		}
		n, err := resp.Body.Read(b)
		watch.Reset(silence)
		if d.done == 0 && n > 0 && isPage(b[:n]) {
			return errPage
		}
		if d.done+int64(n) > most {
			return fmt.Errorf("more than %d bytes, want about %d", most, d.f.Bytes)
		}
		if _, err := d.file.WriteAt(b[:n], d.done); err != nil {
			return &diskError{d.part, err}
		}
		d.done += int64(n)
		if d.progress != nil {
			d.progress(d.f.Name, d.done, all)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return &brokenOff{fmt.Errorf("broken off after %d bytes: %w", d.done, err)}
		}
	}
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
