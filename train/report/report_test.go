package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// newNet makes two small networks: one with a convolution, and a linear one.
func newNet(name string, input []int, classes int, seed uint64) (nn.Module, error) {
	r := random.New(seed)
	switch name {
	case "conv":
		return nn.Sequential{
			nn.NewConv2D(input[0], 4, 5, op.Conv2DConfig{Stride: 4}, r), nn.Func(op.ReLU), nn.Func(op.Flatten),
			nn.NewLinear(4*((input[1]-5)/4+1)*((input[2]-5)/4+1), classes, r),
		}, nil
	case "linear":
		return nn.Sequential{nn.Func(op.Flatten), nn.NewLinear(tensor.Elements(input), classes, r)}, nil
	}
	return nil, fmt.Errorf("no network %q", name)
}

func settings(model, data string) train.Settings {
	return train.Settings{
		Model: model, Data: data, Limit: 320, Seed: 1, Epochs: 3, Batch: 32,
		Optimizer: "sgd", LR: 0.05, Momentum: 0.9, Schedule: "linear",
	}
}

// trained keeps a run in a directory, and returns it.
func trained(t *testing.T, s train.Settings, callbacks ...func(dir string, net *train.Classifier) train.Callback) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	net, config, err := s.Prepare(newNet)
	if err != nil {
		t.Fatal(err)
	}
	d, err := train.NewDirectory(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range callbacks {
		config.Callbacks = append(config.Callbacks, c(dir, net))
	}
	if _, err := d.Run(context.Background(), net, config); err != nil {
		t.Fatal(err)
	}
	return dir
}

