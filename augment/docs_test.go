package augment

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	where "golang.org/x/image/math/fixed"

	"github.com/mlodyssey/odyssey/random"
)

var update = flag.Bool("update", false, "write docs/augmentation.md, its pictures, and testdata/bits.txt")

const docs = "../docs/augmentation"

//go:generate go test -run "TestTheDocs|TestThePictures|TestTheBits" -update

func TestTheDocs(t *testing.T) {
	want := docsText()
	if *update {
		if err := os.WriteFile(docs+".md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs + ".md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s.md is not what the table says: run go generate ./augment", docs)
	}
}

const docsHead = `# Augmentation

Written by ` + "`go generate ./augment`" + ` from the table in package ` + "`augment`" + `.

A policy says how images are changed at random while a network trains: transforms of the tables below, with their settings, one after the other.

` + "```" + `
rotate:degrees=10+shift:x=0.1,y=0.1
default+erase:p=0.25
crop:pad=4+hflip:p=0.5+oneof(blur|noise:sigma=0.1|sharpen)+mixup
someof:n=2(rotate|shear|all:p=0.5(erode+noise))
` + "```" + `

- Each transform takes ` + "`p`" + `, the probability with which it is applied; without it, always. ` + "`oneof`" + ` applies one of its list, ` + "`someof`" + ` n different
  ones in their order, ` + "`all`" + ` all.
- Where a setting is a range, a number is drawn from it, uniformly unless stated otherwise: ` + "`degrees=5..10`" + `. A single number v means −v to v
  for what lies around 0, such as angles and shifts; 1 − v to 1 + v, with v of at most 1, for what lies around 1, such as factors; and otherwise just v.
- Transforms that mix a batch come last; where there are several, one is drawn for each batch.
- ` + "`augment.FromTables`" + ` takes the same as tables, as decoders of TOML or JSON return them (odyssey train --augment FILE.toml reads a file of [[transform]] tables): ` + "`{name = \"rotate\", degrees = [5, 10], p = 0.5}`" + `, and for a group
  ` + "`{name = \"oneof\", of = [{name = \"blur\"}, {name = \"sharpen\"}]}`" + `.

Values lie between 0 and 1 and stay there: results outside are clamped. Only ` + "`normalise`" + ` leaves the range; it comes
after all other transforms of images, is for training images alone, and ` + "`odyssey train`" + ` refuses it: ` + "`--normalize`" + ` is for all that a network sees. Images of 8 bits are divided by 255 on the
way in; on the way out, values are multiplied by 255 and rounded. Transforms that need colours leave grey images unchanged. Rows count from the top,
columns from the left, and a pixel is a square whose middle is its place. Warps take each pixel of the result from a place between pixels of the
source, by bilinear interpolation unless set otherwise. Outside of the source is a fill of 0, into which its border fades within one pixel.

An image depends on its source, the policy and a stream of random numbers, which is a function of the seed, the epoch, the example's index and,
where a sampler repeats an example, how often the epoch had it before. The column of draws says how many numbers a transform takes from the stream;
that never depends on what an image shows. Products are rounded before they are added, and sines,
logarithms and powers are the library's own, so the bits are the same everywhere, which a test checks. Where Pillow 9.4 or torchvision 0.14 has the
same transform, a test compares the two.

## Named policies

| policy | what it stands for | made for |
| --- | --- | --- |
`

const docsPeers = `
## Beside torchvision 0.14 and Pillow 9.4

A test compares these, on grey and coloured images, smooth and noisy, of several sizes (` + "`a`" + `: channels, height, width). The last column is the
largest difference between values, which lie between 0 and 1, that passes. torchvision's warps compute places in float32. Perspective and elastic warps
with the same displacements agree within 0.0001, and the ranges of the policies' operations and AutoAugment's pairs are the same. There are two differences:
our shear leaves the middle of the image in place, and our shift may be a fraction of a pixel.

| policy | the same in torchvision or Pillow | within |
| --- | --- | --- |
`

func docsText() string {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, p := range Policies() {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", p.Name, p.Text, p.Doc)
	}
	b.WriteString("\nThe name of a transform is a policy too. `randaugment`, `trivialaugment` and `autoaugment-cifar` are policies from papers.\n")
	for _, k := range Kinds() {
		docsKind(&b, k)
	}
	b.WriteString(docsPeers)
	for _, p := range peers {
		within := number(p.tolerance)
		if p.tolerance == 0 {
			within = "the same"
		}
		if p.strays > 0 {
			within += fmt.Sprintf(", but for %g %% of the pixels", 100*p.strays)
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", p.policy, p.expression, within)
	}
	return b.String()
}

func docsKind(b *strings.Builder, k Kind) {
	fmt.Fprintf(b, "\n## %s%s\n\n| transform | what it does | settings | draws | leaves an image unchanged | source |\n| --- | --- | --- | --- | --- | --- |\n",
		strings.ToUpper(string(k[:1])), k[1:])
	shown := ""
	for _, r := range rowsOf(k) {
		fmt.Fprintf(b, "| %s | %s | %s | %s | `%s` | %s |\n", r.Name, bars(r.Formula), bars(docsSettings(r)), r.Draws, r.Identity, r.Paper)
		shown += ", `" + r.text() + "`"
	}
	fmt.Fprintf(b, "\n![%s](augmentation/%s.png)\n\nShown, after the originals: %s.\n", k, k, shown[2:])
}

func bars(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func docsSettings(r Row) string {
	var all []string
	for _, s := range r.Settings() {
		want := s.Want
		if want != "" {
			want = " (" + want + ")"
		}
		all = append(all, fmt.Sprintf("`%s=%s`%s: %s", s.Name, s.Default, want, s.Doc))
	}
	return strings.Join(all, "<br>")
}

func rowsOf(k Kind) []Row {
	var rows []Row
	for _, r := range Table() {
		if r.Kind == k {
			rows = append(rows, r)
		}
	}
	return rows
}

// text is the policy that the picture shows.
func (r Row) text() string { return colon(r.Name, r.Show) }

// TestThePictures compares what each transform makes of a character and of a
// coloured picture with what somebody has looked at.
func TestThePictures(t *testing.T) {
	for _, k := range Kinds() {
		path := fmt.Sprintf("%s/%s.png", docs, k)
		got := sheet(t, rowsOf(k))
		if *update {
			writePNG(t, path, got)
		}
		if d := difference(got, readPNG(t, path)); d > 1 {
			t.Errorf("%s: values are off by up to %d of 255: look at what go generate ./augment makes of it", path, d)
		}
	}
}

const (
	shownSide = 56
	cellWide  = 2*shownSide + 16
	cellHigh  = shownSide + 24
	perLine   = 4
	showSeed  = 324 // one with which each transform is seen
)

func sheet(t *testing.T, rows []Row) *image.RGBA {
	lines := (len(rows) + perLine) / perLine
	im := image.NewRGBA(image.Rect(0, 0, perLine*cellWide, lines*cellHigh))
	draw.Draw(im, im.Rect, image.White, image.Point{}, draw.Src)
	cell(im, 0, "original", [2]*Image{glyph(), scene(shownSide, shownSide)})
	for i, r := range rows {
		cell(im, i+1, r.Name, shown(t, r))
	}
	return im
}

// shown returns what the documentation shows of a row.
func shown(t *testing.T, r Row) (results [2]*Image) {
	p, err := Parse(r.text())
	if err != nil {
		t.Fatal(err)
	}
	partners := [2]*Image{partner(glyph()), partner(scene(shownSide, shownSide))}
	for i, src := range []*Image{glyph(), scene(shownSide, shownSide)} {
		w := Work{Random: random.New(showSeed)}
		var each Image
		p.Each.Apply(&each, src, &w)
		batch := &Batch{Images: []Image{each, *partners[i]}, Labels: make([]Label, 2)}
		var mixed Batch
		p.ApplyBatch(&mixed, batch, &w)
		results[i] = &mixed.Images[0]
	}
	return results
}

// partner returns an image to mix another with.
func partner(im *Image) *Image {
	var dst Image
	new(Work).Apply(FlipVertical{}, &dst, im, random.New(0))
	return &dst
}

func cell(to *image.RGBA, i int, name string, shown [2]*Image) {
	x, y := i%perLine*cellWide, i/perLine*cellHigh
	d := font.Drawer{Dst: to, Src: image.Black, Face: basicfont.Face7x13, Dot: where.P(x+4, y+14)}
	d.DrawString(name)
	for k, im := range shown {
		side := max(im.Height, im.Width)
		scale := max(1, shownSide/max(1, side))
		paint(to, im, x+4+k*(shownSide+8), y+18, scale)
	}
}

func paint(to *image.RGBA, im *Image, left, top, scale int) {
	pix := make([]uint8, len(im.Pix))
	im.ToUint8(pix)
	n := im.Height * im.Width
	for y := range min(scale*im.Height, cellHigh-18) {
		for x := range min(scale*im.Width, shownSide+8) {
			i := y/scale*im.Width + x/scale
			c := color.RGBA{pix[i], pix[i], pix[i], 255}
			if im.isColour() {
				c.G, c.B = pix[n+i], pix[2*n+i]
			}
			to.SetRGBA(left+x, top+y, c)
		}
	}
}

func writePNG(t *testing.T, path string, im image.Image) {
	t.Helper()
	if err := os.MkdirAll(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, im); err != nil {
		t.Fatal(err)
	}
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return im
}

// difference returns by how much two pictures differ at most, in 255ths; 255
// where their sizes do.
func difference(a, b image.Image) int {
	if a.Bounds() != b.Bounds() {
		return 255
	}
	most := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p, q := color.RGBAModel.Convert(a.At(x, y)).(color.RGBA), color.RGBAModel.Convert(b.At(x, y)).(color.RGBA)
			for _, d := range [3]int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B)} {
				most = max(most, d, -d)
			}
		}
	}
	return most
}
