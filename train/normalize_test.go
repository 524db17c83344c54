package train

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// photos writes two folders of coloured squares of 32×32, of 24 pictures each, which are brighter the later they come.
func photos(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "photos")
	for c, class := range []string{"red", "blue"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range 24 {
			im := image.NewRGBA(image.Rect(0, 0, 32, 32))
			for p := range 32 * 32 {
				im.Set(p%32, p/32, color.RGBA{uint8(100 - 100*c + p%40), uint8(60 + 2*i), uint8(120*c + p/32), 255})
			}
			writePNG(t, filepath.Join(dir, class, string(rune('a'+i))+".png"), im)
		}
	}
	return dir
}

// linear makes a network of one layer for examples of any shape.
func linear(_ string, input []int, classes int, seed uint64) (nn.Module, error) {
	return nn.Sequential{nn.Func(op.Flatten), nn.NewLinear(tensor.Elements(input), classes, random.New(seed))}, nil
}

func prepareLinear(t *testing.T, s Settings) (*Classifier, Config) {
	t.Helper()
	net, c, err := s.Prepare(linear)
	if err != nil {
		t.Fatal(err)
	}
	return net, c
}

// photoRun is a short run on photographs.
func photoRun(dir string) Settings {
	s := smallRun()
	s.Model, s.Data, s.Limit, s.Batch, s.Epochs = "linear", dir, 0, 8, 1
	return s
}

