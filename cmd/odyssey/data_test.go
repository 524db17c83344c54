package main

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/known"
	"github.com/mlodyssey/odyssey/data/stats"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// photos makes folders of colour images of two classes, 32×32: 20 to train and 4
// to test, red ones and blue ones.
func photos(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "photos")
	for split, n := range map[string]int{"train": 10, "test": 2} {
		for class, c := range map[string]color.RGBA{"red": {200, 10, 10, 255}, "blue": {10, 10, 200, 255}} {
			folder := filepath.Join(dir, split, class)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				writePhoto(t, filepath.Join(folder, fmt.Sprintf("%d.png", i)), 32, c)
			}
		}
	}
	return dir
}

func writePhoto(t *testing.T, path string, size int, c color.RGBA) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		picture.Set(i%size, i/size, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestTrainOnColourImages(t *testing.T) {
	dir, run := photos(t), filepath.Join(t.TempDir(), "run")
	out := succeed(t, "train", "--model", "resnet20", "--data", dir, "--epochs", "1", "--batch", "10", "--out", run)
	if !strings.Contains(out, "20 + 4 examples of 2 classes") {
		t.Error(out)
	}
	const own = "0.4118/0.3725,0.039/1,0.4118/0.3725" // red and blue are 200 in one class and 10 in the other, green is always 10
	if !strings.Contains(out, ", normalised by "+own+"; ") {
		t.Errorf("no %s in %s", own, out)
	}
	if s, err := train.ReadSettings(run); err != nil || s.Normalize != own {
		t.Errorf("%+v, %v", s, err)
	}
	if out := succeed(t, "data", "stats", "--data", dir, "--out", filepath.Join(t.TempDir(), "classes.png")); !strings.Contains(out, "--normalize own takes "+own+"\n") {
		t.Error(out)
	}
	if out := succeed(t, "eval", run); !strings.Contains(out, "4 examples") {
		t.Error(out)
	}
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	succeed(t, "data", "show", "--data", dir, "--rows", "1", "--cols", "1", "--out", sheet)
	f, err := os.Open(sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := picture.At(20, 20).RGBA(); r>>8 != 10 || g>>8 != 10 || b>>8 != 200 {
		t.Errorf("the first photo, a blue one, is drawn as %d %d %d", r>>8, g>>8, b>>8)
	}
	photo := filepath.Join(dir, "test", "blue", "0.png")
	if out := succeed(t, "predict", run, photo, "--top", "1"); strings.Count(out, "%") != 1 {
		t.Error(out)
	}
}

// What is asked for is what is recorded, and what is wrong with it is said.
func TestNormalize(t *testing.T) {
	dir := photos(t)
	args := []string{"train", "--model", "resnet20", "--data", dir, "--epochs", "1", "--batch", "10"}
	for asked, want := range map[string]string{"mnist": "0.1307/0.3081", "0.5/0.25,0.5/0.25,0/1": "0.5/0.25,0.5/0.25,0/1"} {
		run := filepath.Join(t.TempDir(), "run")
		succeed(t, append(args, "--normalize", asked, "--out", run)...)
		if s, err := train.ReadSettings(run); err != nil || s.Normalize != want {
			t.Errorf("%s: %+v, %v, want %s", asked, s, err, want)
		}
	}
	for asked, want := range map[string]string{
		"imagenet":        `normalize "imagenet": want auto, mnist or own, or MEAN/DEVIATION such as 0.1307/0.3081`,
		"0.5/0.5,0.5/0.5": "means or deviations of 2 channels, want 1 or 3 for examples of shape [3 32 32]",
	} {
		refuse(t, statusError, append(args, "--normalize", asked), []string{want})
	}
	file := written(t, "normalize = \"own\"\n")
	run := filepath.Join(t.TempDir(), "run")
	out := succeed(t, "train", "--config", file, "--limit", "64", "--batch", "16", "--epochs", "1", "--out", run)
	s, err := train.ReadSettings(run)
	if err != nil || s.Normalize == "0.1307/0.3081" || !strings.Contains(out, "normalised by "+s.Normalize) {
		t.Errorf("%+v, %v, want the glyphs' own in\n%s", s, err, out)
	}
}

func TestUnreadablePhotos(t *testing.T) {
	dir, run := photos(t), filepath.Join(t.TempDir(), "run")
	broken := filepath.Join(dir, "train", "blue", "3.png")
	os.WriteFile(broken, []byte("<html>"), 0o666)
	args := []string{"train", "--model", "resnet20", "--epochs", "1", "--batch", "10", "--out", run, "--data"}
	refuse(t, statusError, append(args, dir), []string{broken + ": ", "want a PNG or JPEG picture"})
	out := succeed(t, append(args, dir+":unreadable=skip")...)
	if !strings.Contains(out, "19 + 4 examples") || !strings.Contains(out, "1 file of "+dir+" could not be read and was left out: "+broken+": ") {
		t.Error(out)
	}
	writePhoto(t, broken, 16, color.RGBA{1, 2, 3, 255})
	refuse(t, statusError, append(args, dir), []string{broken + ": 16×16 pixels, want 32×32"})
	if out := succeed(t, "data", "info", "--data", dir+":size=8x8"); !strings.Contains(out, "examples of shape 3×8×8") {
		t.Error(out)
	}
}

func TestDataOfOtherKinds(t *testing.T) {
	csv, npz := t.TempDir(), t.TempDir()
	var lines strings.Builder
	lines.WriteString("label")
	for i := range 28 * 28 {
		fmt.Fprintf(&lines, ",p%d", i)
	}
	for i := range 40 {
		fmt.Fprintf(&lines, "\n%d%s", i%2, strings.Repeat(fmt.Sprintf(",%d", i), 28*28))
	}
	os.WriteFile(filepath.Join(csv, "digits.csv"), []byte(lines.String()), 0o666)
	x := tensor.New(tensor.Uint8, 30, 28, 28)
	y := tensor.New(tensor.Int64, 30)
	tensor.Data[int64](y)[3] = 1
	writeNPZ(t, filepath.Join(npz, "train.npz"), x, y)
	writeNPZ(t, filepath.Join(npz, "test.npz"), x, y)
	for set, want := range map[string]string{csv + ":shape=1x28x28,scale=255": "32 + 8 examples of 2 classes", npz: "30 + 30 examples of 2 classes"} {
		out := succeed(t, "train", "--data", set, "--epochs", "1", "--batch", "10", "--out", filepath.Join(t.TempDir(), "run"))
		if !strings.Contains(out, want) {
			t.Errorf("%s: no %q in %s", set, want, out)
		}
	}
	refuse(t, statusError, []string{"train", "--data", csv}, []string{"lenet5 takes grey images of 28×28, not examples of shape [784]"})
}

func TestDataInfo(t *testing.T) {
	d := newIDX(t)
	text := succeed(t, "data", "info", "--data", d.dir)
	for _, want := range []string{"format   IDX\n", "examples of shape 1×28×28\n", "train    60 examples\n", "test     20 examples\n", "classes  10: 0 1 2", d.path(trainImages), d.path("mapping.txt")} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	os.Remove(d.path("test-labels-idx1-ubyte"))
	var i info
	if err := json.Unmarshal([]byte(succeed(t, "data", "info", "--data", d.dir, "--json")), &i); err != nil || i.Splits["train"] != 60 || i.Missing == "" || len(i.Files) != 3 {
		t.Errorf("%+v, %v", i, err)
	}
	if text := succeed(t, "data", "info"); !strings.Contains(text, "train    20000 examples\n") {
		t.Errorf("glyphs:\n%s", text)
	}
}

// A text is a set to look at. What train teaches are images.
func TestTextAsData(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"train.txt": "to be or\nnot to be", "test.txt": "or not"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	set := dir + ":window=4"
	out := succeed(t, "data", "info", "--data", set)
	for _, want := range []string{"format   text\n", "examples of shape 4\n", "train    14 examples\n", "test     2 examples\n", "classes  8: \"\\n\" \" \" b e n o r t\n", filepath.Join(dir, "test.txt")} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	picture := filepath.Join(t.TempDir(), "classes.png")
	if out := succeed(t, "data", "stats", "--data", set, "--out", picture); !strings.Contains(out, "14 examples of shape 4, values from 0 to 7\n") {
		t.Error(out)
	}
	if out := succeed(t, "data", "verify", "--data", set, "--split", "test"); !strings.Contains(out, "all 2 test examples") || strings.Contains(out, "pixels") {
		t.Error(out)
	}
	refuse(t, statusError, []string{"data", "show", "--data", set}, []string{"examples of shape [4]: a sheet wants images"})
	refuse(t, statusError, []string{"train", "--data", set}, []string{"model lenet5 takes grey images of 28×28, not examples of shape [4]"})
	refuse(t, statusError, []string{"train", "--model", "gpt2", "--data", set},
		[]string{"model gpt2 takes sequences of tokens, not examples of shape [4] to classify: see examples/chargpt"})
}

func TestDataStats(t *testing.T) {
	d := newIDX(t)
	t.Chdir(t.TempDir())
	text := succeed(t, "data", "stats", "--data", d.dir)
	if !strings.Contains(text, "60 examples of shape 1×28×28, values from 0 to 1\nchannel 0  mean 0.") || !strings.Contains(text, "10 classes of 6 to 6 examples: classes.png") {
		t.Error(text)
	}
	if b, err := os.ReadFile("classes.png"); err != nil || !bytes.HasPrefix(b, []byte("\x89PNG")) {
		t.Errorf("no picture: %v", err)
	}
	var s stats.Stats
	if err := json.Unmarshal([]byte(succeed(t, "data", "stats", "--data", d.dir, "--split", "test", "--json")), &s); err != nil || s.Examples != 20 || !slices.Equal(s.Counts, slices.Repeat([]int{2}, 10)) {
		t.Errorf("%+v, %v", s, err)
	}
	refuse(t, statusError, []string{"data", "stats", "--out", ""}, []string{`--out ""`})
}

func TestDataVerify(t *testing.T) {
	if out := succeed(t, "data", "verify", "--data", newIDX(t).dir); !strings.Contains(out, "all 60 train examples") {
		t.Error(out)
	}
	dir := photos(t)
	broken := filepath.Join(dir, "train", "red", "0.png")
	b, _ := os.ReadFile(broken)
	os.WriteFile(broken, b[:len(b)-30], 0o666)
	stdout, stderr, status := command("data", "verify", "--data", dir)
	if status != statusError || !strings.HasPrefix(stdout, "example 10: "+broken+": ") || !strings.Contains(stderr, "1 of 20 train examples are wrong") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	if out := succeed(t, "data", "verify", "--data", dir+":unreadable=skip"); !strings.Contains(out, "1 file could not be read") {
		t.Error(out)
	}
}

// What is wrong with each file of a folder is told, up to 20, and how many there are.
func TestVerifyTellsAllFiles(t *testing.T) {
	dir := photos(t)
	for _, name := range []string{"3.png", "4.png", "x.png"} {
		if err := os.WriteFile(filepath.Join(dir, "train", "red", name), []byte("<html>"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	writePhoto(t, filepath.Join(dir, "train", "blue", "5.png"), 7, color.RGBA{1, 2, 3, 255})
	verify := func() string {
		stdout, stderr, status := command("data", "verify", "--data", dir)
		if status != statusError {
			t.Errorf("status %d", status)
		}
		return stdout + stderr
	}
	out := verify()
	for _, want := range []string{"red/3.png: image: unknown format, want a PNG or JPEG", "red/4.png: ", "red/x.png: ", "blue/5.png: 7×7 pixels, want 32×32", "4 of 21 train examples are wrong"} {
		if !strings.Contains(out, filepath.FromSlash(want)) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for i := range 30 {
		if err := os.WriteFile(filepath.Join(dir, "train", "red", fmt.Sprintf("y%02d.png", i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if out := verify(); strings.Count(out, "example ") != told || !strings.Contains(out, "\nand 14 more\n") || !strings.Contains(out, "34 of 51 train examples are wrong") {
		t.Error(out)
	}
}

// What is passed over is told by every command that looks at a set, and no file of another split as one of the split.
func TestSkippedFilesAreTold(t *testing.T) {
	dir := photos(t)
	red := filepath.Join(dir, "train", "red")
	if err := os.WriteFile(filepath.Join(red, "3.png"), []byte("<html>"), 0o666); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(red, "4.png")
	whole := read(t, cut)
	if err := os.WriteFile(cut, whole[:len(whole)-30], 0o666); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	left := "1 file of " + dir + " could not be read and was left out: " + filepath.Join(red, "3.png")
	replaced := "1 file could not be read, and another of its class took its place: " + cut
	for _, c := range []struct {
		args     string
		replaced bool
	}{{"info", false}, {"show", true}, {"stats", true}, {"verify", true}} {
		out := succeed(t, "data", c.args, "--data", dir+":unreadable=skip")
		if strings.Count(out, left) != 1 || strings.Contains(out, replaced) != c.replaced {
			t.Errorf("%s says\n%s", c.args, out)
		}
	}
	if out := succeed(t, "data", "stats", "--json", "--data", dir+":unreadable=skip"); !strings.Contains(out, `"left_out": 1,`) || !strings.Contains(out, `"replaced": 1`) {
		t.Error(out)
	}
	if out := succeed(t, "data", "verify", "--split", "test", "--data", dir+":unreadable=skip"); strings.Contains(out, "could not be read") {
		t.Error(out)
	}
	// In one piece the directory is split only then, into 3 and 16 examples.
	if err := os.RemoveAll(filepath.Join(dir, "test")); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "train")
	left = strings.Replace(left, filepath.Dir(dir), dir, 1)
	n := 0
	for _, split := range []string{"train", "test"} {
		out := succeed(t, "data", "verify", "--split", split, "--data", dir+":unreadable=skip")
		if !strings.Contains(out, left) {
			t.Errorf("%s has no %s", out, left)
		}
		n += strings.Count(out, replaced)
	}
	if n != 1 {
		t.Errorf("the cut file is in %d splits, want one", n)
	}
}

func TestDataList(t *testing.T) {
	text := succeed(t, "data", "list")
	var sets []known.Set
	listed := succeed(t, "data", "list", "--json")
	if err := json.Unmarshal([]byte(listed), &sets); err != nil || len(sets) < 12 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	for _, none := range []string{`"train": 0`, `"test": 0`, `"classes": 0`} { // of emnist, which is six sets
		if strings.Contains(listed, none) {
			t.Errorf("%s is in\n%s", none, listed)
		}
	}
	for _, s := range sets {
		if !strings.Contains(text, "\n"+s.Name+" ") || !strings.Contains(text, s.Licence) || !strings.Contains(text, s.Source) {
			t.Errorf("%s, its licence or source is not in\n%s", s.Name, text)
		}
	}
}

// served makes odyssey know a set, of an IDX set's four files, that a server here has.
func served(t *testing.T, handler http.Handler) (address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	d := newIDX(t)
	set := known.Set{Name: "tiny", Source: "https://example.org", Official: []string{server.URL}}
	for _, name := range []string{trainImages, trainLabels, "test-images-idx3-ubyte", "test-labels-idx1-ubyte"} {
		b := d.get(name)
		h := md5.Sum(b)
		set.Files = append(set.Files, known.File{Name: "tiny-" + name, MD5: hex.EncodeToString(h[:]), Bytes: int64(len(b))})
	}
	before := namedSet
	t.Cleanup(func() { namedSet = before })
	namedSet = func(string) (known.Set, error) { return set, nil }
	if handler == nil {
		server.Config.Handler = http.FileServer(http.Dir(d.dir))
	}
	return server.URL
}

func TestDataGet(t *testing.T) {
	served(t, nil)
	t.Chdir(t.TempDir())
	out := succeed(t, "data", "get", "tiny")
	dir := filepath.Join("data", "tiny")
	if !strings.Contains(out, "tiny is in "+dir) {
		t.Error(out)
	}
	if out := succeed(t, "data", "info", "--data", dir); !strings.Contains(out, "train    60 examples\n") {
		t.Error(out)
	}
}

func TestDataGetRefuses(t *testing.T) {
	address := served(t, http.NotFoundHandler())
	dir := filepath.Join(t.TempDir(), "new")
	refuse(t, statusError, []string{"data", "get", "tiny", "--dir", dir},
		[]string{"tiny: " + address + "/tiny-train-images-idx3-ubyte: 404 Not Found", "or put tiny-train-images-idx3-ubyte, ", " into " + dir + " yourself"})
	refuse(t, statusError, []string{"data", "get", "tiny", "--dir", dir, "--mirror", "ftp://x"}, []string{`mirror "ftp://x": want an address such as https://`})
	namedSet = known.Named
	refuse(t, statusError, []string{"data", "get", "imagenet"}, []string{`unknown data set "imagenet": want one of cifar-10, `})
	refuse(t, statusUsage, []string{"data", "get"}, []string{"<name>"})
}

// writeNPZ writes arrays x and y as numpy.savez does.
func writeNPZ(t *testing.T, path string, x, y *tensor.Tensor) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, v := range map[string]*tensor.Tensor{"x": x, "y": y} {
		f, err := w.Create(name + ".npy")
		if err == nil {
			err = data.WriteNPY(f, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}
