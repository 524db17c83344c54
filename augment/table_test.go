package augment

import (
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// transforms calls f for each transform of images, as it is by default and as
// the documentation shows it.
func transforms(t *testing.T, f func(t *testing.T, r Row, tr Transform)) {
	for _, r := range Table() {
		if _, ok := r.Default.(Transform); !ok {
			continue
		}
		for _, settings := range slices.Compact([]string{"", r.Show}) {
			t.Run(colon(r.Name, settings), func(t *testing.T) {
				made, err := New(r.Name, settings)
				if err != nil {
					t.Fatal(err)
				}
				f(t, r, made.(Transform))
			})
		}
	}
}

// images are a grey one, coloured ones, and ones of other shapes and channels.
func images() []*Image {
	all := []*Image{glyph(), scene(32, 32), scene(17, 40), scene(40, 17)}
	r := random.New(5)
	for _, shape := range [][3]int{{1, 1, 1}, {3, 1, 1}, {3, 2, 5}, {1, 9, 1}, {1, 1, 9}, {2, 8, 8}, {4, 5, 6}} {
		im := NewImage(shape[0], shape[1], shape[2])
		for i := range im.Pix {
			im.Pix[i] = r.Float32()
		}
		im.Pix[0], im.Pix[len(im.Pix)-1] = 0, 1
		all = append(all, im)
	}
	return all
}

func TestRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Table() {
		_, one := r.Default.(Transform)
		_, batch := r.Default.(BatchTransform)
		switch {
		case seen[r.Name]:
			t.Errorf("%s is there twice", r.Name)
		case one == batch:
			t.Errorf("%s: %T is a Transform: %v, and a BatchTransform: %v, want one of these", r.Name, r.Default, one, batch)
		case r.Formula == "" || r.Draws == "" || r.Identity == "" || !slices.Contains(Kinds(), r.Kind):
			t.Errorf("%s: formula, draws, identity or kind are missing", r.Name)
		case Check(r.Default) != nil:
			t.Errorf("%s: %v", r.Name, Check(r.Default))
		}
		for _, s := range r.Settings() {
			if s.Doc == "" || s.Want == "" {
				t.Errorf("%s: setting %s says too little", r.Name, s.Name)
			}
		}
		seen[r.Name] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d transforms", len(seen))
	}
}

func TestIdentityAtZeroStrength(t *testing.T) {
	for _, r := range Table() {
		t.Run(r.Name, func(t *testing.T) {
			p, err := Parse(colon(r.Name, r.Identity))
			if err != nil {
				t.Fatal(err)
			}
			for i, src := range images() {
				w := Work{Random: random.New(uint64(i))}
				var each Image
				p.Each.Apply(&each, src, &w)
				var mixed Batch
				p.ApplyBatch(&mixed, &Batch{[]Image{each, *partner(src)}, make([]Label, 2)}, &w)
				if got := &mixed.Images[0]; !got.sameShape(src) || !slices.Equal(got.Pix, src.Pix) {
					t.Errorf("%s changes an image of %v", p, src)
				}
			}
		})
	}
}

func TestRangeShapeAndSource(t *testing.T) {
	transforms(t, func(t *testing.T, r Row, tr Transform) {
		changes := 0
		for i, src := range images() {
			before := slices.Clone(src.Pix)
			var w Work
			var dst Image
			for k := range 20 {
				w.Apply(tr, &dst, src, random.New(uint64(i), uint64(k)))
				if !slices.Equal(src.Pix, before) {
					t.Fatalf("the source of %v was written to", src)
				}
				if len(dst.Pix) != dst.Channels*dst.Height*dst.Width || dst.Channels != src.Channels || r.Kind != Size && !dst.sameShape(src) {
					t.Fatalf("%v becomes %v", src, &dst)
				}
				wantRange(t, r, &dst)
				if w.taken != 0 {
					t.Fatalf("%d scratch images are not given back", w.taken)
				}
				if !slices.Equal(dst.Pix, src.Pix) {
					changes++
				}
			}
		}
		if same := r.Name == "identity" || (r.Name == "centre-crop" || r.Name == "resize") && Text(tr) == r.Name; changes == 0 && !same {
			t.Error("no image was changed")
		}
	})
}

func wantRange(t *testing.T, r Row, im *Image) {
	t.Helper()
	for _, v := range im.Pix {
		if !(v >= 0 && v <= 1) && r.Name != "normalise" {
			t.Fatalf("%v has a value of %v", im, v)
		}
	}
}