func gather(t *testing.T, dir string) *Report {
	t.Helper()
	r, err := Gather(context.Background(), dir, "", newNet)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func written(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGather(t *testing.T) {
	dir := trained(t, settings("conv", train.Glyphs))
	r := gather(t, dir)
	if len(r.Missing) != 0 || len(r.Checks) != 3 || r.Judged != 320 || r.Examples != 320 {
		t.Errorf("missing %q, checks %+v, %d of %d examples", r.Missing, r.Checks, r.Judged, r.Examples)
	}
	for _, c := range r.Checks {
		if !c.Fits {
			t.Errorf("does not fit: %s", c.What)
		}
	}
	best := r.Run.Record.Best()
	file := map[bool]string{true: train.ModelFile, false: train.BestFile}[best == 3]
	if *r.Checkpoint != (Checkpoint{file, best, 3}) {
		t.Errorf("it shows %+v, want the best epoch's, %d", *r.Checkpoint, best)
	}
	if got, want := r.Confusion.matrix.Value(), r.Run.Epochs[best-1].TestAccuracy; got != want {
		t.Errorf("accuracy %v, want the recorded %v", got, want)
	}
	if len(r.Mistakes) != mostMistakes {
		t.Fatalf("%d mistakes, want %d", len(r.Mistakes), mostMistakes)
	}
	for i, m := range r.Mistakes {
		if m.Class == m.Guess || m.Picture == "" || i > 0 && m.Loss > r.Mistakes[i-1].Loss {
			t.Errorf("mistake %d is %+v, want others by falling loss", i, m)
		}
	}
	if f := r.Filters; f == nil || len(f.Pictures) != 4 || f.Name != "0.weight" {
		t.Errorf("filters %+v, want 4", f)
	}
	page := written(t, r)
	for _, want := range []string{"conv on glyphs", "finished", "320 training and 320 test examples of 47 classes", "drawn from the seed", "all 320 test examples"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if again := written(t, gather(t, dir)); again != page {
		t.Error("the same run gives another page")
	}
}

// zeros is a callback that empties a network at the end of a run's third epoch.
type zeros struct {
	train.Quiet
	net nn.Module
}

func (z zeros) Step(l *train.Loop) error {
	if p := l.Progress; p.Epoch == 3 && p.Step == p.Steps {
		for _, v := range nn.Variables(z.net) {
			clear(tensor.Data[float32](v.Value.Tensor()))
		}
	}
	return nil
}

// Where the last epoch is not the best, the best one is shown.
func TestGatherShowsTheBestEpoch(t *testing.T) {
	dir := trained(t, settings("conv", train.Glyphs), func(_ string, net *train.Classifier) train.Callback { return zeros{net: net.Net} })
	r := gather(t, dir)
	best := r.Run.Record.Best()
	if best == 3 || *r.Checkpoint != (Checkpoint{train.BestFile, best, 3}) {
		t.Errorf("it shows %+v, want the best epoch's, %d, which is not the last", *r.Checkpoint, best)
	}
	for _, c := range r.Checks {
		if !c.Fits {
			t.Errorf("does not fit: %s", c.What)
		}
	}
	if got, want := r.Confusion.matrix.Value(), r.Run.Epochs[best-1].TestAccuracy; got != want {
		t.Errorf("accuracy %v, want the recorded %v", got, want)
	}
}

// What is gone is named, with why, and the rest is there.
func TestGatherWithout(t *testing.T) {
	photos := photos(t)
	for name, c := range map[string]struct {
		model, data string
		spoil       func(dir string)
		missing     []string
		fails       string // the check that does not hold
	}{
		"checkpoint": {"conv", train.Glyphs, func(dir string) {
			os.Remove(filepath.Join(dir, train.ModelFile))
			os.Remove(filepath.Join(dir, train.BestFile))
		}, []string{"checkpoint: ", "no such file"}, ""},
		"its last bytes": {"conv", train.Glyphs, func(dir string) {
			os.Truncate(filepath.Join(dir, train.ModelFile), 1000)
			os.Truncate(filepath.Join(dir, train.BestFile), 1000)
		}, []string{"checkpoint: "}, "SHA-256"},
		"data":            {"conv", photos, func(string) { os.RemoveAll(photos) }, []string{"test data: ", "no such file"}, ""},
		"convolution":     {"linear", train.Glyphs, func(string) {}, []string{"filters: linear begins with no convolution"}, ""},
		"its own weights": {"linear", train.Glyphs, swap, []string{"filters"}, "SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := trained(t, settings(c.model, c.data))
			c.spoil(dir)
			r := gather(t, dir)
			all := strings.Join(r.Missing, "\n")
			for _, want := range c.missing {
				if !strings.Contains(all, want) {
					t.Errorf("missing is %q, want %q", all, want)
				}
			}
			fails := ""
			for _, check := range r.Checks {
				if !check.Fits {
					fails += check.What
				}
			}
			if !strings.Contains(fails, c.fails) || fails != "" && c.fails == "" {
				t.Errorf("what does not hold is %q, want %q", fails, c.fails)
			}
			if page := written(t, r); !strings.Contains(page, "What this report lacks") || !strings.Contains(page, `id="loss"`) {
				t.Error("the page does not say what it lacks, or has no curves")
			}
		})
	}
}

// swap gives a run other weights of the same network.
func swap(dir string) {
	net, err := train.Load(dir, newNet)
	if err != nil {
		panic(err)
	}
	for _, v := range nn.Variables(net.Net) {
		tensor.Data[float32](v.Value.Tensor())[0] += 1
	}
	for _, file := range []string{train.ModelFile, train.BestFile} {
		if err := net.Save(filepath.Join(dir, file)); err != nil {
			panic(err)
		}
	}
}

// photos makes a folder of coloured pictures of two classes.
func photos(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	for _, split := range []string{"train", "test"} {
		for class, hue := range map[string]color.RGBA{"red": {200, 30, 30, 255}, "green": {30, 180, 60, 255}} {
			for i := range 40 {
				picture := image.NewRGBA(image.Rect(0, 0, 12, 12))
				for p := range 144 {
					c := hue
					c.B = uint8(p*i*7 + i)
					picture.SetRGBA(p%12, p/12, c)
				}
				var b bytes.Buffer
				path := filepath.Join(dir, split, class, fmt.Sprintf("%d.png", i))
				err := errors.Join(png.Encode(&b, picture), os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b.Bytes(), 0o666))
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

func TestColouredPicturesHaveTheirColours(t *testing.T) {
	r := gather(t, trained(t, settings("conv", photos(t))))
	if r.Filters == nil || r.Filters.Shape[1] != 3 || len(r.Run.Record.Start.Data) == 0 {
		t.Fatalf("filters %+v, want those of 3 channels; data %+v", r.Filters, r.Run.Record.Start.Data)
	}
	page := written(t, r)
	for _, want := range []string{r.Run.Record.Start.Data[0].SHA256, "as red, green and blue"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	x := make([]float32, 3*2*2)
	x[0], x[4], x[8] = 1, 0.5, 0 // of the first pixel
	got := decode(t, string(picturesIn(t, []int{3, 2, 2}, x...)[0])).At(0, 0)
	if got != (color.RGBA{255, 128, 0, 255}) && fmt.Sprint(got) != "{255 128 0 255}" {
		t.Errorf("the first pixel is %v", got)
	}
}

// A run without an epoch has a page, and one without a record has none.
func TestEmptyRuns(t *testing.T) {
	r := &Report{Run: Run{Name: "none", Record: &train.Record{}}}
	if page := written(t, r); !strings.Contains(page, "not ended") {
		t.Error("the page of an empty record does not say that the run has not ended")
	}
	if _, err := Gather(context.Background(), t.TempDir(), "", newNet); err == nil || !strings.Contains(err.Error(), "want the directory of a run") {
		t.Errorf("error %v of an empty directory", err)
	}
	dir := trained(t, settings("linear", train.Glyphs))
	path := filepath.Join(dir, train.RecordFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte(`"test_accuracy":0.`), []byte(`"test_accuracy":0.9`), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Gather(context.Background(), dir, "", newNet); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v of a record that was changed, want one that names the line", err)
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	if err := os.WriteFile(path, append(first, '\n'), 0o666); err != nil {
		t.Fatal(err)
	}
	r = gather(t, dir)
	if len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "no epoch was finished") {
		t.Errorf("missing %q of a run without an epoch", r.Missing)
	}
	written(t, r)
}

func TestGatherEndsWithItsContext(t *testing.T) {
	dir := trained(t, settings("linear", train.Glyphs))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Gather(ctx, dir, "", newNet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
