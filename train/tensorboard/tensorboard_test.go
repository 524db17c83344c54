package tensorboard

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
)

// TestAgainstTensorBoard has TensorBoard's own code read a file, where a python3 here has it; else it
// is skipped, unless ODYSSEY_TENSORBOARD is set.
func TestAgainstTensorBoard(t *testing.T) {
	w := create(t, t.TempDir())
	check(t, w.Scalar("loss", 2, 0.25))
	check(t, w.Text("notes", 3, "größer"))
	check(t, w.Image("digits", 4, picture4()))
	h, err := NewHistogram([]float64{-1, 0, 0, 2})
	check(t, err)
	check(t, w.Histogram("weights", 5, h))
	check(t, w.Close())

	var read [][4]any
	python.TensorBoard.Ask(t, "testdata/read.py", w.Path(), &read)
	want := []string{`["loss",2,"scalars",0.25]`, `["notes",3,"text","größer"]`, `["digits",4,"images",[2,2]]`}
	if len(read) != len(want)+1 {
		t.Fatalf("%d values, want %d: %v", len(read), len(want)+1, read)
	}
	for i, w := range want {
		if got, _ := json.Marshal(read[i]); string(got) != w {
			t.Errorf("%s, want %s", got, w)
		}
	}
	histogram, total := read[3], 0.0
	for _, bucket := range histogram[3].([]any) {
		total += bucket.([]any)[2].(float64)
	}
	if histogram[0] != "weights" || histogram[2] != "histograms" || math.Abs(total-4) > 1e-6 {
		t.Errorf("%v, want a histogram of 4 values", histogram)
	}
}
