package train

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
)

// A quantised classifier comes back with the values that its packed weights stand for.
func TestSaveQuantized(t *testing.T) {
	c := newClassifier(t, 3)
	for d := tensor.Float16; d <= tensor.NVFP4; d++ {
		path := filepath.Join(t.TempDir(), ModelFile)
		report, err := c.SaveQuantized(t.Context(), path, Quantization{Format: d, Keep: []string{"fc3.weight"}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(path, model.New)
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		back := nn.Variables(got.Net)
		for i, v := range nn.Variables(c.Net) {
			x, q := v.Value.Tensor(), report.Parameters[i]
			kept := strings.HasSuffix(v.Name, ".bias") || v.Name == "fc3.weight"
			want := x
			if !kept {
				want = quantized(x.Reshape(x.Shape()[0], -1), d)
			}
			if !back[i].Value.Tensor().Equal(want) {
				t.Errorf("%v: %s is not what was packed", d, v.Name)
			}
			if q.Name != v.Name || kept != (q.Type == tensor.Float32) || kept != (q.Error == 0) || kept != (q.Bytes == q.Before) {
				t.Errorf("%v: reported %+v", d, q)
			}
			if most := map[bool]float64{true: 0.4, false: 0.07}[d == tensor.Float4E2M1 || d == tensor.MXFP4 || d == tensor.NVFP4]; d.Blocks() != nil && q.Error > most {
				t.Errorf("%v: an error of %v in %s", d, q.Error, v.Name)
			}
		}
	}
}

func TestSaveQuantizedRefuses(t *testing.T) {
	c, path := newClassifier(t, 3), filepath.Join(t.TempDir(), ModelFile)
	if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: tensor.Float32}); err == nil || !strings.Contains(err.Error(), "float32 is not a packed type") {
		t.Error(err)
	}
	if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: tensor.MXFP4, Keep: []string{"fc4.weight"}}); err == nil || !strings.Contains(err.Error(), `"fc4.weight" is no parameter`) {
		t.Error(err)
	}
}

// Weights of a quantised classifier stay packed, and guesses and losses are those of the
// same numbers in float32.
func TestQuantizedClassifiersComputeFromPackedWeights(t *testing.T) {
	c := newClassifier(t, 3)
	path := filepath.Join(t.TempDir(), ModelFile)
	set := glyphs.New(20, 1, glyphs.Test)
	for _, d := range []tensor.DType{tensor.MXFP4, tensor.NVFP4, tensor.Float8E4M3, tensor.MXINT8} {
		if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: d, Keep: []string{"conv1.weight"}}); err != nil {
			t.Fatal(err)
		}
		packed, err := Load(path, model.NewBlank)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := Load(path, model.New)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range nn.Variables(plain.Net) {
			if kept := !strings.HasSuffix(v.Name, ".weight") || v.Name == "conv1.weight"; kept != !v.Value.DType().IsPacked() {
				t.Errorf("%s is %v", v.Name, v.Value.Spec())
			}
		}
		unpack(t, plain, c)
		example := make([]float32, tensor.Elements(set.Shape()))
		if _, err := set.Read(7, example); err != nil {
			t.Fatal(err)
		}
		got, err := packed.Predict(example)
		if err != nil {
			t.Fatal(err)
		}
		want, err := plain.Predict(example)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v: guesses %v, want %v (%v)", d, got[:2], want[:2], err)
		}
		gotLoss, err := packed.Evaluate(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if wantLoss, err := plain.Evaluate(t.Context(), set); err != nil || gotLoss != wantLoss {
			t.Errorf("%v: %+v, want %+v (%v)", d, gotLoss, wantLoss, err)
		}
	}
}

// unpack makes float32 of the packed weights of c, in the shapes of those of like.
func unpack(t *testing.T, c, like *Classifier) {
	t.Helper()
	shapes := nn.Variables(like.Net)
	net, err := model.New(c.Name, c.Input, len(c.Classes), 0)
	if err != nil {
		t.Fatal(err)
	}
	to := nn.Variables(net)
	for i, v := range nn.Variables(c.Net) {
		autograd.Assign(to[i].Value, autograd.Const(v.Value.Tensor().Convert(tensor.Float32).Reshape(shapes[i].Value.Shape()...)))
	}
	c.Net = net
}

func TestQuantizedClassifiersAreNotTrained(t *testing.T) {
	c := newClassifier(t, 3)
	path := filepath.Join(t.TempDir(), ModelFile)
	if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: tensor.MXFP4}); err != nil {
		t.Fatal(err)
	}
	q, err := Load(path, model.New)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), "conv1.weight is packed: training wants float weights") {
			t.Errorf("training gives %v", err)
		}
	}()
	nn.SetTraining(q.Net, true)
}

