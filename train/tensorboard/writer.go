// Package tensorboard writes event files, which TensorBoard shows as curves, histograms, texts and
// pictures over the steps of a run. A directory of event files is a run: `tensorboard --logdir` takes
// a directory of such directories.
//
// An event file is a sequence of TFRecords (https://www.tensorflow.org/tutorials/load_data/tfrecord),
// each with an Event message of TensorFlow's core/util/event.proto, the first of which has the version
// "brain.Event:2". Values are a Summary message of core/framework/summary.proto.
package tensorboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Config is how events are written. The zero value is good.
type Config struct {
	Now  func() time.Time // gives the file its name, and each event its time; nil: time.Now
	Host string           // in the file's name; empty: os.Hostname
}

// Writer appends events to a file. Each is one write to the operating system, so TensorBoard sees it
// at once, and of a run that is killed all but at most the last is whole. A Writer is used by one
// goroutine at a time.
//
// Tags name what is shown, such as "loss/train", where TensorBoard groups by what is before a slash.
// A tag is always used for one kind of value, with steps that grow.
type Writer struct {
	file   *os.File
	now    func() time.Time
	record []byte // of the last event: its memory is used again
	err    error  // that ended the writing, as an event may have been written in part
}

// Create makes an event file in a directory, which is made too where it is missing. The file is
// called events.out.tfevents.SECONDS.HOST.N: the Unix time, and the smallest number that is not taken.
func Create(dir string, c Config) (*Writer, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("create events in %s: %w", dir, err)
	}
	start := c.Now()
	f, err := createIn(dir, fmt.Sprintf("events.out.tfevents.%010d.%s", start.Unix(), hostOf(c)))
	if err != nil {
		return nil, err
	}
	w := &Writer{file: f, now: c.Now}
	if err := w.write(appendVersion(nil, start)); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return w, nil
}

// createIn makes a file that was not there: two runs may begin within a second.
func createIn(dir, name string) (*os.File, error) {
	for n := 0; ; n++ {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s.%d", name, n)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// hostOf returns the name of the host, as part of a file's name.
func hostOf(c Config) string {
	host := c.Host
	if host == "" {
		host, _ = os.Hostname()
	}
	if host == "" {
		host = "localhost"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
}

// Path is that of the file.
func (w *Writer) Path() string { return w.file.Name() }

// Restart says that a run which was interrupted goes on with a step: TensorBoard drops what files before this one
// have of that step and of later ones.
func (w *Writer) Restart(step int) error { return w.write(appendRestart(nil, w.now(), step)) }

// Scalar writes a point of a curve, rounded to float32 as event files have it. NaN and infinities are
// written too.
func (w *Writer) Scalar(tag string, step int, value float64) error {
	return w.summary("scalar", tag, step, scalar(value))
}

// Histogram writes how values are distributed: see [NewHistogram].
func (w *Writer) Histogram(tag string, step int, h Histogram) error {
	if err := h.check(); err != nil {
		return w.refuse("histogram", tag, step, err)
	}
	return w.summary("histogram", tag, step, histogram(h))
}

// Text writes a text, which TensorBoard shows as Markdown. It is UTF-8.
func (w *Writer) Text(tag string, step int, markdown string) error {
	if !utf8.ValidString(markdown) {
		return w.refuse("text", tag, step, errors.New("want UTF-8"))
	}
	return w.summary("text", tag, step, text(markdown))
}

// summary writes an event with a value, given as the fields that follow its tag.
func (w *Writer) summary(kind, tag string, step int, value []byte) error {
	if tag == "" || !utf8.ValidString(tag) {
		return w.refuse(kind, tag, step, errors.New("want a tag, of UTF-8"))
	}
	return w.write(appendSummary(nil, w.now(), step, tag, value))
}

func (w *Writer) refuse(kind, tag string, step int, err error) error {
	return fmt.Errorf("write %s %q of step %d to %s: %w", kind, tag, step, w.Path(), err)
}

// write appends a record.
func (w *Writer) write(event []byte) error {
	if w.err != nil {
		return w.err
	}
	w.record = appendRecord(w.record[:0], event)
	_, w.err = w.file.Write(w.record)
	return w.err
}

// Close closes the file. What is written afterwards is an error, as is another Close.
func (w *Writer) Close() error { return w.file.Close() }
