package tensorboard

import (
	"bytes"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// clock ticks by half a second whenever it is read.
func clock() func() time.Time {
	at := time.Unix(1700000000, 250_000_000)
	return func() time.Time {
		now := at
		at = at.Add(time.Second / 2)
		return now
	}
}

func create(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := Create(dir, Config{Now: clock(), Host: "some host/äö"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// picture4 has four pixels, one of which is transparent.
func picture4() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(3, 4, 5, 6))
	m.Set(3, 4, color.NRGBA{255, 0, 0, 255})
	m.Set(4, 5, color.NRGBA{0, 0, 255, 128})
	return m
}

// all writes an event of each kind.
func all(t *testing.T, w *Writer) {
	check(t, w.Scalar("loss/train", 0, 0.1))
	check(t, w.Scalar("loss/train", 1<<30, 0))
	check(t, w.Scalar("loss/größe", -1, math.Inf(1)))
	check(t, w.Text("notes", 3, "# a *run*\n\n…"))
	check(t, w.Text("notes", 4, ""))
	check(t, w.Image("digits", 5, picture4()))
	h, err := NewHistogram([]float64{-1, 0, 0, 2})
	check(t, err)
	check(t, w.Histogram("weights", 6, h))
	check(t, w.Restart(7))
	check(t, w.Close())
}

func TestEventsAreWhatTheSchemaSays(t *testing.T) {
	w := create(t, filepath.Join(t.TempDir(), "runs", "1"))
	all(t, w)
	var encoded bytes.Buffer
	check(t, png.Encode(&encoded, picture4()))
	value := func(v map[string]any) map[string]any { return map[string]any{"value": []any{v}} }
	text := func(s string) map[string]any {
		return map[string]any{
			"tag": "notes", "metadata": map[string]any{"plugin_data": map[string]any{"plugin_name": "text"}, "data_class": int32(2)},
			"tensor": map[string]any{"dtype": int32(7), "tensor_shape": map[string]any{}, "string_val": []any{[]byte(s)}},
		}
	}
	want := []map[string]any{
		{"file_version": "brain.Event:2"},
		{"summary": value(map[string]any{"tag": "loss/train", "simple_value": float32(0.1)})},
		{"step": int64(1 << 30), "summary": value(map[string]any{"tag": "loss/train", "simple_value": float32(0)})},
		{"step": int64(-1), "summary": value(map[string]any{"tag": "loss/größe", "simple_value": float32(math.Inf(1))})},
		{"step": int64(3), "summary": value(text("# a *run*\n\n…"))},
		{"step": int64(4), "summary": value(text(""))},
		{"step": int64(5), "summary": value(map[string]any{"tag": "digits", "image": map[string]any{
			"height": int32(2), "width": int32(2), "colorspace": int32(4), "encoded_image_string": encoded.Bytes(),
		}})},
		{"step": int64(6), "summary": value(map[string]any{"tag": "weights", "histo": map[string]any{
			"min": -1.0, "max": 2.0, "num": 4.0, "sum": 1.0, "sum_squares": 5.0,
			"bucket_limit": []any{-0.917246389039776, 0.0, 1e-12, 1.9661990955585713, 2.1628190051144287},
			"bucket":       []any{1.0, 0.0, 2.0, 0.0, 1.0},
		}})},
		{"step": int64(7), "session_log": map[string]any{"status": int32(1)}},
	}
	got := events(t, w.Path())
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		want[i]["wall_time"] = 1700000000.25 + float64(i)/2
		if !reflect.DeepEqual(round(got[i]), round(want[i])) {
			t.Errorf("event %d:\n%v, want\n%v", i, got[i], want[i])
		}
	}
}

// round drops what histograms' limits have in their last digits, to which the test need not be held.
func round(v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for k, each := range v {
			all[k] = round(each)
		}
		return all
	case []any:
		all := []any{}
		for _, each := range v {
			all = append(all, round(each))
		}
		return all
	case float64:
		if math.Abs(v) < 100 {
			return float64(float32(v))
		}
	}
	return v
}

// TestFirstRecord has bytes that files of TensorFlow and PyTorch begin with: the length 24 with its
// CRC, and the version of an event without a step.
func TestFirstRecord(t *testing.T) {
	w := create(t, t.TempDir())
	check(t, w.Close())
	data, err := os.ReadFile(w.Path())
	check(t, err)
	for at, want := range map[int]string{0: "1800000000000000a37f4b2209", 21: "1a0d627261696e2e4576656e743a32"} {
		if got := hex.EncodeToString(data[at : at+len(want)/2]); got != want {
			t.Errorf("from byte %d on: %s, want %s", at, got, want)
		}
	}
	if len(data) != 24+16 {
		t.Errorf("%d bytes, want 40", len(data))
	}
}

