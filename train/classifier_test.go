package train

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

func newClassifier(t *testing.T, seed uint64) *Classifier {
	t.Helper()
	return &Classifier{
		Name: "lenet5", Net: model.NewLeNet5(47, seed), Classes: glyphs.Labels(),
		Input: []int{1, 28, 28}, Mean: Mean, Std: Std,
	}
}

func save(t *testing.T, c *Classifier) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), ModelFile)
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSavedClassifierComesBackTheSame(t *testing.T) {
	c := newClassifier(t, 7)
	path := save(t, c)
	for _, from := range []string{path, filepath.Dir(path)} {
		got, err := Load(from, model.New)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != c.Name || !slices.Equal(got.Mean, c.Mean) || !slices.Equal(got.Std, c.Std) ||
			!slices.Equal(got.Classes, c.Classes) || !slices.Equal(got.Input, c.Input) {
			t.Errorf("loaded %+v, want %+v", got, c)
		}
		want := nn.Variables(c.Net)
		for i, v := range nn.Variables(got.Net) {
			if !v.Value.Tensor().Equal(want[i].Value.Tensor()) {
				t.Errorf("%s differs", v.Name)
			}
		}
		a, errA := os.ReadFile(path)
		b, errB := os.ReadFile(save(t, got))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("saved again, the bytes differ (%v, %v)", errA, errB)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *checkpoint.File)
		want   string
	}{
		{"foreign file", func(f *checkpoint.File) { f.Metadata = nil }, `the metadata has no "odyssey"`},
		{"no classes", func(f *checkpoint.File) { delete(f.Metadata, "classes") }, `the metadata has no "classes"`},
		{"no std", func(f *checkpoint.File) { delete(f.Metadata, "std") }, `the metadata has no "std"`},
		{"other format", func(f *checkpoint.File) { f.Metadata["odyssey"] = "2" }, `metadata "odyssey" is "2", want "1"`},
		{"classes no list", func(f *checkpoint.File) { f.Metadata["classes"] = "47" }, `metadata "classes" is "47", want a list of strings`},
		{"mean no number", func(f *checkpoint.File) { f.Metadata["mean"] = "NaN" }, `metadata "mean" is "NaN", want a number`},
		{"std zero", func(f *checkpoint.File) { f.Metadata["std"] = "0" }, `metadata "mean" and "std": mean 0.1307 and standard deviation 0: want finite numbers, the second positive`},
		{"means of two channels", func(f *checkpoint.File) { f.Metadata["mean"] = "[0.1,0.2]" }, `metadata "mean" and "std": means or deviations of 2 channels, want 1`},
		{"no means", func(f *checkpoint.File) { f.Metadata["mean"] = "[]" }, `metadata "mean" is "[]", want a number, or one for each channel`},
		{"std no numbers", func(f *checkpoint.File) { f.Metadata["std"] = `["a"]` }, `want a number, or one for each channel`},
		{"many classes", func(f *checkpoint.File) {
			f.Metadata["classes"] = "[" + strings.Repeat(`"",`, 1<<15) + `""]`
		}, `32769 names, want at most 32768`},
		{"no classes at all", func(f *checkpoint.File) { f.Metadata["classes"] = "[]" }, "at least one class"},
		{"other input", func(f *checkpoint.File) { f.Metadata["input"] = "[3,32,32]" }, "takes grey images of 28×28, not examples of shape [3 32 32]"},
		{"unknown model", func(f *checkpoint.File) { f.Metadata["model"] = "resnet" }, `unknown model "resnet": want one of lenet5`},
		{"fewer classes", func(f *checkpoint.File) { f.Metadata["classes"] = `["a","b"]` }, "fc3.weight is float32[47 84], want float32[2 84]"},
		{"tensor missing", func(f *checkpoint.File) { f.Tensors = f.Tensors[1:] }, "conv1.weight is missing, want float32[6 1 5 5]"},
		{"tensor left over", func(f *checkpoint.File) {
			f.Tensors = append(f.Tensors, checkpoint.Named{Name: "fc4.bias", Tensor: tensor.New(tensor.Float32, 2)})
		}, `tensor "fc4.bias" is no part of this model`},
		{"other type", func(f *checkpoint.File) { f.Tensors[1].Tensor = tensor.New(tensor.Float64, 6) }, "conv1.bias is float64[6], want float32[6]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := save(t, newClassifier(t, 1))
			f, err := checkpoint.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			c.change(f)
			if err := checkpoint.Save(path, f.Tensors, f.Metadata); err != nil {
				t.Fatal(err)
			}
			_, err = Load(path, model.New)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("error %v, want one of %s with %q", err, path, c.want)
			}
		})
	}
}

func TestLoadWithoutFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                            filepath.Join(dir, ModelFile) + ": no such file, want the directory of a run",
		filepath.Join(dir, "x.s"):      "x.s: no such file, want the directory of a run",
		filepath.Join(dir, "x", "y.s"): "y.s: no such file, want the directory of a run",
	} {
		if _, err := Load(path, model.New); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

func TestPredict(t *testing.T) {
	c := newClassifier(t, 3)
	x := make([]float32, 28*28)
	if _, err := glyphs.New(1, 1, glyphs.Test).Read(0, x); err != nil {
		t.Fatal(err)
	}
	guesses, err := c.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	if len(guesses) != 47 || !slices.IsSortedFunc(guesses, func(a, b Guess) int {
		if a.Probability < b.Probability {
			return 1
		}
		return -1
	}) {
		t.Errorf("want 47 guesses, the likeliest first, not %v", guesses)
	}
	input := tensor.New(tensor.Float32, 1, 1, 28, 28)
	for i, v := range x {
		tensor.Data[float32](input)[i] = (v - Mean[0]) / Std[0]
	}
	scores := tensor.Data[float32](c.Net.Forward(autograd.Const(input)).Tensor())
	sum := 0.0
	for _, g := range guesses {
		sum += g.Probability
		// The ratio of two probabilities is e to the difference of their scores.
		score := func(class string) float64 { return float64(scores[slices.Index(c.Classes, class)]) }
		want := math.Exp(score(g.Class) - score(guesses[0].Class))
		if got := g.Probability / guesses[0].Probability; math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %v times as likely as %s, want %v", g.Class, got, guesses[0].Class, want)
		}
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("the probabilities' sum is %v", sum)
	}
}

func TestPredictRefuses(t *testing.T) {
	c := newClassifier(t, 3)
	if _, err := c.Predict(make([]float32, 783)); err == nil || !strings.Contains(err.Error(), "783 values, want 784") {
		t.Errorf("783 values: error %v", err)
	}
	bias := nn.Variables(c.Net)[1].Value
	nan := float32(math.NaN())
	autograd.Assign(bias, autograd.Const(tensor.FromSlice([]float32{nan, nan, nan, nan, nan, nan}, 6)))
	if _, err := c.Predict(make([]float32, 784)); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("NaN among the weights: error %v", err)
	}
	c.Input = []int{1, 28, 29}
	if _, err := c.PredictPicture(nil); err == nil || !strings.Contains(err.Error(), "want coloured images, square grey ones, or photographs") {
		t.Errorf("a grey input that is not square: error %v", err)
	}
}

func TestEvaluateRefusesOtherData(t *testing.T) {
	c := newClassifier(t, 1)
	c.Classes = c.Classes[:10]
	_, err := c.Evaluate(context.Background(), glyphs.New(10, 1, glyphs.Test))
	if err == nil || !strings.Contains(err.Error(), "47 classes, want 10") {
		t.Errorf("other classes: error %v", err)
	}
	c = newClassifier(t, 1)
	c.Input = []int{1, 32, 32}
	_, err = c.Evaluate(context.Background(), glyphs.New(10, 1, glyphs.Test))
	if err == nil || !strings.Contains(err.Error(), "examples of shape [1 28 28], want [1 32 32]") {
		t.Errorf("other shape: error %v", err)
	}
}

// A picture of a set is predicted as the set's own example of it, also after a save.
func TestPicturesOfAFolderAreMadeExamplesAsTheFolderDoes(t *testing.T) {
	for _, channels := range []int{1, 3} {
		dir := t.TempDir()
		for k, class := range []string{"a", "b"} {
			if err := os.Mkdir(filepath.Join(dir, class), 0o777); err != nil {
				t.Fatal(err)
			}
			writeGradient(t, filepath.Join(dir, class, "1.png"), 40+10*k, 30)
		}
		set, err := data.OpenFolder(dir, data.FolderConfig{Width: 32, Height: 32, Channels: channels})
		if err != nil {
			t.Fatal(err)
		}
		c := &Classifier{Name: "resnet20", Classes: set.Classes(), Input: set.Shape(), Photographs: channels == 1}
		if c.Net, err = model.New(c.Name, c.Input, 2, 1); err != nil {
			t.Fatal(err)
		}
		if c, err = Load(save(t, c), model.NewBlank); err != nil {
			t.Fatal(err)
		}
		x := make([]float32, tensor.Elements(set.Shape()))
		for i, file := range set.Files() {
			picture, err := data.ReadPicture(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := set.Read(i, x); err != nil {
				t.Fatal(err)
			}
			got, err := c.PredictPicture(picture)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := c.Predict(x); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d channels: %v, want %v, %v", channels, got, want, err)
			}
		}
	}
}

func writeGradient(t *testing.T, path string, width, height int) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i*7/width) | uint8(255*(i%4/3)) // opaque
	}
	writePNG(t, path, picture)
}

func writePNG(t *testing.T, path string, picture image.Image) {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}