func TestWhatExamplesAreNormalisedBy(t *testing.T) {
	files, folder := filesOfGlyphs(t), photos(t)
	set, err := OpenData(folder, "train", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	mean, std, err := data.Measure(t.Context(), set)
	if err != nil || len(mean) != 3 || mean[0] == mean[2] {
		t.Fatalf("%v, %v, %v", mean, std, err)
	}
	own := data.FormatNormalise(mean, std)
	for _, c := range []struct{ data, normalize, want string }{
		{Glyphs, "", "0.1307/0.3081"}, {Glyphs, "auto", "0.1307/0.3081"}, {files, "", "0.1307/0.3081"}, {files, "auto", "0.1307/0.3081"},
		{files, "mnist", "0.1307/0.3081"}, {files, "0.5/0.25", "0.5/0.25"},
		{folder, "", own}, {folder, "auto", own}, {folder, "own", own}, {folder, "mnist", "0.1307/0.3081"}, {folder, "0/1,0.5/1,1/2", "0/1,0.5/1,1/2"},
	} {
		s := photoRun(c.data)
		s.Normalize = c.normalize
		net, config := prepareLinear(t, s)
		if got := data.FormatNormalise(net.Mean, net.Std); got != c.want || !slices.Equal(config.Mean, net.Mean) || !slices.Equal(config.Std, net.Std) {
			t.Errorf("%q on %s: %s, and %v/%v for training, want %s", c.normalize, c.data, got, config.Mean, config.Std, c.want)
		}
	}
	s := photoRun(files)
	s.Normalize = NormalizeOwn
	if net, _ := prepareLinear(t, s); len(net.Mean) != 1 || net.Mean[0] == Mean[0] {
		t.Errorf("%v/%v, want those of the files", net.Mean, net.Std)
	}
	half := photoRun(folder)
	half.Limit = 8
	if net, _ := prepareLinear(t, half); slices.Equal(net.Mean, mean) {
		t.Errorf("%v, want the mean of the examples that there are to learn from", net.Mean)
	}
}

func TestBadNormalisations(t *testing.T) {
	folder := photos(t)
	for text, want := range map[string]string{
		"minst":            `normalize "minst": want auto, mnist or own, or MEAN/DEVIATION such as 0.1307/0.3081`,
		"0.5":              `normalize "0.5": want auto, mnist or own, or MEAN/DEVIATION`,
		"0.5/0":            "mean 0.5 and standard deviation 0: want finite numbers, the second positive",
		"0.5/0.5,0.5/0.5":  "means or deviations of 2 channels, want 1 or 3 for examples of shape [3 32 32]",
		"NaN/1":            "mean NaN",
		"0.5/0.5,0.5/0.5,": `normalize "0.5/0.5,0.5/0.5,"`,
	} {
		s := photoRun(folder)
		s.Normalize = text
		if _, _, err := s.Prepare(linear); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := photoRun(folder).PrepareContext(done, linear); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s := photoRun(folder)
	s.LR = -1
	if _, _, err := s.PrepareContext(done, linear); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the settings before the examples are measured", err)
	}
}

// The numbers that a run begins with stay its own: in the record, the checkpoints, when it goes on and when it is
// trained again, and where the data lies elsewhere by then.
func TestARunKeepsWhatItsExamplesAreNormalisedBy(t *testing.T) {
	folder, dir := photos(t), filepath.Join(t.TempDir(), "run")
	s := photoRun(folder)
	s.Epochs = 3
	net, c := prepareLinear(t, s)
	c.Callbacks = append(c.Callbacks, OnEpoch(func(e Epoch) error {
		if e.Epoch == 2 {
			return errors.New("enough for now")
		}
		return nil
	}))
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err == nil {
		t.Fatal("the run is over")
	}
	want := data.FormatNormalise(net.Mean, net.Std)
	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(folder, elsewhere); err != nil {
		t.Fatal(err)
	}
	d, err := OpenMoved(dir, elsewhere)
	if err != nil || d.Settings().Normalize != want {
		t.Fatalf("%v, %v, want %s", d, err, want)
	}
	// What is recorded is taken, not measured again.
	done, cancel := context.WithCancel(t.Context())
	cancel()
	net, c, err = d.Settings().PrepareContext(done, linear)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	p, err := Verify(t.Context(), dir, linear, Check{Data: elsewhere, Eval: true, Epochs: All})
	if err != nil || p.Replayed != 3 {
		t.Errorf("%v, %v", p, err)
	}
	loaded, err := Load(dir, linear)
	if err != nil || data.FormatNormalise(loaded.Mean, loaded.Std) != want {
		t.Fatalf("%v, %v, want %s", loaded, err, want)
	}
	r, err := ReadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Evaluate(t.Context(), c.Test); err != nil || got.Loss != r.Epochs[2].TestLoss {
		t.Errorf("%v, %v, want a loss of %v", got, err, r.Epochs[2].TestLoss)
	}
}

// Runs and checkpoints from before there was a choice have MNIST's numbers, on data of any kind.
func TestOldRunsAreNormalisedByMNIST(t *testing.T) {
	folder, dir := photos(t), filepath.Join(t.TempDir(), "run")
	s := photoRun(folder)
	s.Normalize = NormalizeMNIST
	net, c := prepareLinear(t, s)
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if m := net.metadata(); m[metaMean] != "0.1307" || m[metaStd] != "0.3081" {
		t.Errorf("metadata %q, want numbers as they were always written", m)
	}
	ofStart(t, dir, func(start map[string]any) { delete(start["settings"].(map[string]any), "normalize") })
	if got, err := ReadSettings(dir); err != nil || got.Normalize != "0.1307/0.3081" {
		t.Errorf("%+v, %v", got, err)
	}
	if p, err := Verify(t.Context(), dir, linear, Check{Eval: true, Epochs: All}); err != nil || p.Replayed != 1 {
		t.Errorf("%v, %v", p, err)
	}
}

// A network's numbers go with it through saving, quantising and prediction.
func TestChannelsOfAClassifier(t *testing.T) {
	_, c := prepareLinear(t, photoRun(photos(t)))
	net := &Classifier{Name: "linear", Net: c.Model, Classes: c.Train.Classes(), Input: c.Train.Shape(), Mean: c.Mean, Std: c.Std}
	path := save(t, net)
	loaded, err := Load(path, linear)
	if err != nil || !slices.Equal(loaded.Mean, net.Mean) || !slices.Equal(loaded.Std, net.Std) || len(loaded.Mean) != 3 {
		t.Fatalf("%+v, %v", loaded, err)
	}
	all, err := loaded.Judge(t.Context(), c.Test)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 3*32*32)
	for i, judged := range all {
		if _, err := c.Test.Read(i, x); err != nil {
			t.Fatal(err)
		}
		guesses, err := loaded.Predict(x)
		if err != nil || guesses[0].Class != loaded.Classes[judged.Guess] || guesses[0].Probability != judged.Probability {
			t.Errorf("example %d: %v, %v, judged to be %+v", i, guesses, err, judged)
		}
	}
	packed := filepath.Join(t.TempDir(), "packed.safetensors")
	if _, err := net.SaveQuantized(t.Context(), packed, Quantization{Format: tensor.MXFP8E4M3}); err != nil {
		t.Fatal(err)
	}
	if q, err := Load(packed, linear); err != nil || !slices.Equal(q.Mean, net.Mean) || !slices.Equal(q.Std, net.Std) {
		t.Errorf("%+v, %v", q, err)
	}
}

// A limit takes of all classes of a set that comes class by class, and the first of IDX files.
func TestALimitHasAllClasses(t *testing.T) {
	folder, files := photos(t), filesOfGlyphs(t)
	for _, split := range []string{"train", "test"} {
		labels := func(dir string, limit int) []int {
			set, err := OpenData(dir, split, 1, limit)
			if err != nil {
				t.Fatal(err)
			}
			labels, err := data.Labels(set)
			if err != nil {
				t.Fatal(err)
			}
			return labels
		}
		if got := labels(folder, 4); !slices.Equal(got, []int{0, 0, 1, 1}) {
			t.Errorf("%s: labels %v of folders, want two of each", split, got)
		}
		if got := labels(files, 4); !slices.Equal(got, labels(files, 0)[:4]) {
			t.Errorf("%s: labels %v of IDX files, want the first", split, got)
		}
	}
}
