package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// idx is a small set on disk, of 10 classes: 60 images to train, 20 to test.
type idx struct {
	t   *testing.T
	dir string
}

func newIDX(t *testing.T) idx {
	t.Helper()
	d := idx{t, t.TempDir()}
	for split, n := range map[string]int{"train": 60, "test": 20} {
		d.put(split+"-images-idx3-ubyte", idxFile([]int{n, 28, 28}, func(i int) byte { return byte(i * 31 >> 3) }))
		d.put(split+"-labels-idx1-ubyte", idxFile([]int{n}, func(i int) byte { return byte(i % 10) }))
	}
	var mapping strings.Builder
	for label := range 10 {
		fmt.Fprintf(&mapping, "%d %d\n", label, '0'+label)
	}
	d.put("mapping.txt", []byte(mapping.String()))
	return d
}

func idxFile(shape []int, value func(i int) byte) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, n := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for i := range tensor.Elements(shape) {
		b = append(b, value(i))
	}
	return b
}

func (d idx) path(name string) string { return filepath.Join(d.dir, "tiny-"+name) }

func (d idx) put(name string, b []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), b, 0o666); err != nil {
		d.t.Fatal(err)
	}
}

func (d idx) get(name string) []byte {
	d.t.Helper()
	b, err := os.ReadFile(d.path(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
)

func TestBadData(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(d idx)
		want []string
	}{
		{"missing directory", func(d idx) { os.RemoveAll(d.dir) }, []string{"no such file or directory", "want one with files *train-images-idx3-ubyte"}},
		{"empty directory", func(d idx) { os.RemoveAll(d.dir); os.Mkdir(d.dir, 0o777) }, []string{"no data set, want files *train-images-idx3-ubyte[.gz]", "train.csv"}},
		{"no test part", func(d idx) { os.Remove(d.path("test-images-idx3-ubyte")) }, []string{"no test images, want a file"}},
		{"cut short", func(d idx) { d.put(trainImages, d.get(trainImages)[:9999]) }, []string{trainImages, "cut short", "[60 28 28]"}},
		{"wrong magic", func(d idx) { d.put(trainImages, append([]byte{1}, d.get(trainImages)[1:]...)) },
			[]string{trainImages, "magic 0x01000803, want 0x00000803"}},
		{"claims 2^31 images", func(d idx) {
			b := d.get(trainImages)
			binary.BigEndian.PutUint32(b[4:], 1<<31)
			d.put(trainImages, b)
		}, []string{trainImages, "[2147483648 28 28]", "cut short after 47040"}},
		{"label past the mapping", func(d idx) {
			b := d.get(trainLabels)
			b[8+3] = 10
			d.put(trainLabels, b)
		}, []string{trainLabels, "label 10 of example 3 is not among the mapping's 10 classes"}},
		{"another count of labels", func(d idx) {
			d.put(trainLabels, idxFile([]int{59}, func(int) byte { return 0 }))
		}, []string{trainLabels, "59 labels, want 60"}},
		{"corrupt gzip", func(d idx) {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write(d.get(trainImages))
			z.Close()
			os.Remove(d.path(trainImages))
			z2 := b.Bytes()
			z2[len(z2)/2] ^= 0xff
			d.put(trainImages+".gz", z2)
		}, []string{trainImages + ".gz", "gzip"}},
		{"images of another size", func(d idx) {
			for split, n := range map[string]int{"train": 60, "test": 20} {
				d.put(split+"-images-idx3-ubyte", idxFile([]int{n, 20, 20}, func(int) byte { return 0 }))
			}
		}, []string{"model lenet5 takes grey images of 28×28, not examples of shape [1 20 20]"}},
		{"test images of another size", func(d idx) {
			d.put("test-images-idx3-ubyte", idxFile([]int{20, 20, 20}, func(int) byte { return 0 }))
		}, []string{"test split: examples of shape [1 20 20], want [1 28 28]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newIDX(t)
			c.harm(d)
			t.Chdir(t.TempDir())
			refuse(t, statusError, []string{"train", "--data", d.dir, "--out", filepath.Join("deep", "run")}, c.want)
			if left := snapshot(t, "."); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args   string
		status int
		want   []string
	}{
		{"train --batch 65", statusError, []string{"batch 65 is larger than an epoch's 64 examples"}},
		{"train --batch 0", statusError, []string{"batch 0: want at least 1"}},
		{"train --batch=-3", statusError, []string{"batch -3: want at least 1"}},
		{"train --lr NaN", statusError, []string{"learning rate is NaN: want a finite number"}},
		{"train --lr Inf", statusError, []string{"learning rate is +Inf: want a finite number"}},
		{"train --lr=-1", statusError, []string{"learning rate is -1: want"}},
		{"train --momentum 7", statusError, []string{"momentum is 7: want"}},
		{"train --weight-decay=-1", statusError, []string{"weight decay is -1: want"}},
		{"train --nesterov --momentum 0", statusError, []string{"nesterov wants a momentum above 0"}},
		{"train --optimizer adam --momentum 0.9", statusError, []string{`optimizer adam: no setting "momentum": want one of lr, beta1, beta2`}},
		{"train --epochs 0", statusError, []string{"epochs 0: want at least 1"}},
		{"train --model resnet", statusError, []string{`unknown model "resnet": want one of lenet5`}},
		{"train --optimizer tiger", statusError, []string{`unknown optimizer "tiger": want one of sgd, adam, adamw, `}},
		{"train --optimizer adam:beta3=1", statusError, []string{`optimizer adam: no setting "beta3": want one of lr, beta1, beta2`}},
		{"train --optimizer adam:beta2=x", statusError, []string{`optimizer adam: beta2 is "x": want a number`}},
		{"train --optimizer sgd:momentum=0.5", statusError, []string{`optimizer "sgd:momentum=0.5": want momentum as a setting of its own`}},
		{"train --optimizer adadelta --nesterov", statusError, []string{`optimizer adadelta: no setting "nesterov"`}},
		{"train --clip-norm=-1", statusError, []string{"clipped", "want positive numbers, or 0"}},
		{"train --ema 1", statusError, []string{"decay is 1: want at least 0 and less than 1"}},
		{"train --ema 0.9 --swa 0.5", statusError, []string{"two averages of weights"}},
		{"train --ema 0.9 --optimizer schedule-free", statusError, []string{"schedule-free averages weights by itself"}},
		{"train --swa 2", statusError, []string{"averaged after 2 of the run"}},
		{"train --warmup 1.5", statusError, []string{"length of the warm-up is 1.5: want a share of the run below 1, or a whole number of steps"}},
		{"train --warmup 5 --schedule one-cycle", statusError, []string{"one-cycle warms up by itself"}},
		{"train --schedule step:gamma", statusError, []string{`schedule step: gamma is "true": want a number`}},
		{"train --schedule multi-step:milestones=0.5/x", statusError, []string{`milestones is "0.5/x": want numbers with / between them`}},
		{"train --schedule constant:gamma=2", statusError, []string{`schedule constant: no setting "gamma": want none`}},
		{"train --schedule steep", statusError, []string{`unknown schedule "steep": want one of constant, linear, step, `}},
		{"train --limit=-1", statusError, []string{"limit -1: want at least 1"}},
		{"train --epochs many", statusUsage, []string{"--epochs", `"many"`}},
		{"train --lr fast", statusUsage, []string{"--lr", `"fast"`}},
		{"train --seed=-1", statusUsage, []string{"--seed", `"-1"`}},
		{"train --lr -1", statusUsage, []string{"--lr", `"-1"`}},
		{"train --out --seed 3", statusUsage, []string{"--out", `"--seed"`}},
		{"train --epochs", statusUsage, []string{"--epochs"}},
		{"train --epoch 3", statusUsage, []string{"--epoch", "see odyssey --help"}},
		{"train now", statusUsage, []string{"now"}},
		{"trian", statusUsage, []string{"trian"}},
		{"eval", statusUsage, []string{"<run-or-file>"}},
		{"predict", statusUsage, []string{"<run-or-file>"}},
		{"data", statusUsage, []string{"show"}},
		{"data show --rows 0", statusError, []string{"0 rows", "want at least 1"}},
		{"data show --out no/such/sheet.png", statusError, []string{"no/such/sheet.png", "no such file"}},
		{"predict run image.png --top 0", statusError, []string{"--top 0: want at least 1"}},
	} {
		args := strings.Fields(c.args)
		if args[0] == "train" && !strings.Contains(c.args, "--limit") {
			args = append(args, "--limit", "64")
		}
		t.Run(c.args, func(t *testing.T) { refuse(t, c.status, args, c.want) })
	}
	if left := snapshot(t, "."); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEmptyNames(t *testing.T) {
	dir := trained(t)
	t.Chdir(t.TempDir())
	for _, c := range []struct{ args, want []string }{
		{[]string{"train", "--data", ""}, []string{`data directory ""`, "want one with files"}},
		{[]string{"data", "show", "--data", ""}, []string{`data directory ""`, "want one with files"}},
		{[]string{"data", "show", "--out", ""}, []string{`--out ""`, "want the name of the PNG file"}},
		{[]string{"eval", ""}, []string{`"": want the directory of a run or a safetensors file`}},
		{[]string{"eval", dir, "--data", ""}, []string{`data directory ""`, "want one with files"}},
		{[]string{"predict", "", "image.png"}, []string{`"": want the directory of a run or a safetensors file`}},
	} {
		refuse(t, statusError, c.args, c.want)
	}
	if left := snapshot(t, "."); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// Pictures are PNG files, and are called so, or else nothing is done.
func TestNamesOfPictures(t *testing.T) {
	a, b := trained(t), trained(t, "--seed", "2")
	network := filepath.Join(a, "model.safetensors")
	before := read(t, network)
	t.Chdir(t.TempDir())
	for _, c := range [][]string{
		{"data", "show", "--out", "x.jpg"}, {"data", "show", "--out", ".png"}, {"data", "stats", "--out", "y.svg"}, {"compare", a, b, "--out", network},
		{"lr-find", "--out", "png"}, {"lr-find", "--out", ""},
	} {
		refuse(t, statusError, c, []string{fmt.Sprintf("--out %q: want the name of the PNG file to write, which ends in .png", c[len(c)-1])})
	}
	if left, _ := os.ReadDir("."); len(left) != 0 || !bytes.Equal(read(t, network), before) {
		t.Errorf("left behind: %v, or another network", left)
	}
	succeed(t, "data", "show", "--out", "x.PNG")
}

// Glyphs take no settings.
func TestSettingsOfGlyphs(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, command := range []string{"data info", "data show", "data verify", "train", "lr-find"} {
		refuse(t, statusError, append(strings.Fields(command), "--data", "glyphs:size=3"), []string{`data "glyphs:size=3": glyphs are drawn, and take no settings`})
	}
}

// A set that is known by name, and not there, can be had.
func TestNameOfASetThatIsNotThere(t *testing.T) {
	t.Chdir(t.TempDir())
	const cure = "; odyssey data get mnist downloads it, and then it is --data "
	for _, command := range [][]string{{"data", "info"}, {"train"}} {
		refuse(t, statusError, append(command, "--data", "mnist"), []string{`data directory "mnist": no such file`, cure + filepath.Join("data", "mnist")})
		refuse(t, statusError, append(command, "--data", "data/mnist:size=3"), []string{`data directory "data/mnist": no such file`, cure})
	}
	if message, _ := explain(&data.DirectoryError{Dir: "nowhere", Err: fs.ErrNotExist}); strings.Contains(message, "get") {
		t.Error(message)
	}
}

func TestBadOutputDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("file", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"file", "file/run"} {
		refuse(t, statusError, []string{"train", "--limit", "64", "--out", out}, []string{"run directory " + out + ":", "want a directory that can be made"})
	}
	dir := trained(t)
	before := snapshot(t, dir)
	model, err := os.ReadFile(filepath.Join(dir, train.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, statusError, []string{"train", "--limit", "64", "--out", dir, "--seed", "2"}, []string{dir, "already holds a run", "want a new or an empty one"})
	after, err := os.ReadFile(filepath.Join(dir, train.ModelFile))
	if err != nil || !bytes.Equal(model, after) || !slices.Equal(before, snapshot(t, dir)) {
		t.Errorf("the run that was there has changed: %v", err)
	}
	if left := snapshot(t, "."); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBadModelFiles(t *testing.T) {
	dir := trained(t)
	model := filepath.Join(dir, train.ModelFile)
	whole, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "foreign.safetensors")
	if err := checkpoint.Save(other, nil, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bad.safetensors")
	replace := func(old, new string) []byte {
		b := bytes.Replace(whole, []byte(old), []byte(new), 1)
		if bytes.Equal(b, whole) || len(b) != len(whole) {
			t.Fatalf("%s cannot become %s", old, new)
		}
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want []string
	}{
		{"overlapping offsets", replace(`"data_offsets":[600,624]`, `"data_offsets":[596,620]`), []string{"conv1.bias", "overlap"}},
		{"overlong offsets", replace(`"data_offsets":[600,624]`, `"data_offsets":[600,999]`), []string{"conv1.bias", "24 bytes"}},
		{"another model's shapes", replace(`[\"0\",\"1\",`, `[      \"1\",`), []string{"fc3.weight is float32[47 84], want float32[46 84]"}},
		{"cut short", whole[:len(whole)-1], []string{"reach past the data's end"}},
		{"no safetensors", []byte("a text, and not a short one"), []string{"not a safetensors file?"}},
		{"empty", nil, []string{"at least 8 bytes, not 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(file, c.b, 0o666); err != nil {
				t.Fatal(err)
			}
			refuse(t, statusError, []string{"eval", file}, append(c.want, file))
			refuse(t, statusError, []string{"predict", file, "image.png"}, append(c.want, file))
		})
	}
	refuse(t, statusError, []string{"eval", other}, []string{other, `the metadata has no "odyssey"`})
	refuse(t, statusError, []string{"eval", "no/such/run"}, []string{"no/such/run: no such file, want the directory of a run"})
	if err := os.Remove(filepath.Join(dir, train.RecordFile)); err != nil {
		t.Fatal(err)
	}
	refuse(t, statusError, []string{"eval", dir}, []string{train.RecordFile, "want the directory of a run"})
}

func TestBadPictures(t *testing.T) {
	dir := trained(t)
	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	refuse(t, statusError, []string{"predict", dir, text}, []string{text, "want a PNG or JPEG picture"})
	refuse(t, statusError, []string{"predict", dir, "no.png"}, []string{"no.png", "want a PNG or JPEG picture"})
	refuse(t, statusError, []string{"predict", dir, dir}, []string{dir, "want a PNG or JPEG picture"})
}