// What was quantised is quantised again from the numbers that it stands for.
func TestQuantizeTwice(t *testing.T) {
	c := newClassifier(t, 3)
	once, twice, straight := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2"), filepath.Join(t.TempDir(), "3")
	save := func(c *Classifier, path string, d tensor.DType) *Classifier {
		if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: d}); err != nil {
			t.Fatal(err)
		}
		back, err := Load(path, model.New)
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	first := save(c, once, tensor.MXFP8E4M3)
	got := save(first, twice, tensor.MXFP4)
	unpack(t, first, c)
	want := nn.Variables(save(first, straight, tensor.MXFP4).Net)
	for i, v := range nn.Variables(got.Net) {
		if !v.Value.Tensor().Equal(want[i].Value.Tensor()) {
			t.Errorf("%s differs", v.Name)
		}
	}
}

func TestScaleOfATensor(t *testing.T) {
	for most, want := range map[float32]float32{448: 1, 448.1: 2, 224: 0.5, 1: 0x1p-8, 0.9: 0x1p-8, 0: 1, 1e-38: 0x1p-126} {
		x := tensor.FromSlice([]float32{0, -most, most / 2, float32(math.Inf(1))}, 2, 2)
		if _, _, got := tensor.Packed(quantized(x, tensor.Float8E4M3)); got != want {
			t.Errorf("the scale for %v is %v, want %v", most, got, want)
		}
	}
}

// Of two parameters with the same error the one of fewer bytes is left, and at most a
// twentieth of all bytes.
func TestRecommend(t *testing.T) {
	all := []Quantized{
		{Name: "small", Bytes: 10, Before: 80, Error: 0.1}, {Name: "large", Bytes: 1000, Before: 8000, Error: 0.1},
		{Name: "worse", Bytes: 30, Before: 240, Error: 0.3}, {Name: "bias", Bytes: 10, Before: 10},
		{Name: "less", Bytes: 20, Before: 160, Error: 0.01},
	}
	report := QuantizeReport{Parameters: all}
	report.recommend()
	var kept []string
	for _, q := range all {
		if q.Keep {
			kept = append(kept, q.Name)
		}
	}
	if fmt.Sprint(kept) != "[small worse]" {
		t.Errorf("keep %v", kept)
	}
}

// With activations the products of a quantised classifier read rounded inputs: of fp8, within the
// ranges that the examples had, which the file keeps.
func TestQuantizedActivations(t *testing.T) {
	c, path := newClassifier(t, 3), filepath.Join(t.TempDir(), ModelFile)
	examples, test := data.Limit(glyphs.New(100, 1, glyphs.Train), 40), glyphs.New(30, 1, glyphs.Test)
	for _, d := range []tensor.DType{tensor.Float8E4M3, tensor.NVFP4, tensor.BFloat16} {
		q := Quantization{Format: d, Keep: []string{"fc1.weight"}, Activations: true, Examples: examples, New: model.New}
		report, err := c.SaveQuantized(t.Context(), path, q)
		if err != nil {
			t.Fatal(err)
		}
		if report.Measured != 40 || !(report.Scores > 0 && report.Scores < 0.5) || !(report.Same > 0.5 && report.Same <= 1) {
			t.Errorf("%v: reported %+v", d, report)
		}
		for _, p := range report.Parameters {
			if measured := p.Scores > 0; measured != p.Type.IsPacked() || p.Scores > report.Scores*2 {
				t.Errorf("%v: reported %+v", d, p)
			}
		}
		got, err := Load(path, model.New)
		if err != nil {
			t.Fatal(err)
		}
		if got.Precision != precision.Activations(d) || (len(got.Ranges) == 4) != (d == tensor.Float8E4M3) {
			t.Errorf("%v: precision %v, ranges %v", d, got.Precision, got.Ranges)
		}
		rounded, err := got.Evaluate(t.Context(), test)
		if err != nil {
			t.Fatal(err)
		}
		got.Precision, got.Ranges = precision.FP32, nil
		if plain, err := got.Evaluate(t.Context(), test); err != nil || plain.Loss == rounded.Loss {
			t.Errorf("%v: a loss of %v with activations as they are, %v rounded; %v", d, plain.Loss, rounded.Loss, err)
		}
	}
	got, err := Load(path, model.New)
	if err != nil {
		t.Fatal(err)
	}
	got.Precision, got.Ranges = precision.Activations(tensor.Float8E4M3), []float32{1, 2}
	if _, err := got.Evaluate(t.Context(), test); err == nil || !strings.Contains(err.Error(), "want 4 ranges") {
		t.Errorf("two ranges: %v", err)
	}
}

