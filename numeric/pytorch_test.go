package numeric_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/numeric"
)

// The 16-bit formats are those of PyTorch: every code, values next to the midpoints
// of some, and random numbers. A NaN need only be one.
func TestFloatsAgainstPyTorch(t *testing.T) {
	var question struct {
		Bits []uint32 `json:"bits"`
	}
	random := rand.New(rand.NewPCG(11, 12))
	for range 10000 {
		question.Bits = append(question.Bits, random.Uint32(),
			0x33000000+random.Uint32N(0x15000000)) // float16's range
	}
	for range 10000 { // the midpoints of both formats, and next to them
		bits := random.Uint32()>>16<<16 + 1<<15
		half := 0x33000000 + random.Uint32N(0x15000000)>>13<<13 + 1<<12
		question.Bits = append(question.Bits, bits, bits-1, bits+1, half, half-1, half+1)
	}
	var answers map[string]struct {
		Codes  []uint16 `json:"codes"`
		Values []uint32 `json:"values"`
	}
	python.PyTorch.Ask(t, "testdata/pytorch/main.py", question, &answers)
	for name, f := range map[string]*numeric.Float{"float16": numeric.F16, "bfloat16": numeric.BF16} {
		if len(answers[name].Codes) != len(question.Bits) || len(answers[name].Values) != 1<<16 {
			t.Fatalf("%s: %d codes, %d values", name, len(answers[name].Codes), len(answers[name].Values))
		}
		for i, want := range answers[name].Codes {
			x := math.Float32frombits(question.Bits[i])
			if got := f.Encode(x, numeric.ToInf); got != want && x == x {
				t.Errorf("%s: %v is %#04x, PyTorch has %#04x", name, x, got, want)
			}
		}
		for code, bits := range answers[name].Values {
			want := math.Float32frombits(bits)
			if got := f.Decode(uint16(code)); math.Float32bits(got) != bits && (got == got || want == want) {
				t.Errorf("%s: %#04x is %v, PyTorch has %v", name, code, got, want)
			}
		}
	}
}
