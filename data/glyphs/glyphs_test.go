package glyphs

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

const area = Size * Size

func draw(label int, seed, index uint64) [area]uint8 {
	var dst [area]uint8
	Draw(dst[:], label, seed, index)
	return dst
}

func TestLabels(t *testing.T) {
	const want = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
	if got := strings.Join(Labels(), ""); got != want {
		t.Errorf("labels %q, want %q", got, want)
	}
}

// A hundred drawings of a label use each of its forms, with near certainty.
func TestDrawingsFillTheFrame(t *testing.T) {
	for label, name := range Labels() {
		for index := range uint64(100) {
			pixels := draw(label, 1, index)
			x0, x1, y0, y1 := box(&pixels)
			long := max(x1-x0, y1-y0)
			if long < 20 || long > 27 {
				t.Errorf("drawing %d of %s is %d pixels long, want 20 to 27", index, name, long)
			}
			if off := max(abs(x0+x1-Size), abs(y0+y1-Size)); off > 5 {
				t.Errorf("drawing %d of %s is %v half pixels off the middle", index, name, off)
			}
			if x0 == 0 || y0 == 0 || x1 == Size || y1 == Size {
				t.Errorf("drawing %d of %s touches the frame", index, name)
			}
			if ink := mean(&pixels); ink < 0.03 || ink > 0.5 {
				t.Errorf("drawing %d of %s covers %.3f of the paper", index, name, ink)
			}
			if peak := slices.Max(pixels[:]); peak < 150 {
				t.Errorf("drawing %d of %s is no darker than %d", index, name, peak)
			}
		}
	}
}

// box returns the half-open ranges of the pixels that are at least half ink.
func box(pixels *[area]uint8) (x0, x1, y0, y1 int) {
	x0, y0 = Size, Size
	for i, v := range pixels {
		if v < 128 {
			continue
		}
		x, y := i%Size, i/Size
		x0, x1 = min(x0, x), max(x1, x+1)
		y0, y1 = min(y0, y), max(y1, y+1)
	}
	return x0, x1, y0, y1
}

func abs(i int) int { return max(i, -i) }

func mean(pixels *[area]uint8) float64 {
	sum := 0
	for _, v := range pixels {
		sum += int(v)
	}
	return float64(sum) / (255 * area)
}

// The stored hash holds every processor and every compiler to the same pixels.
func TestDrawingsAreReproducible(t *testing.T) {
	const want = "bf20ea546be36404e112b51f04dfb733efa1620a39c89d80e347fdfa5ca8a6be"
	hash := sha256.New()
	for label := range characters {
		for index := range uint64(20) {
			pixels := draw(label, 7, index<<40|index)
			hash.Write(pixels[:])
		}
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the drawings' SHA-256 is %s, want %s", got, want)
	}
}

func TestDrawOverwritesDst(t *testing.T) {
	var clean, used [area + 3]uint8
	for i := range used {
		used[i] = 99
	}
	Draw(clean[:], 5, 1, 1)
	Draw(used[:], 5, 1, 1)
	if !slices.Equal(clean[:area], used[:area]) {
		t.Error("the drawing depends on what dst held")
	}
	if !slices.Equal(used[area:], []uint8{99, 99, 99}) {
		t.Error("Draw wrote past the image")
	}
}

func TestEachArgumentChangesTheDrawing(t *testing.T) {
	for label := range characters {
		base := draw(label, 1, 2)
		others := map[string][area]uint8{
			"label":             draw((label+1)%len(characters), 1, 2),
			"seed":              draw(label, 2, 2),
			"seed's high half":  draw(label, 1|1<<40, 2),
			"index":             draw(label, 1, 3),
			"index's high half": draw(label, 1, 2|1<<40),
			"seed and index":    draw(label, 2, 1),
		}
		for name, other := range others {
			if other == base {
				t.Errorf("label %d: another %s gives the same drawing", label, name)
			}
		}
	}
}

func TestDrawPanics(t *testing.T) {
	var dst [area]uint8
	for name, f := range map[string]func(){
		"negative label": func() { Draw(dst[:], -1, 1, 1) },
		"label too big":  func() { Draw(dst[:], len(characters), 1, 1) },
		"dst too short":  func() { Draw(dst[:area-1], 0, 1, 1) },
		"negative count": func() { New(-1, 1, Train) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "glyphs: ") {
					t.Errorf("panicked with %q, want the package's message", text)
				}
			}()
			f()
		})
	}
}

// A pair of classes whose drawings are alike on average would be drawn from
// the same forms by mistake.
func TestClassesDiffer(t *testing.T) {
	const drawings = 60
	var means [len(characters)][area]float64
	for label := range characters {
		for index := range uint64(drawings) {
			pixels := draw(label, 3, index)
			for i, v := range pixels {
				means[label][i] += float64(v) / (255 * drawings)
			}
		}
	}
	// The means of two samples of one class lie 0.9 to 2.0 apart, those of the
	// nearest two classes 3.0.
	for a := range means {
		for b := range a {
			square := 0.0
			for i := range area {
				d := means[a][i] - means[b][i]
				square += d * d
			}
			if d := math.Sqrt(square); d < 2.5 {
				t.Errorf("the mean %s and the mean %s are only %.2f apart",
					characters[a].name, characters[b].name, d)
			}
		}
	}
}

func readAll(t *testing.T, s *Set) (images [][area]float32, labels []int) {
	t.Helper()
	images, labels = make([][area]float32, s.Len()), make([]int, s.Len())
	for i := range images {
		var err error
		if labels[i], err = s.Read(i, images[i][:]); err != nil {
			t.Fatal(err)
		}
	}
	return images, labels
}

