package main

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/formats.md and docs/formats.png")

const (
	formatsDocs    = "../../docs/formats.md"
	formatsPicture = "../../docs/formats.png"
)

//go:generate go test -run TestTheFormatsInTheDocs -update

func TestTheFormatsInTheDocs(t *testing.T) {
	want, picture := docsOfFormats(formats()), drawFormats(t, formats())
	if *update {
		writeDocs(t, formatsDocs, []byte(want))
		writeDocs(t, formatsPicture, picture)
	}
	got, err := os.ReadFile(formatsDocs)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the code says: run go generate ./cmd/odyssey", formatsDocs)
	}
	drawn, err := os.ReadFile(formatsPicture)
	if err != nil {
		t.Fatal(err)
	}
	if n := differing(decodePNG(t, drawn), decodePNG(t, picture)); n > 100 {
		t.Errorf("%s differs in %d pixels from what the code draws: run go generate ./cmd/odyssey", formatsPicture, n)
	}
	if len(drawn) > 100_000 {
		t.Errorf("%s has %d bytes, want at most 100,000", formatsPicture, len(drawn))
	}
}

func writeDocs(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func decodePNG(t *testing.T, content []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// differing counts the pixels that differ by more than rounding on another processor
// explains; all, if the sizes differ.
func differing(a, b image.Image) (n int) {
	r := a.Bounds()
	if r != b.Bounds() {
		return r.Dx() * r.Dy()
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if distance(a.At(x, y), b.At(x, y)) > 16<<8 {
				n++
			}
		}
	}
	return n
}

// distance returns by how much colours differ in red, green or blue, of 65,535.
func distance(a, b color.Color) uint32 {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return max(max(ar, br)-min(ar, br), max(ag, bg)-min(ag, bg), max(ab, bb)-min(ab, bb))
}

// docsOfFormats is the page about formats.
func docsOfFormats(all []format) string {
	return `# Number formats

Written by ` + "`go generate ./cmd/odyssey`" + ` from package ` + "`numeric`" + `. ` + "`odyssey formats`" + ` prints the tables, and ` + "`odyssey formats E4M3`" + ` the values of a
format. The sources are IEEE 754-2019, the OCP 8-bit Floating Point Specification 1.0, the OCP Microscaling Formats (MX) Specification 1.0, and NVIDIA's
description of NVFP4.

![The values of each format, as ticks on a linear and on a logarithmic line](formats.png)

## Single values

` + markdown(floatTable(all)) + `
s/e/m are the bits of sign, exponent and mantissa, from the top. A code stands for (-1)^s · 2^(e-bias) · 1.m or, where e is 0, for (-1)^s · 2^(1-bias) · 0.m:
the zeros and the subnormals. In F16, BF16 and E5M2 the top exponent is set aside for Inf (m = 0) and NaN; in E4M3 only the code with the top exponent and the top
mantissa, which is NaN. Codes without sign are in the order of their values. E8M0 is a scale, 2^(e-127), without sign, zero and Inf; 255 is NaN.

The error is that of 2^16 normally distributed numbers, rounded to nearest: its root mean square relative to that of the numbers. The numbers have mean 0
and standard deviation 1 and are not scaled; what is past the largest value saturates.

safetensors has its own names for some: ` + spelled(all) + `.

## Blocks

` + markdown(blockTable(all)) + `
Bits a value include the scale's share; NVFP4 has another 32 bits a tensor. The element's largest and smallest values are those for a scale of 1, and the error is
that of the same numbers as above. Blocks lie along the last axis, and a block stands for element · scale, in NVFP4 element · scale · tensor.

**MX**: scale = 2^(floor(log2(largest)) - emax), within E8M0's range, where largest is the largest magnitude in the block and emax the exponent of the element's
largest value. So the largest element is in the top binade, and may saturate: up to 8 becomes 6 in MXFP4. A block of zeros takes the smallest scale.

**NVFP4**: tensor = largest finite magnitude of the tensor / (6 · 448), so that the scales use E4M3's whole range; scale = E4M3(largest of the block / 6 / tensor). The largest
value of a block becomes 6 but for the rounding of the scale. Where the scale is 0, so are the elements.

The elements are the values divided by the scales, rounded to nearest, ties to even, and saturated. A block with a NaN or an Inf takes a NaN for its scale, and all of
it is NaN.

## Rounding

All conversions start from float32.

- *To nearest, ties to even*, the default. Subnormals are kept in every format, and zeros keep their sign but in MXINT8, which has one zero.
- *Stochastic*: to one of the two neighbours, to the one further from zero with a probability that is the value's fraction of the gap between them, also between 0 and the
  first subnormal. Values of the format stay what they are. In blocks the elements are rounded so; the scale is not.
- NaN stays NaN where there is one. E2M3, E3M2 and E2M1 have none: outside of blocks NaN becomes their largest value.

## Overflow

A number overflows if it would round to the next value past the largest, had the format a further exponent: in E4M3, 464 becomes 448 and what is above 464 overflows.
It saturates to the largest value of its sign, ` + "`numeric.Saturate`" + `, or becomes Inf, ` + "`numeric.ToInf`" + `: NaN in E4M3, which has no Inf, and the largest value in formats
with neither. Inf itself overflows too. Elements of blocks saturate.

## Bytes

Codes of 16 bits are little endian, as in safetensors; those of 8 are a byte. The elements of a block are packed without gaps, element i from bit i · width on, where bit 0 is the lowest of
the first byte:

| bits | bytes |
| --- | --- |
| 8 | an element each; in MXINT8 two's complement |
| 6 | three for four elements, little endian: ` + "`b0 = e0 \\| e1<<6`, `b1 = e1>>2 \\| e2<<4`, `b2 = e2>>4 \\| e3<<2`" + ` |
| 4 | one for two elements, the first in the low half: ` + "`b0 = e0 \\| e1<<4`" + ` |

A scale is a byte of its own. The last block of a row may be short: its missing values are packed as zeros.
`
}

// markdown is a table of rows, the first of which is the heading.
func markdown(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	return b.String()
}

// spelled says how safetensors spells the names that it spells differently.
func spelled(all []format) string {
	var names []string
	for _, f := range all {
		if f.Safetensors != "" && f.Safetensors != f.Name {
			names = append(names, f.Name+" is `"+f.Safetensors+"`")
		}
	}
	return strings.Join(names, ", ")
}