// The ranges are the largest magnitudes that products read: of the first, those of the images.
func TestRangesAreTheLargestMagnitudes(t *testing.T) {
	c, path := newClassifier(t, 3), filepath.Join(t.TempDir(), ModelFile)
	examples := glyphs.New(300, 1, glyphs.Train) // more than a batch
	q := Quantization{Format: tensor.Float8E4M3, Activations: true, Examples: examples, New: model.New}
	if _, err := c.SaveQuantized(t.Context(), path, q); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path, model.New)
	if err != nil {
		t.Fatal(err)
	}
	want := float32(0)
	pixels := make([]float32, tensor.Elements(examples.Shape()))
	for i := range examples.Len() {
		if _, err := examples.Read(i, pixels); err != nil {
			t.Fatal(err)
		}
		for _, v := range pixels {
			want = max(want, float32(math.Abs(float64((v-c.Mean[0])/c.Std[0]))))
		}
	}
	if len(got.Ranges) != 5 || math.Abs(float64(got.Ranges[0]-want)) > 1e-6 {
		t.Errorf("the images reach %v, want %v", got.Ranges, want)
	}
}

func TestQuantizeInAnotherPrecision(t *testing.T) {
	path, examples := filepath.Join(t.TempDir(), ModelFile), glyphs.New(20, 1, glyphs.Train)
	for _, activations := range []bool{false, true} {
		for _, p := range []precision.Policy{precision.FP64, precision.MXFP4} {
			c := newClassifier(t, 3)
			c.Precision = p
			nn.Convert(c.Net, p.Type())
			q := Quantization{Format: tensor.NVFP4, Activations: activations, Examples: examples, New: model.New}
			if _, err := c.SaveQuantized(t.Context(), path, q); err != nil {
				t.Fatalf("%v: %v", p, err)
			}
			want := precision.FP32
			switch {
			case activations:
				want = precision.Activations(tensor.NVFP4)
			case p == precision.FP64:
				want = p
			}
			got, err := Load(path, model.New)
			if err != nil || got.Precision != want {
				t.Fatalf("%v becomes %v, %v; want %v", p, got.Precision, err, want)
			}
			if _, err := got.Evaluate(t.Context(), examples); err != nil {
				t.Errorf("%v: %v", p, err)
			}
		}
	}
}

func TestQuantizeAgainAndKeep(t *testing.T) {
	dir := t.TempDir()
	once, twice := filepath.Join(dir, "once"), filepath.Join(dir, "twice")
	if _, err := newClassifier(t, 3).SaveQuantized(t.Context(), once, Quantization{Format: tensor.MXFP8E4M3}); err != nil {
		t.Fatal(err)
	}
	first, err := Load(once, model.New)
	if err != nil {
		t.Fatal(err)
	}
	q := Quantization{Format: tensor.MXFP4, Keep: []string{"conv1.weight"}, Examples: glyphs.New(20, 1, glyphs.Train), New: model.New}
	if _, err := first.SaveQuantized(t.Context(), twice, q); err != nil {
		t.Fatal(err)
	}
	second, err := Load(twice, model.New)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range nn.Variables(second.Net) {
		was := nn.Variables(first.Net)[i].Value.Tensor()
		if kept := v.Name == "conv1.weight" || !was.DType().IsPacked(); kept != v.Value.Tensor().Equal(was) {
			t.Errorf("%s: kept %v", v.Name, !kept)
		}
	}
}

func TestWeightsThatAFormatCannotHold(t *testing.T) {
	c, path := newClassifier(t, 3), filepath.Join(t.TempDir(), ModelFile)
	multiply(c.Net.(*model.LeNet5).Fc1.Weight, 1e7)
	_, err := c.SaveQuantized(t.Context(), path, Quantization{Format: tensor.Float16})
	if err == nil || !strings.Contains(err.Error(), "fc1.weight has values that float16 cannot hold") {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file is there")
	}
}

func TestExamplesWantANetwork(t *testing.T) {
	c, path := newClassifier(t, 3), filepath.Join(t.TempDir(), ModelFile)
	if _, err := c.SaveQuantized(t.Context(), path, Quantization{Format: tensor.MXFP4, Examples: glyphs.New(4, 1, glyphs.Test)}); err == nil {
		t.Error("no error")
	}
}

func TestRangesOfAFileAreChecked(t *testing.T) {
	c := newClassifier(t, 3)
	c.Ranges = []float32{1}
	if _, err := Load(save(t, c), model.New); err == nil || !strings.Contains(err.Error(), "ranges") {
		t.Errorf("ranges of float32: %v", err)
	}
	c.Precision, c.Ranges = precision.Activations(tensor.Float8E4M3), []float32{1, -2}
	if _, err := Load(save(t, c), model.New); err == nil || !strings.Contains(err.Error(), "ranges") {
		t.Errorf("negative ranges: %v", err)
	}
}
