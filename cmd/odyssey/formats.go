package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

type formatsCommand struct {
	Name string `arg:"" optional:"" help:"The format whose values to print. Default: a line for each format."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (formatsCommand) Help() string {
	return `The layout is that of sign, exponent and mantissa in bits; an exponent e stands for 2^(e-bias). The error is that of 2^16 normally distributed numbers, rounded to the nearest value of the format: its root mean square, relative to that of the numbers. Formats without blocks take the numbers as they are, of mean 0 and standard deviation 1, and saturate. The bits of a value in a block include its part of the scale.

Of a format of at most 8 bits all values can be printed, those of a block for a scale of 1. Names are also taken as safetensors spells them.

    odyssey formats
    odyssey formats E4M3`
}

// format is what is told of a number format. Of a block it has the elements'
// layout and, for a scale of 1, their values.
type format struct {
	Name        string  `json:"name"`
	Safetensors string  `json:"safetensors,omitempty"` // the name there
	Sign        int     `json:"sign_bits"`
	Exponent    int     `json:"exponent_bits"`
	Mantissa    int     `json:"mantissa_bits"`
	Bias        int     `json:"bias"`
	Bits        float64 `json:"bits"` // a value, with its part of the scale
	Largest     float64 `json:"largest"`
	MinNormal   float64 `json:"smallest_normal"`
	Smallest    float64 `json:"smallest_subnormal,omitempty"` // 0: there are no subnormals
	Inf         bool    `json:"inf"`
	NaN         bool    `json:"nan"`
	Block       int     `json:"block,omitempty"` // values
	Element     string  `json:"element,omitempty"`
	Scale       string  `json:"scale,omitempty"`
	Error       float64 `json:"error,omitempty"` // see relativeError; 0: nothing is rounded to it
	Values      []value `json:"values,omitempty"`

	decode func(code int) float32
}

// value is written as null where JSON has no such number.
type value float64

func (v value) MarshalJSON() ([]byte, error) {
	if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	return []byte(decimal(float64(v))), nil
}

// formats returns all formats: floating-point numbers, the scale, blocks.
func formats() (all []format) {
	numbers := tensor.Data[float32](measure.Normal(1, 1<<16))
	for _, t := range numeric.Floats() {
		f := formatOf(t)
		f.Error = relativeError(numbers, roundFloats(t, numbers))
		all = append(all, f)
	}
	all = append(all, scaleFormat())
	for _, b := range numeric.BlockFormats() {
		f := blockFormat(b)
		f.Error = relativeError(numbers, roundBlocks(b, numbers))
		all = append(all, f)
	}
	return all
}

func formatOf(t *numeric.Float) format {
	return format{
		Name: commonName(t), Safetensors: t.Name,
		Sign: 1, Exponent: t.Exponent, Mantissa: t.Mantissa, Bias: t.Bias, Bits: float64(t.Bits()),
		Largest: float64(t.Max()), MinNormal: float64(t.MinNormal()), Smallest: float64(t.Smallest()),
		Inf: t.Special == numeric.IEEE, NaN: t.Special != numeric.Finite,
		decode: func(code int) float32 { return t.Decode(uint16(code)) },
	}
}

// commonName returns how papers call a format: by its layout, if it is narrow.
func commonName(t *numeric.Float) string {
	if t.Bits() > 8 || t.Name == "INT8" {
		return t.Name
	}
	return fmt.Sprintf("E%dM%d", t.Exponent, t.Mantissa)
}

func scaleFormat() format {
	decode := func(code int) float32 { return numeric.E8M0(code).Float32() }
	return format{
		Name: "E8M0", Safetensors: "F8_E8M0", Exponent: 8, Bias: 127, Bits: 8,
		Largest: float64(decode(254)), MinNormal: float64(decode(0)), NaN: true, decode: decode,
	}
}

func blockFormat(b *numeric.Blocks) format {
	f := formatOf(b.Element)
	f.Name, f.Safetensors, f.Element, f.Block, f.Bits = b.Name, "", f.Name, b.Size, b.BitsPerValue()
	f.Scale = "E8M0"
	if b == numeric.NVFP4 {
		f.Scale = "E4M3, F32 a tensor"
	}
	f.NaN, f.Inf = true, false // by the scale
	if b == numeric.MXINT8 {   // integers, that is one mantissa
		f.Exponent, f.Mantissa, f.Bias = 0, 7, 0
		f.MinNormal, f.Smallest = f.Smallest, 0
	}
	f.decode = func(code int) float32 { return decodeElement(b, code) }
	return f
}

// decodeElement returns the value of an element whose block has a scale of 1.
func decodeElement(b *numeric.Blocks, code int) float32 {
	scale := byte(0)
	for b.Scale(scale) != 1 {
		scale++
	}
	packed, values := make([]byte, b.Bytes()), []float32{0}
	packed[0] = byte(code)
	b.Decode(values, packed, scale, 1)
	return values[0]
}

// roundFloats rounds each number to the nearest value of the format.
func roundFloats(t *numeric.Float, numbers []float32) []float32 {
	rounded := make([]float32, len(numbers))
	for i, x := range numbers {
		rounded[i] = t.Decode(t.Encode(x, numeric.Saturate))
	}
	return rounded
}

// roundBlocks encodes the numbers, which are whole blocks, and decodes them.
func roundBlocks(b *numeric.Blocks, numbers []float32) []float32 {
	rounded := make([]float32, len(numbers))
	packed, common := make([]byte, b.Bytes()), b.TensorScale(largestOf(numbers))
	for at := 0; at < len(numbers); at += b.Size {
		scale := b.Encode(packed, numbers[at:at+b.Size], common)
		b.Decode(rounded[at:at+b.Size], packed, scale, common)
	}
	return rounded
}

func largestOf(numbers []float32) (largest float32) {
	for _, x := range numbers {
		largest = max(largest, x, -x)
	}
	return largest
}

// relativeError returns the root mean square of the errors by that of the numbers.
func relativeError(numbers, rounded []float32) float64 {
	var errors, squares float64
	for i, x := range numbers {
		e := float64(rounded[i]) - float64(x)
		errors += float64(e * e)
		squares += float64(float64(x) * float64(x))
	}
	return math.Sqrt(errors / squares)
}

// Run prints the formats, or one.
func (c formatsCommand) Run(out *output) error {
	all := formats()
	if c.Name != "" {
		return c.one(out, all)
	}
	if c.JSON {
		return out.writeJSON(all)
	}
	if err := writeColumns(out, floatTable(all)); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return writeColumns(out, blockTable(all))
}

// one prints a format with its values.
func (c formatsCommand) one(out *output, all []format) error {
	f, err := findFormat(all, c.Name)
	if err != nil {
		return err
	}
	if c.JSON {
		f.Values = f.values()
		return out.writeJSON(f)
	}
	table := floatTable
	if f.Block > 0 {
		table = blockTable
	}
	if err := writeColumns(out, table([]format{f})); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if f.codes() == 0 {
		fmt.Fprintf(out, "%d codes are too many to print.\n", 1<<int(f.Bits))
		return nil
	}
	return f.writeValues(out)
}

func findFormat(all []format, name string) (format, error) {
	var known []string
	for _, f := range all {
		if strings.EqualFold(name, f.Name) || strings.EqualFold(name, f.Safetensors) {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return format{}, fmt.Errorf("unknown format %q: want one of %s", name, strings.Join(known, ", "))
}

// codes returns how many codes a value or an element has, 0 if too many to print.
func (f format) codes() int {
	if bits := f.Sign + f.Exponent + f.Mantissa; bits <= 8 {
		return 1 << bits
	}
	return 0
}

func (f format) values() (values []value) {
	for code := range f.codes() {
		values = append(values, value(f.decode(code)))
	}
	return values
}

// writeValues prints the values without sign, up to eight a row, in the order of
// their codes.
func (f format) writeValues(out io.Writer) error {
	codes := f.codes() >> f.Sign
	columns := 8
	if f.Mantissa > 0 {
		columns = min(8, 1<<f.Mantissa) // of one exponent
	}
	rows := [][]string{{"code"}}
	for i := range columns {
		rows[0] = append(rows[0], fmt.Sprintf("+%d", i))
	}
	for first := 0; first < codes; first += columns {
		row := []string{fmt.Sprintf("0x%02x", first)}
		for i := range columns {
			row = append(row, f.text(float64(f.decode(first+i))))
		}
		rows = append(rows, row)
	}
	if err := writeColumns(out, rows); err != nil {
		return err
	}
	fmt.Fprint(out, f.negatives())
	return nil
}

// text writes a value in full or, in a format of powers of two, as one.
func (f format) text(v float64) string {
	if f.Mantissa == 0 && !math.IsNaN(v) {
		return fmt.Sprintf("2^%d", math.Ilogb(v))
	}
	return decimal(v)
}

// negatives says where they are among the codes.
func (f format) negatives() string {
	switch {
	case f.Sign == 0:
		return ""
	case f.Element == "INT8":
		return "\nNegative values have the two's complement of the code; 0x80, which is -2, is never written.\n"
	default:
		return fmt.Sprintf("\nNegative values have 0x%02x added to the code.\n", f.codes()/2)
	}
}

// floatTable has a row for each format that is not one of blocks, after a heading.
func floatTable(all []format) [][]string {
	rows := [][]string{{"format", "s/e/m", "bias", "bits", "largest", "smallest normal", "smallest subnormal", "Inf, NaN", "error"}}
	for _, f := range all {
		if f.Block == 0 {
			rows = append(rows, []string{f.Name, f.layout(), fmt.Sprint(f.Bias), fmt.Sprint(f.Bits),
				power(f.Largest), power(f.MinNormal), orDash(f.Smallest, power), f.special(), orDash(f.Error, percent)})
		}
	}
	return rows
}

// blockTable has a row for each format of blocks, after a heading.
func blockTable(all []format) [][]string {
	rows := [][]string{{"format", "values a block", "scale", "element", "s/e/m", "bits a value", "largest element", "smallest element", "Inf, NaN", "error"}}
	for _, f := range all {
		if f.Block > 0 {
			rows = append(rows, []string{f.Name, fmt.Sprint(f.Block), f.Scale, f.Element, f.layout(), fmt.Sprint(f.Bits),
				power(f.Largest), power(f.smallest()), "whole blocks NaN", percent(f.Error)})
		}
	}
	return rows
}

// smallest returns the smallest positive value.
func (f format) smallest() float64 {
	if f.Smallest > 0 {
		return f.Smallest
	}
	return f.MinNormal
}

func (f format) layout() string {
	if f.Element == "INT8" {
		return "integer"
	}
	return fmt.Sprintf("%d/%d/%d", f.Sign, f.Exponent, f.Mantissa)
}

func (f format) special() string {
	switch {
	case f.Inf:
		return "both"
	case f.NaN:
		return "NaN"
	default:
		return "neither"
	}
}

func orDash(x float64, text func(float64) string) string {
	if x == 0 {
		return "-"
	}
	return text(x)
}

// power writes powers of two as such, unless they are near 1, and other numbers in
// up to seven digits.
func power(x float64) string {
	if fraction, exponent := math.Frexp(x); fraction == 0.5 && (exponent < -2 || exponent > 10) {
		return fmt.Sprintf("2^%d", exponent-1)
	}
	return strconv.FormatFloat(x, 'g', 7, 64)
}

// decimal writes a value of a format that can be printed, and in full: none has more
// digits than tell its float64 from others.
func decimal(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func percent(x float64) string { return fmt.Sprintf("%.3g %%", 100*x) }

func writeColumns(out io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}
