package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

// printedFormat is what a program reads of a format.
type printedFormat struct {
	format
	Values []*float64 `json:"values"`
}

// printedFormats returns what --json says of all formats, by name.
func printedFormats(t *testing.T) map[string]printedFormat {
	t.Helper()
	var all []printedFormat
	if err := json.Unmarshal([]byte(succeed(t, "formats", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	named := map[string]printedFormat{}
	for _, f := range all {
		named[f.Name] = f
	}
	return named
}

func TestFormatsHaveTheFiguresOfTheSpecifications(t *testing.T) {
	got := printedFormats(t)
	if want := len(numeric.Floats()) + 1 + len(numeric.BlockFormats()); len(got) != want {
		t.Errorf("%d formats, want %d", len(got), want)
	}
	for _, want := range []format{
		{Name: "F16", Safetensors: "F16", Sign: 1, Exponent: 5, Mantissa: 10, Bias: 15, Bits: 16, Largest: 65504, MinNormal: 0x1p-14, Smallest: 0x1p-24, Inf: true, NaN: true},
		{Name: "BF16", Safetensors: "BF16", Sign: 1, Exponent: 8, Mantissa: 7, Bias: 127, Bits: 16, Largest: 0x1.FEp127, MinNormal: 0x1p-126, Smallest: 0x1p-133, Inf: true, NaN: true},
		{Name: "E4M3", Safetensors: "F8_E4M3", Sign: 1, Exponent: 4, Mantissa: 3, Bias: 7, Bits: 8, Largest: 448, MinNormal: 0x1p-6, Smallest: 0x1p-9, NaN: true},
		{Name: "E5M2", Safetensors: "F8_E5M2", Sign: 1, Exponent: 5, Mantissa: 2, Bias: 15, Bits: 8, Largest: 57344, MinNormal: 0x1p-14, Smallest: 0x1p-16, Inf: true, NaN: true},
		{Name: "E2M3", Safetensors: "F6_E2M3", Sign: 1, Exponent: 2, Mantissa: 3, Bias: 1, Bits: 6, Largest: 7.5, MinNormal: 1, Smallest: 0.125},
		{Name: "E3M2", Safetensors: "F6_E3M2", Sign: 1, Exponent: 3, Mantissa: 2, Bias: 3, Bits: 6, Largest: 28, MinNormal: 0.25, Smallest: 0.0625},
		{Name: "E2M1", Safetensors: "F4", Sign: 1, Exponent: 2, Mantissa: 1, Bias: 1, Bits: 4, Largest: 6, MinNormal: 1, Smallest: 0.5},
		{Name: "E8M0", Safetensors: "F8_E8M0", Exponent: 8, Bias: 127, Bits: 8, Largest: 0x1p127, MinNormal: 0x1p-127, NaN: true},
		{Name: "MXFP4", Element: "E2M1", Block: 32, Scale: "E8M0", Sign: 1, Exponent: 2, Mantissa: 1, Bias: 1, Bits: 4.25, Largest: 6, MinNormal: 1, Smallest: 0.5, NaN: true},
		{Name: "MXINT8", Element: "INT8", Block: 32, Scale: "E8M0", Sign: 1, Mantissa: 7, Bits: 8.25, Largest: 127. / 64, MinNormal: 1. / 64, NaN: true},
		{Name: "NVFP4", Element: "E2M1", Block: 16, Scale: "E4M3, F32 a tensor", Sign: 1, Exponent: 2, Mantissa: 1, Bias: 1, Bits: 4.5, Largest: 6, MinNormal: 1, Smallest: 0.5, NaN: true},
	} {
		f := got[want.Name]
		f.Error = 0
		if a, b := jsonOf(t, f.format), jsonOf(t, want); a != b {
			t.Errorf("%s:\n%s\nwant\n%s", want.Name, a, b)
		}
	}
	for name, bits := range map[string]float64{"MXFP8_E4M3": 8.25, "MXFP8_E5M2": 8.25, "MXFP6_E2M3": 6.25, "MXFP6_E3M2": 6.25} {
		if got[name].Bits != bits {
			t.Errorf("%s takes %v bits a value, want %v", name, got[name].Bits, bits)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Between two powers of two values lie 2^-m apart, so that the error of a number x is
// about 2^-m·2^floor(log2 x) / √12: relative to numbers that are evenly spread over
// logarithms, 2^-m·0.18 to 2^-m·0.29.
func TestErrorsAreAsTheLengthOfTheMantissaSays(t *testing.T) {
	got := printedFormats(t)
	for name, mantissa := range map[string]int{"F16": 10, "BF16": 7, "E4M3": 3, "E5M2": 2, "MXFP8_E4M3": 3, "MXFP8_E5M2": 2} {
		if step := math.Ldexp(1, -mantissa); got[name].Error < 0.18*step || got[name].Error > 0.29*step {
			t.Errorf("%s has an error of %v, want %v to %v", name, got[name].Error, 0.18*step, 0.29*step)
		}
	}
	// Numbers up to 3.5 are whole multiples of 0.5 up to 2, and of 1 beyond.
	if e := got["E2M1"].Error; e < 0.5/math.Sqrt(12) || e > 1.2*0.5/math.Sqrt(12) {
		t.Errorf("E2M1 has an error of %v", e)
	}
	if a, b, c := got["NVFP4"].Error, got["MXFP4"].Error, got["E2M1"].Error; a >= b || b >= c {
		t.Errorf("errors of NVFP4, MXFP4 and E2M1 are %v, %v, %v: want them in this order", a, b, c)
	}
}

func TestRelativeError(t *testing.T) {
	if got := relativeError([]float32{3, 4}, []float32{3, 3}); got != 0.2 {
		t.Errorf("%v, want 1/√(9+16)", got)
	}
}

// The scales of blocks take part in the error: it is the same for small numbers.
func TestErrorsOfBlocksDoNotDependOnTheSizeOfTheNumbers(t *testing.T) {
	numbers := tensor.Data[float32](measure.Normal(2, 64))
	small := make([]float32, len(numbers))
	for i, x := range numbers {
		small[i] = x * 0x1p-20
	}
	for _, b := range numeric.BlockFormats() {
		want, got := relativeError(numbers, roundBlocks(b, numbers)), relativeError(small, roundBlocks(b, small))
		if got != want || got == 0 {
			t.Errorf("%s: an error of %v, want %v as for numbers 2^20 times as large", b.Name, got, want)
		}
	}
}

func TestFormatsPrintsTables(t *testing.T) {
	out := succeed(t, "formats")
	for _, line := range []string{
		"F16 1/5/10 15 16 65504 2^-14 2^-24 both ",
		"E4M3 1/4/3 7 8 448 2^-6 2^-9 NaN ",
		"E2M1 1/2/1 1 4 6 1 0.5 neither ",
		"E8M0 0/8/0 127 8 2^127 2^-127 - NaN -",
		"MXFP4 32 E8M0 E2M1 1/2/1 4.25 6 0.5 whole blocks NaN ",
		"MXINT8 32 E8M0 INT8 integer 8.25 1.984375 2^-6 whole blocks NaN ",
		"NVFP4 16 E4M3, F32 a tensor E2M1 1/2/1 4.5 6 0.5 whole blocks NaN ",
	} {
		if !strings.Contains(singleSpaces(out), "\n"+line) {
			t.Errorf("no line %q in\n%s", line, out)
		}
	}
}

// singleSpaces makes of any number of spaces one.
func singleSpaces(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

func TestFormatsPrintsValues(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"E2M1", []string{"code +0 +1", "0x00 0 0.5", "0x02 1 1.5", "0x04 2 3", "0x06 4 6", "", "Negative values have 0x08 added to the code."}},
		{"f4", []string{"0x06 4 6"}},
		{"E4M3", []string{"0x00 0 0.001953125 0.00390625 ", "0x38 1 1.125 ", "0x78 256 288 320 352 384 416 448 NaN", "", "Negative values have 0x80 "}},
		{"F8_E5M2", []string{"0x00 0 1.52587890625e-05 ", "0x78 32768 40960 49152 57344", "0x7c +Inf NaN NaN NaN"}},
		{"E8M0", []string{"0x00 2^-127 2^-126 ", "0x78 2^-7 2^-6 2^-5 2^-4 2^-3 2^-2 2^-1 2^0", "0xf8 2^121 2^122 2^123 2^124 2^125 2^126 2^127 NaN"}},
		{"mxint8", []string{"0x00 0 0.015625 ", "0x78 1.875 ", "", "Negative values have the two's complement of the code"}},
		{"NVFP4", []string{"0x04 2 3", "0x06 4 6"}},
		{"F16", []string{"65536 codes are too many to print."}},
	} {
		out := succeed(t, "formats", c.name)
		if !containsLines(singleSpaces(out), c.want) {
			t.Errorf("%s: no lines %q in\n%s", c.name, c.want, out)
		}
	}
}

// containsLines reports whether there are lines with these beginnings, in that order.
func containsLines(text string, want []string) bool {
	for _, line := range want {
		_, after, found := strings.Cut(text, "\n"+line)
		if !found {
			return false
		}
		text = after
	}
	return true
}

func TestFormatsPrintsValuesForPrograms(t *testing.T) {
	for _, c := range []struct {
		name   string
		values int
		at     map[int]float64
		nulls  []int
	}{
		{"E2M1", 16, map[int]float64{0: 0, 1: 0.5, 7: 6, 9: -0.5, 15: -6}, nil},
		{"E4M3", 256, map[int]float64{1: 0x1p-9, 0x7E: 448, 0xFE: -448}, []int{0x7F, 0xFF}},
		{"E5M2", 256, map[int]float64{1: 0x1p-16, 0x7B: 57344}, []int{0x7C, 0x7D, 0xFC}},
		{"E8M0", 256, map[int]float64{0: 0x1p-127, 127: 1, 254: 0x1p127}, []int{255}},
		{"MXINT8", 256, map[int]float64{1: 1. / 64, 127: 127. / 64, 128: -2, 129: -127. / 64, 255: -1. / 64}, nil},
		{"MXFP6_E3M2", 64, map[int]float64{1: 0.0625, 31: 28, 63: -28}, nil},
		{"BF16", 0, nil, nil},
	} {
		var f printedFormat
		if err := json.Unmarshal([]byte(succeed(t, "formats", c.name, "--json")), &f); err != nil {
			t.Fatal(err)
		}
		if f.Name != c.name || len(f.Values) != c.values {
			t.Errorf("%s: %d values of %s, want %d", c.name, len(f.Values), f.Name, c.values)
			continue
		}
		for code, want := range c.at {
			if v := f.Values[code]; v == nil || *v != want {
				t.Errorf("%s: code %d is %v, want %v", c.name, code, v, want)
			}
		}
		for _, code := range c.nulls {
			if v := f.Values[code]; v != nil {
				t.Errorf("%s: code %d is %v, want null", c.name, code, *v)
			}
		}
	}
}

func TestFormatsThatAreNot(t *testing.T) {
	refuse(t, statusError, []string{"formats", "E4M4"}, []string{`unknown format "E4M4": want one of F16, BF16, E4M3, `, ", MXFP4, NVFP4"})
	refuse(t, statusUsage, []string{"formats", "E4M3", "E5M2"}, []string{"E5M2", "see odyssey --help"})
}
