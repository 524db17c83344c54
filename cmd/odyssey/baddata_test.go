package main

import (
	"bytes"
	"fmt"
	"image/color"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/tensor"
)

// folderOf writes files in folders.
func folderOf(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Files of each format that are cut or corrupt: newIDX's are in TestBadData.
func TestCutAndCorruptFiles(t *testing.T) {
	npz := filepath.Join(t.TempDir(), "train.npz")
	writeNPZ(t, npz, tensor.New(tensor.Uint8, 30, 28, 28), tensor.New(tensor.Int64, 30))
	arrays := read(t, npz)
	bent := bytes.Clone(arrays)
	bent[len(bent)/4] ^= 1
	png := read(t, filepath.Join(photos(t), "train", "red", "0.png"))
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"CIFAR cut short": {map[string][]byte{"data_batch_1.bin": make([]byte, 3073+100)}, []string{"data_batch_1.bin: 3173 bytes", "3073"}},
		"NumPy cut short": {map[string][]byte{"train.npz": arrays[:len(arrays)-40]}, []string{"train.npz: ", "zip"}},
		"NumPy corrupt":   {map[string][]byte{"train.npz": bent}, []string{"train.npz: "}},
		"CSV cut short":   {map[string][]byte{"train.csv": []byte("1,2,a\n3,4,b\n5,")}, []string{"train.csv: ", "line 3", "wrong number of fields"}},
		"CSV corrupt":     {map[string][]byte{"train.csv": []byte("1,2,a\n3,\x00,b\n")}, []string{`train.csv: line 2, column 1: "\x00", want a finite number`}},
		"text corrupt":    {map[string][]byte{"train.txt": []byte("abc\xff")}, []string{"train.txt: the text is not UTF-8"}},
		"picture's header": {map[string][]byte{"train/a/1.png": png[:20], "train/b/1.png": png}, []string{
			filepath.Join("train", "a", "1.png") + ": ", "want a PNG or JPEG picture"}},
	} {
		dir := folderOf(t, c.files)
		for _, args := range [][]string{{"data", "info"}, {"train", "--model", "resnet20", "--out", filepath.Join(dir, "run")}} {
			t.Run(name, func(t *testing.T) { refuse(t, statusError, append(args, "--data", dir), append(c.want, dir)) })
		}
		if _, err := os.Stat(filepath.Join(dir, "run")); err == nil {
			t.Errorf("%s: a run was begun", name)
		}
	}
}

func TestFolderOfOneClass(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"train/red/0.png": read(t, filepath.Join(photos(t), "train", "red", "0.png"))})
	for _, args := range [][]string{{"data", "stats"}, {"train", "--model", "resnet20"}} {
		refuse(t, statusError, append(args, "--data", dir), []string{filepath.Join(dir, "train") + `: folders ["red"], want one for each of at least two classes`})
	}
}

// The header of an image is sound, and its pixels are not: that shows when the examples are measured, or else in the middle
// of an epoch.
func TestImageThatIsUnreadableInAnEpoch(t *testing.T) {
	dir, run := photos(t), filepath.Join(t.TempDir(), "run")
	writePhoto(t, filepath.Join(dir, "train", "red", "7.png"), 32, color.RGBA{9, 9, 9, 255})
	broken := filepath.Join(dir, "train", "red", "7.png")
	whole := read(t, broken)
	if err := os.WriteFile(broken, whole[:len(whole)-30], 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "--model", "resnet20", "--epochs", "1", "--batch", "5", "--out", run, "--data"}
	refuse(t, statusError, append(args, dir), []string{"data " + dir + ": example 17: " + broken + ": "})
	refuse(t, statusError, append(args, dir, "--normalize", "mnist"), []string{"example 17: " + broken + ": ", "no epoch was finished"})
	out := succeed(t, append(args, dir+":unreadable=skip")...)
	if !strings.Contains(out, "20 + 4 examples") || !strings.Contains(out, "1 file could not be read, and another of its class took its place: "+broken+": ") {
		t.Error(out)
	}
	if out := succeed(t, "eval", run); !strings.Contains(out, "4 examples") {
		t.Error(out)
	}
}