func TestSetIsBalancedAndShuffled(t *testing.T) {
	const n = 47*20 + 5
	_, labels := readAll(t, New(n, 1, Train))
	counts := make([]int, len(characters))
	inOrder := 0
	for i, label := range labels {
		counts[label]++
		if i > 0 && label == (labels[i-1]+1)%len(characters) {
			inOrder++
		}
	}
	if lo, hi := slices.Min(counts), slices.Max(counts); lo != 20 || hi != 21 {
		t.Errorf("labels occur %d to %d times, want 20 to 21", lo, hi)
	}
	if inOrder > n/10 {
		t.Errorf("%d of %d labels follow the one before", inOrder, n)
	}
	_, other := readAll(t, New(n, 2, Train))
	if slices.Equal(labels, other) {
		t.Error("another seed gives the same order")
	}
}

func TestSetsDependOnTheirArgumentsAlone(t *testing.T) {
	images, labels := readAll(t, New(300, 1, Train))
	again, labelsAgain := readAll(t, New(300, 1, Train))
	if !slices.Equal(images, again) || !slices.Equal(labels, labelsAgain) {
		t.Error("the same arguments give another set")
	}
}

func TestSplitsShareNoDrawing(t *testing.T) {
	train, _ := readAll(t, New(1000, 1, Train))
	test, _ := readAll(t, New(1000, 1, Test))
	otherSeed, _ := readAll(t, New(1000, 2, Train))
	seen := make(map[[area]float32]bool)
	for _, image := range slices.Concat(train, test, otherSeed) {
		if seen[image] {
			t.Fatal("a drawing occurs twice")
		}
		seen[image] = true
	}
}

func TestReadGivesTheDrawing(t *testing.T) {
	const seed, n = 5, 100
	s := New(n, seed, Test)
	images, labels := readAll(t, s)
	for i, image := range images {
		pixels := draw(labels[i], seed, 1<<56|uint64(s.order[i]/len(characters)))
		for p, v := range pixels {
			if want := float32(v) / 255; image[p] != want {
				t.Fatalf("image %d, pixel %d is %v, want %v", i, p, image[p], want)
			}
		}
	}
}

func TestSetDescribesItself(t *testing.T) {
	s := New(12, 1, Train)
	if s.Len() != 12 || !slices.Equal(s.Shape(), []int{1, 28, 28}) || !slices.Equal(s.Classes(), Labels()) {
		t.Errorf("length %d, shape %v, classes %v", s.Len(), s.Shape(), s.Classes())
	}
	if New(0, 1, Train).Len() != 0 {
		t.Error("an empty set is not empty")
	}
}

func TestReadErrors(t *testing.T) {
	s := New(3, 1, Train)
	for _, c := range []struct {
		i, room int
		want    string
	}{
		{-1, area, "glyphs: no image -1 in a set of 3"},
		{3, area, "glyphs: no image 3 in a set of 3"},
		{1, area - 1, "glyphs: image 1 has 784 values, room for 783 given"},
		{1, area + 1, "glyphs: image 1 has 784 values, room for 785 given"},
	} {
		if _, err := s.Read(c.i, make([]float32, c.room)); err == nil || err.Error() != c.want {
			t.Errorf("Read(%d) into %d values: error %v, want %q", c.i, c.room, err, c.want)
		}
	}
}

// Under the race detector this also shows that readers share images safely.
func TestConcurrentReadsAgree(t *testing.T) {
	const n, readers = 200, 4
	want, _ := readAll(t, New(n, 1, Train))
	s := New(n, 1, Train)
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			var x [area]float32
			for k := range n {
				i := (k + r*r) % n
				if _, err := s.Read(i, x[:]); err != nil {
					t.Error(err)
				} else if x != want[i] {
					t.Errorf("reader %d read another image %d", r, i)
				}
			}
		})
	}
	wg.Wait()
}

func TestParseFormErrors(t *testing.T) {
	for _, text := range []string{"", "1", "1: ", "x: 1,2 3,4", "1: 1,2", "1: 1,2 3", "1: 1,2 3,y", "1: 1,2 3,4 |"} {
		if f, err := parseForm(text); err == nil {
			t.Errorf("form %q was taken for %+v", text, f)
		}
	}
}

func TestParseForm(t *testing.T) {
	f, err := parseForm("3: 10,0 20,40* 30,100 | 0,50 40,50")
	if err != nil {
		t.Fatal(err)
	}
	if f.weight != 3 || f.size != 100 || f.center != (point{20, 50}) || len(f.strokes) != 2 {
		t.Errorf("parsed %+v", f)
	}
	if want := []knot{{point{10, 0}, false}, {point{20, 40}, true}, {point{30, 100}, false}}; !slices.Equal(f.strokes[0], want) {
		t.Errorf("first stroke %v, want %v", f.strokes[0], want)
	}
}

func BenchmarkDraw(b *testing.B) {
	var dst [area]uint8
	for i := range b.N {
		Draw(dst[:], i%len(characters), 1, uint64(i))
	}
}

func BenchmarkRead(b *testing.B) {
	s := New(1000, 1, Train)
	var x [area]float32
	for i := range b.N {
		if _, err := s.Read(i%s.Len(), x[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLabelIsWhatReadReturns(t *testing.T) {
	set := New(100, 3, Test)
	for i := range set.Len() {
		if label, err := set.Read(i, make([]float32, Size*Size)); err != nil || label != set.Label(i) {
			t.Errorf("image %d: label %d, %v, but Label says %d", i, label, err, set.Label(i))
		}
	}
}
