package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestUnreadableImagesAreSkipped(t *testing.T) {
	dir := brokenFolder(t)
	folder, err := OpenFolder(dir, FolderConfig{SkipUnreadable: true})
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := Skipped(folder); len(out) != 1 || out[filepath.Join(dir, "a", "3.png")] == nil || folder.Len() != 4 {
		t.Errorf("%v left out of %d", out, folder.Len())
	}
	set, err := SkipUnreadable(folder)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			x := make([]float32, 6)
			for i, want := range []float32{10, 10, 40, 40} { // the last of a class goes round to its first
				if label, err := set.Read(i, x); err != nil || x[0] != want/255 || label != folder.Label(i) {
					t.Errorf("example %d: %v of class %d, %v", i, x[0]*255, label, err)
				}
			}
		})
	}
	wait.Wait()
	if out, replaced := Skipped(set); len(out) != 1 || len(replaced) != 2 {
		t.Errorf("%v left out and %v replaced, want one and two", out, replaced)
	}
}

// The files of what sets are made of are counted, whatever lies between.
func TestSkippedLooksIntoSets(t *testing.T) {
	folder, err := OpenFolder(brokenFolder(t), FolderConfig{SkipUnreadable: true})
	if err != nil {
		t.Fatal(err)
	}
	set, err := SkipUnreadable(folder)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := CacheDisk(set, filepath.Join(t.TempDir(), "cache"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	turned, err := Augmented(set, augment.FlipHorizontal{}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Concat(CacheMemory(Limit(set, 1)), Repeat(Map(set, set.Shape(), nil), 2), Subset(set, nil), disk, turned)
	if err != nil {
		t.Fatal(err)
	}
	for _, within := range all.(*concatenated).sets {
		if out, replaced := Skipped(within); len(out) != 1 || len(replaced) != 2 {
			t.Errorf("%v left out and %v replaced within %T, want one and two", out, replaced, within)
		}
	}
	if out, replaced := Skipped(all); len(out) != 1 || len(replaced) != 2 {
		t.Errorf("%v left out and %v replaced, want one and two", out, replaced)
	}
	if out, replaced := Skipped(numbered(4)); len(out)+len(replaced) != 0 {
		t.Errorf("%v left out and %v replaced of a set without files", out, replaced)
	}
}

// Who checks a folder sees every file that is no image, or of another size, with what is wrong with each.
func TestOpenToCheck(t *testing.T) {
	dir := tree(t, map[string][]byte{
		"a/1.png": []byte("<html>"), "a/2.png": greyPNG(3, 2, 10), "a/3.png": greyPNG(2, 2, 10), "b/4.png": []byte("x"), "b/5.png": greyPNG(3, 2, 40),
	})
	set, err := OpenToCheck(dir+":share=0.4", "train")
	test, err2 := OpenToCheck(dir+":share=0.4", "test")
	if err := errors.Join(err, err2); err != nil || set.Len() != 3 || test.Len() != 2 {
		t.Fatalf("%v; want 3 and 2 examples", err)
	}
	all, err := Concat(set, test)
	if err != nil || !slices.Equal(all.Shape(), []int{1, 2, 3}) {
		t.Fatal(all.Shape(), err)
	}
	wrong := map[string]bool{}
	for i := range all.Len() {
		if _, err := all.Read(i, make([]float32, 6)); err != nil {
			wrong[strings.TrimPrefix(err.Error(), dir)[1:8]] = true
		}
	}
	if len(wrong) != 3 || !wrong[filepath.Join("a", "1.png")] || !wrong[filepath.Join("a", "3.png")] || !wrong[filepath.Join("b", "4.png")] {
		t.Errorf("%v are wrong", wrong)
	}
	if _, err := OpenDir(dir+":share=0.4", "train"); err == nil {
		t.Error("OpenDir takes them")
	}
	if set, err := OpenToCheck(dir+":unreadable=skip", "train"); err != nil {
		t.Error(err)
	} else if out, _ := Skipped(set); len(out) != 2 {
		t.Errorf("%v are left out, want two", out)
	}
}

// What stands in the place of an unreadable image is of its class and of its split, and the
// batches are the same for any number of workers.
func TestUnreadableImagesStayInTheirSplit(t *testing.T) {
	files := map[string][]byte{}
	for i := range 40 {
		image := greyPNG(2, 2, uint8(i+1))
		if i%3 == 0 {
			image = image[:len(image)-20]
		}
		files[fmt.Sprintf("%c/%02d.png", 'a'+i/20, i)] = image
	}
	dir := tree(t, files)
	seen := map[uint8]string{}
	for _, split := range []string{"train", "test"} {
		set, err := OpenDir(dir+":unreadable=skip", split)
		if err != nil {
			t.Fatal(err)
		}
		labels, err := Labels(set)
		if err != nil {
			t.Fatal(err)
		}
		for i := range set.Len() {
			pixels, label := readBytes(t, set, i)
			if other, ok := seen[pixels[0]]; ok && other != split {
				t.Errorf("image %d is in both splits", pixels[0])
			}
			seen[pixels[0]] = split
			if label != labels[i] || label != int(pixels[0]-1)/20 {
				t.Errorf("%s: example %d is image %d of class %d, labelled %d", split, i, pixels[0], label, labels[i])
			}
		}
	}
	set, _ := OpenDir(dir+":unreadable=skip", "train")
	var want []int64
	for _, workers := range []int{0, 1, 5} {
		got := batchPixels(t, set, workers)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: other batches", workers)
		}
	}
}

// batchPixels returns the first pixel of each example of an epoch, beside its label.
func batchPixels(t *testing.T, set Dataset, workers int) (all []int64) {
	t.Helper()
	l := mustLoader(t, set, LoaderConfig{Batch: 4, Shuffle: true, Workers: workers})
	for b, err := range l.Batches(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		for k := range b.Index {
			all = append(all, int64(tensor.Data[float32](b.Images)[4*k]*255), tensor.Data[int64](b.Labels)[k])
		}
	}
	return all
}

func TestAClassOfNothingReadableIsAnError(t *testing.T) {
	cut := greyPNG(3, 2, 1)
	dir := tree(t, map[string][]byte{"a/1.png": greyPNG(3, 2, 10), "b/2.png": cut[:len(cut)-20], "b/3.png": cut[:len(cut)-20]})
	folder, err := OpenFolder(dir, FolderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := SkipUnreadable(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := `no example of class "b" can be read, such as ` + filepath.Join(dir, "b", "3.png") + ": "
	if _, err := set.Read(1, make([]float32, 6)); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// What the system says of a file is no reason to skip it: it may say otherwise in a moment.
func TestFilesThatTheSystemRefusesAreNotSkipped(t *testing.T) {
	dir := tree(t, map[string][]byte{"a/1.png": greyPNG(3, 2, 10), "a/2.png": greyPNG(3, 2, 20), "b/3.png": greyPNG(3, 2, 30)})
	set, err := OpenDir(dir+":unreadable=skip,share=0.4", "train")
	if err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(filepath.Join(dir, "a"))
	if _, err := set.Read(0, make([]float32, 6)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if err := os.Symlink("nowhere.png", filepath.Join(dir, "b", "4.png")); err != nil {
		t.Skip("no links here: ", err)
	}
	if _, err := OpenFolder(dir, FolderConfig{SkipUnreadable: true, Classes: []string{"a", "b"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to nothing: %v", err)
	}
}