// What a policy makes depends on the source and the stream alone, not on what a
// Work was used for before or what an image held.
func TestSameStreamSameBits(t *testing.T) {
	var used Work
	dirty := scene(50, 50)
	transforms(t, func(t *testing.T, r Row, tr Transform) {
		for i, src := range images() {
			want := Image{}
			new(Work).Apply(tr, &want, src, random.New(9, uint64(i)))
			used.Apply(tr, dirty, src, random.New(9, uint64(i)))
			if !dirty.sameShape(&want) || !slices.Equal(dirty.Pix, want.Pix) {
				t.Errorf("%v differs when memory is used again", src)
			}
			if same := *src; r.Kind != Size {
				same.Pix = slices.Clone(src.Pix)
				if used.ApplyInPlace(tr, &same, random.New(9, uint64(i))); !slices.Equal(same.Pix, want.Pix) {
					t.Errorf("%v differs in place", src)
				}
			}
		}
	})
}

// The stream is where it is after a transform whatever the image shows; and where
// the table gives a number of draws, that many further.
func TestDrawsDependOnTheShapeAlone(t *testing.T) {
	transforms(t, func(t *testing.T, r Row, tr Transform) {
		for seed := range uint64(20) {
			a, b, c := random.New(seed), random.New(seed), random.New(seed)
			var w Work
			var dst Image
			w.Apply(tr, &dst, scene(20, 20), a)
			w.Apply(tr, &dst, NewImage(3, 20, 20), b)
			n, err := strconv.Atoi(r.Draws)
			for range n {
				c.Float64()
			}
			at := a.Uint32()
			if at != b.Uint32() {
				t.Error("draws depend on what an image shows")
			}
			if err == nil && at != c.Uint32() {
				t.Errorf("it does not take %d draws", n)
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	transforms(t, func(t *testing.T, r Row, tr Transform) { wantNoAllocations(t, tr) })
	for _, text := range []string{"strong", "oneof(rotate|blur)+hflip:p=0.5", "someof:n=2(rotate|noise|erode)"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(text, func(t *testing.T) { wantNoAllocations(t, p.Each) })
	}
}

func wantNoAllocations(t *testing.T, tr Transform) {
	t.Helper()
	var w Work
	var dst Image
	src, r := scene(32, 32), random.New(1)
	for range 200 { // by now it has drawn what takes most memory, or nearly so
		w.Apply(tr, &dst, src, r)
	}
	if n := testing.AllocsPerRun(50, func() { w.Apply(tr, &dst, src, r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEmptyImages(t *testing.T) {
	transforms(t, func(t *testing.T, r Row, tr Transform) {
		for _, shape := range [][3]int{{0, 4, 4}, {1, 0, 0}, {3, 0, 0}, {3, 0, 5}, {3, 5, 0}} {
			var dst Image
			new(Work).Apply(tr, &dst, NewImage(shape[0], shape[1], shape[2]), random.New(1))
			wantRange(t, r, &dst)
		}
	})
}

// bits is a checksum for each transform of what it makes of a character and of a
// picture: the same on every machine.
func TestTheBits(t *testing.T) {
	var b strings.Builder
	for _, r := range Table() {
		sum := uint32(0)
		for seed := range uint64(8) {
			for _, src := range []*Image{glyph(), quantised(27, 34)} {
				for _, settings := range slices.Compact([]string{"", r.Show}) {
					sum = checksum(sum, r, settings, src, seed)
				}
			}
		}
		fmt.Fprintf(&b, "%s %08x\n", r.Name, sum)
	}
	const path = "testdata/bits.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the bits are not those of %s, but\n%s", path, got)
	}
}

func checksum(sum uint32, r Row, settings string, src *Image, seed uint64) uint32 {
	var w Work
	results := []Image{{}, {}}
	w.Random = random.New(seed)
	made, err := New(r.Name, settings)
	if err != nil {
		panic(err)
	}
	if tr, ok := made.(Transform); ok {
		tr.Apply(&results[0], src, &w)
	} else {
		batch := Batch{Images: []Image{*src, *partner(src)}, Labels: make([]Label, 2)}
		var dst Batch
		made.(BatchTransform).ApplyBatch(&dst, &batch, &w)
		results = dst.Images
	}
	for _, im := range results {
		for _, v := range im.Pix {
			u := math.Float32bits(v)
			sum = crc32.Update(sum, crc32.IEEETable, []byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)})
		}
	}
	return sum
}

// quantised is a coloured image of 8 bits a value, noisy, with all values.
func quantised(h, w int) *Image {
	im := NewImage(3, h, w)
	r := random.New(11)
	for i := range im.Pix {
		im.Pix[i] = unit(uint8(r.Uint32() >> 24))
	}
	return im
}

func TestUint8(t *testing.T) {
	var pix, back [256]uint8
	for i := range pix {
		pix[i] = uint8(i)
	}
	im := NewImage(1, 16, 16)
	im.FromUint8(pix[:])
	if im.ToUint8(back[:]); back != pix {
		t.Error("bytes do not come back")
	}
	outer := &Image{1, 1, 5, []float32{-1, 2, 0.4999 / 255, 0.501 / 255, float32(math.NaN())}}
	got := make([]uint8, 5)
	if outer.ToUint8(got); !slices.Equal(got, []uint8{0, 255, 0, 1, 0}) {
		t.Errorf("rounded to %d", got)
	}
}