func TestAFlippedBitIsNoticed(t *testing.T) {
	w := create(t, t.TempDir())
	all(t, w)
	data, err := os.ReadFile(w.Path())
	check(t, err)
	if _, err := records(data); err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(data) {
		data[bit/8] ^= 1 << (bit % 8)
		if _, err := records(data); err == nil {
			t.Errorf("bit %d can be flipped", bit)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
	if whole, _ := records(data); len(whole) != 9 {
		t.Errorf("%d records, want 9", len(whole))
	}
	if rest, err := records(data[:len(data)-1]); err == nil || len(rest) != 8 {
		t.Errorf("%d records of a file that is cut: %v", len(rest), err)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"events.out.tfevents.1700000000.some_host___.0", "events.out.tfevents.1700000000.some_host___.1"} {
		w := create(t, dir)
		if got := filepath.Base(w.Path()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		check(t, w.Close())
	}
	w, err := Create(dir, Config{})
	check(t, err)
	check(t, w.Close())
	if name := filepath.Base(w.Path()); !strings.HasPrefix(name, "events.out.tfevents.") || strings.Count(name, ".") < 5 {
		t.Error(name)
	}
}

// TestEventsAreThereAtOnce reads the file while it is written.
func TestEventsAreThereAtOnce(t *testing.T) {
	w := create(t, t.TempDir())
	for n := range 3 {
		if got := len(events(t, w.Path())); got != n+1 {
			t.Errorf("%d events, want %d", got, n+1)
		}
		check(t, w.Scalar("loss", n, 1))
	}
	check(t, w.Close())
}

func TestWhatIsRefused(t *testing.T) {
	w := create(t, t.TempDir())
	good := Histogram{Min: 0, Max: 2, Limits: []float64{1, 3}, Counts: []float64{4, 5}}
	spoiled := func(spoil func(*Histogram)) error {
		h := Histogram{Min: good.Min, Max: good.Max, Limits: []float64{1, 3}, Counts: []float64{4, 5}}
		spoil(&h)
		return w.Histogram("h", 7, h)
	}
	for name, err := range map[string]error{
		"no tag":           w.Scalar("", 7, 1),
		"a broken tag":     w.Scalar("\xff", 7, 1),
		"a broken text":    w.Text("t", 7, "\xff"),
		"no pixel":         w.Image("i", 7, image.NewGray(image.Rect(0, 0, 0, 9))),
		"empty":            w.Histogram("h", 7, Histogram{}),
		"too few counts":   spoiled(func(h *Histogram) { h.Counts = h.Counts[1:] }),
		"limits that sink": spoiled(func(h *Histogram) { h.Limits[1] = 1 }),
		"an endless limit": spoiled(func(h *Histogram) { h.Limits[1] = math.Inf(1) }),
		"a debt":           spoiled(func(h *Histogram) { h.Counts[0] = -1 }),
		"NaN":              spoiled(func(h *Histogram) { h.Counts[1] = math.NaN() }),
		"turned":           spoiled(func(h *Histogram) { h.Min = 3 }),
		"NaN as least":     spoiled(func(h *Histogram) { h.Min = math.NaN() }),
	} {
		if err == nil || !strings.Contains(err.Error(), "want") || !strings.Contains(err.Error(), "step 7 to "+w.Path()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, w.Histogram("h", 7, good))
	check(t, w.Close())
	if got := len(events(t, w.Path())); got != 2 {
		t.Errorf("%d events, want 2: what was refused is written", got)
	}
}

func TestErrorsOfFiles(t *testing.T) {
	w := create(t, t.TempDir())
	check(t, w.Close())
	if err := w.Scalar("loss", 1, 1); !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), w.Path()) {
		t.Errorf("after Close: %v", err)
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o666))
	if _, err := Create(file, Config{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("in a file: %v", err)
	}
}

// TestAFailedWriteEndsAll has a file that is full once, and then is not: what follows half a record
// could not be read.
func TestAFailedWriteEndsAll(t *testing.T) {
	w := create(t, t.TempDir())
	path := w.Path()
	good := w.file
	broken, err := os.Open(path) // not for writing
	check(t, err)
	w.file = broken
	first := w.Scalar("loss", 1, 1)
	w.file = good
	if second := w.Scalar("loss", 2, 1); first == nil || second == nil || first.Error() != second.Error() {
		t.Errorf("%v, then %v", first, second)
	}
	check(t, broken.Close())
	check(t, w.Close())
	if got := len(events(t, path)); got != 1 {
		t.Errorf("%d events, want 1", got)
	}
}

func TestColorspaces(t *testing.T) {
	bounds := image.Rect(0, 0, 1, 1)
	opaque := image.NewRGBA(bounds)
	opaque.Set(0, 0, color.White)
	for want, m := range map[int]image.Image{
		grey: image.NewGray16(bounds), rgb: opaque, rgba: image.NewRGBA(bounds),
	} {
		if got := colorspaceOf(m); got != want {
			t.Errorf("%T: %d, want %d", m, got, want)
		}
	}
}