// flaky serves files, with what goes wrong now and then.
type flaky struct {
	files    http.Handler
	instead  func(w http.ResponseWriter) // nil: the file
	cut      int                         // how many more answers break off
	left     int                         // bytes that all these may have together
	requests []string                    // ranges
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests = append(f.requests, r.Header.Get("Range"))
	switch {
	case f.instead != nil:
		f.instead(w)
	case f.cut > 0:
		f.cut--
		f.files.ServeHTTP(&breaking{w, &f.left}, r)
	default:
		f.files.ServeHTTP(w, r)
	}
}

// breaking breaks an answer off.
type breaking struct {
	http.ResponseWriter
	left *int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > *b.left {
		b.ResponseWriter.Write(p[:*b.left])
		*b.left = 0
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	*b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

// unreliable makes odyssey know the set tiny, whose server is f.
func unreliable(t *testing.T) (f *flaky, address string) {
	f = &flaky{}
	address = served(t, f)
	set, err := namedSet("tiny")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	d := newIDX(t)
	for _, file := range set.Files {
		files[file.Name] = d.get(strings.TrimPrefix(file.Name, "tiny-"))
	}
	f.files = http.FileServer(http.Dir(folderOf(t, files)))
	return f, address
}

func TestDownloadsThatGoWrong(t *testing.T) {
	answer := func(kind, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		}
	}
	for name, c := range map[string]struct {
		instead func(http.ResponseWriter)
		want    string
	}{
		"a proxy's page":   {answer("text/html", "<html>log in first</html>"), "an HTML page instead of the file"},
		"a page in hiding": {answer("application/octet-stream", "<!DOCTYPE html>"), "an HTML page instead of the file"},
		"another file":     {answer("application/octet-stream", strings.Repeat("x", 47056)), "not the file that was published: another checksum"},
	} {
		f, address := unreliable(t)
		f.instead = c.instead
		dir := filepath.Join(t.TempDir(), "tiny")
		refuse(t, statusError, []string{"data", "get", "tiny", "--dir", dir},
			[]string{"tiny: " + address + "/tiny-" + trainImages + ": " + c.want, "put tiny-" + trainImages, " into " + dir + " yourself"})
		if left := snapshot(t, dir); len(left) > 1 {
			t.Errorf("%s: left behind: %v", name, left)
		}
		f.instead = nil // and then it is there
		succeed(t, "data", "get", "tiny", "--dir", dir)
		if out := succeed(t, "data", "verify", "--data", dir); !strings.Contains(out, "all 60 train examples") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestDownloadsThatBreakOff(t *testing.T) {
	f, address := unreliable(t)
	dir := filepath.Join(t.TempDir(), "tiny")
	f.cut, f.left = 1<<30, 1000
	refuse(t, statusError, []string{"data", "get", "tiny", "--dir", dir}, []string{address + "/tiny-" + trainImages + ": ", "broken off after 1000 bytes"})
	part := filepath.Join(dir, "tiny-"+trainImages+".part")
	if left := snapshot(t, dir); len(left) != 2 || left[1] != part {
		t.Fatalf("left behind: %v, want %s alone", left, part)
	}
	refuse(t, statusError, []string{"data", "info", "--data", dir}, []string{dir + ": no data set"}) // nothing half-written is taken for whole
	f.cut, f.left, f.requests = 1, 500, nil                                                          // once more
	succeed(t, "data", "get", "tiny", "--dir", dir)
	if len(f.requests) != 5 || f.requests[0] != "bytes=1000-" || f.requests[1] != "bytes=1500-" {
		t.Errorf("requests %q, want what is missing of the first file, twice, and the others", f.requests)
	}
	if out := succeed(t, "data", "verify", "--data", dir); !strings.Contains(out, "all 60 train examples") {
		t.Error(out)
	}
}
