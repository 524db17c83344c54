package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/op"
)

// A gradient check tells that derivatives fit their function; this test tells
// that the function is the one it is said to be, cut into many small chunks too.
func TestValuesAgainstReferences(t *testing.T) {
	defer op.SetGrain(16)()
	for _, e := range op.Table() {
		if e.Reference == nil {
			t.Errorf("%s has no reference", e.Name)
		}
		for _, f := range gradcheck.CheckValues(e).Failures {
			t.Errorf("%s: %s", e.Name, f)
		}
	}
}
