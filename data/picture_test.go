package data

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

// letter draws an L of ink on paper: a stem and a foot that are 4 units wide,
// 24 units high and 16 wide, with a unit's size in pixels.
func letter(canvas image.Rectangle, at image.Point, unit int, ink, paper color.Color) *image.NRGBA {
	picture := image.NewNRGBA(canvas)
	draw.Draw(picture, canvas, image.NewUniform(paper), image.Point{}, draw.Src)
	for _, r := range []image.Rectangle{image.Rect(0, 0, 4, 24), image.Rect(0, 20, 16, 24)} {
		r = image.Rectangle{r.Min.Mul(unit), r.Max.Mul(unit)}.Add(at)
		draw.Draw(picture, r, image.NewUniform(ink), image.Point{}, draw.Src)
	}
	return picture
}

// checkLetter fails unless an example shows the L, 24 pixels high, in the
// middle.
func checkLetter(t *testing.T, name string, x []float32) {
	t.Helper()
	if len(x) != 28*28 {
		t.Fatalf("%s: %d values", name, len(x))
	}
	for y := range 28 {
		for col := range 28 {
			// The ink's edges, between two pixels, may be soft.
			inside := y >= 3 && y < 25 && col >= 7 && col < 9 || y >= 23 && y < 25 && col >= 7 && col < 21
			outside := y < 1 || y >= 27 || col < 5 || col >= 23 || y < 21 && col >= 11
			switch v := x[y*28+col]; {
			case v < 0 || v > 1 || v != v:
				t.Fatalf("%s: value %v", name, v)
			case inside && v < 0.9, outside && v > 0.1:
				t.Errorf("%s: %v at row %d, column %d", name, v, y, col)
			}
		}
	}
}

func TestFromPicture(t *testing.T) {
	white, black := color.Gray{255}, color.Gray{0}
	clear := color.NRGBA{}
	for name, picture := range map[string]image.Image{
		"ink on paper":        letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, black, white),
		"bright on dark":      letter(image.Rect(0, 0, 300, 400), image.Pt(100, 130), 10, white, black),
		"colours":             letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, color.RGBA{20, 40, 160, 255}, color.RGBA{240, 230, 200, 255}),
		"faint":               letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, color.Gray{150}, color.Gray{200}),
		"dark on dim paper":   letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, color.Gray{10}, color.Gray{110}),
		"bright on pale":      letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, white, color.Gray{150}),
		"transparent paper":   letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, black, clear),
		"smaller than 28":     letter(image.Rect(0, 0, 20, 27), image.Pt(1, 1), 1, black, white),
		"wide":                letter(image.Rect(0, 0, 900, 130), image.Pt(700, 3), 5, black, white),
		"odd origin":          letter(image.Rect(-70, 50, 230, 450), image.Pt(-50, 80), 10, black, white),
		"28 pixels, inverted": letter(image.Rect(0, 0, 28, 28), image.Pt(6, 2), 1, black, white),
		"28 pixels, coloured": letter(image.Rect(0, 0, 28, 28), image.Pt(1, 1), 1, color.RGBA{255, 250, 100, 255}, color.RGBA{0, 0, 80, 255}),
	} {
		x, err := FromPicture(picture, 28)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkLetter(t, name, x)
	}
}

// A thin pen leaves little ink in a pixel of the example, which is to be as
// bright as any.
func TestFromPictureOfAThinLine(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 600, 600))
	draw.Draw(picture, picture.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(300, 60, 303, 540), image.Black, image.Point{}, draw.Src)
	x, err := FromPicture(picture, 28)
	if err != nil || slices.Max(x) < 0.999 {
		t.Errorf("the brightest value is %v, %v, want 1", slices.Max(x), err)
	}
}

func TestFromPictureOfAnExample(t *testing.T) {
	example := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range example.Pix {
		example.Pix[i] = uint8(i * 7)
	}
	for i := range 28 { // a dark border
		for _, p := range []image.Point{{i, 0}, {i, 27}, {0, i}, {27, i}} {
			example.SetGray(p.X, p.Y, color.Gray{3})
		}
	}
	x, err := FromPicture(example, 28)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range x {
		if want := float32(example.Pix[i]) / 255; v != want {
			t.Fatalf("value %d is %v, want %v: as the reader of IDX files gives it", i, v, want)
		}
	}
	// Of another size it is no example.
	if x, err = FromPicture(example, 32); err != nil || len(x) != 32*32 {
		t.Errorf("%d values, %v", len(x), err)
	}
}

func TestFromPictureWithoutInk(t *testing.T) {
	for name, picture := range map[string]image.Image{
		"no pixels": image.NewGray(image.Rectangle{}),
		"white":     letter(image.Rect(0, 0, 50, 50), image.Pt(10, 10), 1, color.Gray{255}, color.Gray{255}),
		"dark":      letter(image.Rect(0, 0, 50, 50), image.Pt(10, 10), 1, color.Gray{9}, color.Gray{2}),
	} {
		if _, err := FromPicture(picture, 28); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReadPicture(t *testing.T) {
	dir := t.TempDir()
	picture := letter(image.Rect(0, 0, 300, 400), image.Pt(20, 30), 10, color.Gray{0}, color.Gray{255})
	var p, j bytes.Buffer
	if err := png.Encode(&p, picture); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, picture, nil); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"letter.png": p.Bytes(), "letter.jpg": j.Bytes()} {
		read, err := ReadPicture(writeIn(t, dir, name, b))
		if err != nil {
			t.Fatal(err)
		}
		x, err := FromPicture(read, 28)
		if err != nil {
			t.Fatal(err)
		}
		checkLetter(t, name, x)
	}

	huge := bytes.Clone(p.Bytes())
	binary.BigEndian.PutUint32(huge[16:], math.MaxInt32) // the width, in the header chunk
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"text.png":  {[]byte("no picture"), "unknown format, want a PNG or JPEG picture"},
		"empty.png": {nil, "want a PNG or JPEG picture"},
		"cut.png":   {p.Bytes()[:len(p.Bytes())/2], "not enough pixel data, want a PNG"},
		"huge.png":  {huge, "2147483647×400 pixels, at most 67108864 can be read"},
	} {
		path := writeIn(t, dir, name, c.b)
		_, err := ReadPicture(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := ReadPicture(filepath.Join(dir, "missing.png")); err == nil || !strings.Contains(err.Error(), "missing.png") {
		t.Errorf("missing file: error %v", err)
	}
}

func writeIn(t *testing.T, dir, name string, b []byte) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
