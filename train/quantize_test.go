package train

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// A quantised classifier comes back with the values that its packed weights stand for.
func TestSaveQuantized(t *testing.T) {
	c := newClassifier(t, 3)
	for d := tensor.Float16; d <= tensor.NVFP4; d++ {
		path := filepath.Join(t.TempDir(), ModelFile)
		report, err := c.SaveQuantized(path, d, []string{"fc3.weight"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(path, model.New)
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		back := nn.Variables(got.Net)
		for i, v := range nn.Variables(c.Net) {
			x, q := v.Value.Tensor(), report[i]
			kept := strings.HasSuffix(v.Name, ".bias") || v.Name == "fc3.weight"
			want := x
			if !kept {
				want = x.Reshape(x.Shape()[0], -1).Convert(d).Convert(tensor.Float32).Reshape(x.Shape()...)
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
	if _, err := c.SaveQuantized(path, tensor.Float32, nil); err == nil || !strings.Contains(err.Error(), "float32 is not a packed type") {
		t.Error(err)
	}
	if _, err := c.SaveQuantized(path, tensor.MXFP4, []string{"fc4.weight"}); err == nil || !strings.Contains(err.Error(), `"fc4.weight" is no parameter`) {
		t.Error(err)
	}
}
