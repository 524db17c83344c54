package data

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree writes files in folders.
func tree(t testing.TB, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func filled(m interface {
	image.Image
	Set(x, y int, c color.Color)
}, c color.Color) []byte {
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func greyPNG(w, h int, v uint8) []byte {
	return filled(image.NewGray(image.Rect(0, 0, w, h)), color.Gray{v})
}

func colourPNG(w, h int, r, g, b uint8) []byte {
	return filled(image.NewNRGBA(image.Rect(0, 0, w, h)), color.NRGBA{r, g, b, 255})
}

func jpegOf(w, h int, c color.Color) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	filled(m, c)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestOpenFolderOfGreys(t *testing.T) {
	dir := tree(t, map[string][]byte{
		"b/2.png": greyPNG(3, 2, 20), "b/1.PNG": greyPNG(3, 2, 10), "a/x/1.png": greyPNG(3, 2, 30), "a/0.png": greyPNG(3, 2, 40),
		"a/notes.txt": {1}, "a/.hidden.png": {1}, ".git/x.png": {1}, "c.png": {1},
	})
	set, err := OpenFolder(dir, FolderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Shape(), []int{1, 2, 3}) || !slices.Equal(set.Classes(), []string{"a", "b"}) || set.Len() != 4 {
		t.Fatalf("%d of shape %v, classes %v", set.Len(), set.Shape(), set.Classes())
	}
	for i, want := range []struct{ grey, label int }{{40, 0}, {30, 0}, {10, 1}, {20, 1}} {
		pixels, label := readBytes(t, set, i)
		if int(pixels[0]) != want.grey || int(pixels[5]) != want.grey || label != want.label || set.Label(i) != label {
			t.Errorf("example %d: %v of class %d, want %v", i, pixels, label, want)
		}
	}
}

func TestOpenFolderOfColours(t *testing.T) {
	dir := tree(t, map[string][]byte{
		"a/1.png": colourPNG(2, 2, 200, 100, 50), "a/2.png": greyPNG(2, 2, 77), "b/3.jpg": jpegOf(2, 2, color.RGBA{200, 100, 50, 255}),
		"b/4.png": filled(image.NewNRGBA(image.Rect(0, 0, 2, 2)), color.NRGBA{255, 255, 255, 0}),
	})
	set, err := OpenFolder(dir, FolderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Shape(), []int{3, 2, 2}) {
		t.Fatalf("shape %v", set.Shape())
	}
	for i, want := range [][]uint8{{200, 100, 50}, {77, 77, 77}, {200, 100, 50}, {0, 0, 0}} {
		pixels, _ := readBytes(t, set, i)
		for k, v := range pixels {
			if d := int(v) - int(want[k/4]); d < -2 || d > 2 || i != 2 && d != 0 {
				t.Errorf("example %d: %v, want planes of %v", i, pixels, want)
			}
		}
	}
	grey, err := OpenFolder(dir, FolderConfig{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	if pixels, _ := readBytes(t, grey, 0); len(pixels) != 4 || pixels[0] != color.GrayModel.Convert(color.RGBA{200, 100, 50, 255}).(color.Gray).Y {
		t.Errorf("grey of a colour is %v", pixels)
	}
}

func TestOpenFolderResizes(t *testing.T) {
	dir := tree(t, map[string][]byte{"a/1.png": greyPNG(9, 5, 60), "b/1.png": greyPNG(2, 2, 90), "b/2.png": greyPNG(4, 3, 120)})
	if _, err := OpenFolder(dir, FolderConfig{}); err == nil || !strings.Contains(err.Error(), "2×2 pixels, want 9×5 as ") || !strings.Contains(err.Error(), "or DIR:size=32x32, to which all are resized") {
		t.Errorf("different sizes: %v", err)
	}
	for _, c := range []FolderConfig{{Width: 4, Height: 3}, {Width: 4, Height: 3, Channels: 3}} {
		set, err := OpenFolder(dir, c)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []uint8{60, 90, 120} {
			pixels, _ := readBytes(t, set, i)
			if !bytes.Equal(pixels, bytes.Repeat([]byte{want}, 12*max(1, c.Channels))) {
				t.Errorf("example %d: %v, want %d all over", i, pixels, want)
			}
		}
	}
	for _, c := range []FolderConfig{{Width: 4}, {Width: -1, Height: 1}, {Width: 1 << 20, Height: 1 << 20}, {Channels: 2}} {
		if _, err := OpenFolder(dir, c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// A board of black and white squares of one pixel is grey from afar: every pixel
// counts.
func TestResizingLooksAtAllPixels(t *testing.T) {
	board := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range board.Pix {
		board.Pix[i] = uint8(255 * ((i + i/32) % 2))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, board); err != nil {
		t.Fatal(err)
	}
	set, err := OpenFolder(tree(t, map[string][]byte{"a/1.png": b.Bytes(), "b/1.png": b.Bytes()}), FolderConfig{Width: 4, Height: 4})
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := readBytes(t, set, 0)
	for _, v := range pixels {
		if v < 126 || v > 129 {
			t.Fatalf("pixels %v, want 127 or 128", pixels)
		}
	}
}

// A picture whose header is sound and whose pixels are not, and one that is no
// picture at all.
func brokenFolder(t *testing.T) (dir string) {
	cut := greyPNG(3, 2, 1)
	cut = cut[:len(cut)-20]
	return tree(t, map[string][]byte{
		"a/1.png": greyPNG(3, 2, 10), "a/2.png": cut, "a/3.png": []byte("<html>"), "b/4.png": greyPNG(3, 2, 40), "b/5.png": cut,
	})
}

func TestUnreadableImagesAreAnError(t *testing.T) {
	dir := brokenFolder(t)
	if _, err := OpenFolder(dir, FolderConfig{}); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "a", "3.png")+": ") {
		t.Errorf("no picture: %v", err)
	}
	os.Remove(filepath.Join(dir, "a", "3.png"))
	set, err := OpenFolder(dir, FolderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Read(1, make([]float32, 6)); err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "a", "2.png")+": ") {
		t.Errorf("cut pixels: %v", err)
	}
}

func TestOpenFolderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"one class":   {map[string][]byte{"a/1.png": greyPNG(1, 1, 1)}, "want one for each of at least two classes"},
		"no pictures": {map[string][]byte{"a/1.webp": {1}, "b/2.png": greyPNG(1, 1, 1)}, "no images, want files that end in .png, .jpg, .jpeg"},
		"none sound":  {map[string][]byte{"a/1.png": {1}, "b/2.png": greyPNG(1, 1, 1)}, "no image can be read, want PNG or JPEG files"},
	} {
		dir := tree(t, c.files)
		if _, err := OpenFolder(dir, FolderConfig{SkipUnreadable: true}); err == nil || !strings.HasPrefix(err.Error(), dir) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestOpenDirOfFolders(t *testing.T) {
	files := map[string][]byte{}
	for _, class := range []string{"cat", "dog"} {
		for i := range 10 {
			files[filepath.Join("train", class, string(rune('a'+i))+".png")] = greyPNG(2, 2, uint8(i))
		}
	}
	files["test/dog/1.png"] = greyPNG(2, 2, 99)
	dir := tree(t, files)
	for split, want := range map[string]int{"train": 20, "test": 1} {
		set, err := OpenDir(dir, split)
		if err != nil || set.Len() != want || !slices.Equal(set.Classes(), []string{"cat", "dog"}) {
			t.Errorf("%s: %v", split, err)
		}
	}
	os.WriteFile(filepath.Join(dir, "labels.csv"), []byte("1,cat\n"), 0o666) // is about the images
	test, err := OpenDir(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, label := readBytes(t, test, 0); label != 1 {
		t.Errorf("the test split's dog has label %d", label)
	}
	// Not split: a fifth of each class.
	whole := filepath.Join(dir, "train")
	seen := map[uint8]int{}
	for split, want := range map[string]int{"train": 16, "test": 4} {
		set, err := OpenDir(whole, split)
		if err != nil || set.Len() != want {
			t.Fatalf("%s: %v", split, err)
		}
		for i := range set.Len() {
			pixels, label := readBytes(t, set, i)
			seen[pixels[0]+uint8(100*label)]++
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d different examples in both splits, want 20", len(seen))
	}
	if set, err := OpenDir(whole+":size=5x4,channels=3,unreadable=skip,share=0.5,seed=9", "test"); err != nil || set.Len() != 10 || !slices.Equal(set.Shape(), []int{3, 4, 5}) {
		t.Errorf("settings: %v", err)
	}
	os.MkdirAll(filepath.Join(dir, "test", "bird"), 0o777)
	os.WriteFile(filepath.Join(dir, "test", "bird", "1.png"), greyPNG(2, 2, 1), 0o666)
	if _, err := OpenDir(dir, "test"); err == nil || !strings.Contains(err.Error(), `folder "bird" is none of the 2 classes`) {
		t.Errorf("a class that is not trained: %v", err)
	}
}

func FuzzReadPicture(f *testing.F) {
	f.Add(greyPNG(3, 2, 9))
	f.Add(colourPNG(3, 2, 9, 8, 7))
	f.Add(jpegOf(3, 2, color.White))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	r := &resizer{width: 4, height: 4, channels: 3}
	f.Fuzz(func(t *testing.T, file []byte) {
		if header, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && header.Width*header.Height > 1<<16 {
			return // slow
		}
		picture, err := decodePicture(bytes.NewReader(file))
		if err != nil {
			return
		}
		x := make([]float32, 3*4*4)
		r.convert(picture, x)
		for _, v := range x {
			if !(v >= 0 && v <= 1) {
				t.Fatal(errors.New("a value outside [0, 1]"))
			}
		}
	})
}

func BenchmarkFolder(b *testing.B) {
	photo := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := range photo.Pix {
		photo.Pix[i] = uint8(i/4%256 + i/4/256)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, photo, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	dir := tree(b, map[string][]byte{"a/1.jpg": file.Bytes(), "b/1.jpg": file.Bytes()})
	for name, size := range map[string]int{"whole": 0, "to 224": 224} {
		b.Run(name, func(b *testing.B) {
			set, err := OpenFolder(dir, FolderConfig{Width: size, Height: size})
			if err != nil {
				b.Fatal(err)
			}
			x := make([]float32, 3*256*256)
			for i := 0; b.Loop(); i++ {
				if _, err := set.Read(i%2, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
