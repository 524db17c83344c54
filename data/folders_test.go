package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinksToFoldersAreFollowed(t *testing.T) {
	elsewhere := tree(t, map[string][]byte{"cats/1.png": greyPNG(1, 1, 7), "more/2.png": greyPNG(1, 1, 8)})
	dir := tree(t, map[string][]byte{"a/1.png": greyPNG(1, 1, 9)})
	for link, to := range map[string]string{"b": "cats", "a/more": "more"} {
		if err := os.Symlink(filepath.Join(elsewhere, to), filepath.Join(dir, link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	set, err := OpenFolder(dir, FolderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.of, []int{0, 0, 1}) || set.Files()[2] != filepath.Join(dir, "b", "1.png") {
		t.Errorf("%v of classes %v", set.Files(), set.of)
	}
	if err := os.Symlink("..", filepath.Join(dir, "a", "up")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(dir, FolderConfig{}); err == nil || !strings.Contains(err.Error(), "a link to a folder that it lies in") {
		t.Errorf("a link in a circle: %v", err)
	}
}

func TestLayoutsOfFolders(t *testing.T) {
	grey, colour := greyPNG(1, 1, 7), colourPNG(1, 1, 7, 8, 9)
	for name, c := range map[string]struct {
		files       map[string][]byte
		train, test int // examples
		channels    int
	}{
		"folders within classes":  {map[string][]byte{"a/x/1.png": grey, "a/y/2.png": grey, "b/x/1.png": grey, "b/x/2.png": grey}, 2, 2, 1},
		"within train's and test": {map[string][]byte{"train/a/x/1.png": grey, "train/b/x/1.png": grey, "test/a/x/1.png": grey}, 2, 1, 1},
		"val":                     {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "val/a/1.png": grey}, 2, 1, 1},
		"test before val":         {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "val/a/1.png": grey, "test/a/1.png": grey, "test/b/1.png": grey}, 2, 2, 1},
		"greys to test":           {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": colour, "test/a/1.png": grey}, 2, 1, 3},
		"colours to test":         {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "test/a/1.png": colour}, 2, 1, 1},
		"one folder in each":      {map[string][]byte{"a/images/1.png": grey, "a/images/2.png": grey, "b/images/1.png": grey, "b/images/2.png": grey}, 2, 2, 1},
		"valid":                   {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "valid/a/1.png": grey}, 2, 1, 1},
		"validation":              {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "validation/a/1.png": grey}, 2, 1, 1},
		"a class called train":    {map[string][]byte{"train/1.png": grey, "train/2.png": grey, "boat/1.png": grey, "boat/2.png": grey}, 2, 2, 1},
		"a class called valid":    {map[string][]byte{"valid/1.png": grey, "valid/2.png": grey, "invalid/1.png": grey, "invalid/2.png": grey}, 2, 2, 1},
	} {
		dir := tree(t, c.files)
		for split, want := range map[string]int{"train": c.train, "test": c.test} {
			settings := ""
			if want == c.test && c.train == c.test && !strings.HasPrefix(name, "test") {
				settings = ":share=0.5"
			}
			set, err := OpenDir(dir+settings, split)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if set.Len() != want || set.Shape()[0] != c.channels || len(set.Classes()) != 2 {
				t.Errorf("%s: %d %s examples of shape %v, classes %q, want %d", name, set.Len(), split, set.Shape(), set.Classes(), want)
			}
		}
	}
}

// An empty folder is no mistake where train says what the classes are; one with other files is.
func TestAClassWithoutTests(t *testing.T) {
	grey := greyPNG(1, 1, 7)
	files := map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "train/c/1.png": grey, "test/a/1.png": grey, "test/b/1.png": grey, "test/c/.keep": nil}
	dir := tree(t, files)
	for _, settings := range []string{"", ":unreadable=skip"} {
		if set, err := OpenDir(dir+settings, "test"); err != nil || set.Len() != 2 || len(set.Classes()) != 3 {
			t.Errorf("%q: %v", settings, err)
		}
	}
	for name, rename := range map[string][2]string{"other files": {"test/c/.keep", "test/c/1.webp"}, "in train": {"train/c/1.png", "train/c/.keep"}} {
		dir := tree(t, files)
		from, to := filepath.Join(dir, rename[0]), filepath.Join(dir, rename[1])
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
		split, _, _ := strings.Cut(rename[0], "/")
		if _, err := OpenDir(dir, split); err == nil || !strings.HasPrefix(err.Error(), filepath.Dir(to)+": no images, want files") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenFolder(tree(t, map[string][]byte{"a/.keep": nil}), FolderConfig{Classes: []string{"a", "b"}}); err == nil || !strings.Contains(err.Error(), "no images, want files") {
		t.Errorf("no images at all: %v", err)
	}
}

func TestLayoutsOfFoldersThatAreRefused(t *testing.T) {
	grey := greyPNG(1, 1, 7)
	for name, c := range map[string]struct {
		files    map[string][]byte
		settings string
		want     string // after the directory
	}{
		"no classes": {map[string][]byte{"train/1.png": grey, "test/1.png": grey}, "",
			`: folders ["test" "train"] and no classes within train, want such as DIR/train/CLASS/1.png`},
		"no train": {map[string][]byte{"test/a/1.png": grey, "val/a/1.png": grey}, "",
			`: folders ["test" "val"] and no classes within train, want such as DIR/train/CLASS/1.png`},
		"no test": {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey}, "",
			"/test: no folders of images, want one for each of the 2 classes"},
		"test without classes": {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "test/1.png": grey, "val/a/1.png": grey}, "",
			"/test: no folders of images, want one for each of the 2 classes; without the folder test, val is the test split"},
		"share": {map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "test/a/1.png": grey}, ":share=0.5",
			`: setting "share" does nothing here: train is split off already`},
		"splits of other names": {map[string][]byte{"Train/a/1.png": grey, "Train/b/1.png": grey, "Test/a/1.png": grey}, "",
			`: folders ["Test" "Train"] look like splits, want them to be called train and test; classes want their images right in their folders`},
		"seg_train": {map[string][]byte{"seg_train/a/1.png": grey, "seg_train/b/1.png": grey, "more/c/1.png": grey}, "",
			`: folders ["more" "seg_train"] look like splits, want them to be called train and test; classes want their images right in their folders`},
		"the same folders in each": {map[string][]byte{"one/a/1.png": grey, "one/b/1.png": grey, "two/a/1.png": grey, "two/b/1.png": grey}, "",
			`: folders ["one" "two"] look like splits, want them to be called train and test; classes want their images right in their folders`},
		"test beside classes": {map[string][]byte{"a/1.png": grey, "b/1.png": grey, "Test/1.png": grey}, "",
			`: folder "Test" sounds like a split, want train/CLASS/1.png and test/CLASS/1.png, or another name if it is a class`},
		"classes of val beside classes": {map[string][]byte{"a/1.png": grey, "b/1.png": grey, "val/a/1.png": grey}, "",
			`: folder "val" sounds like a split, want train/CLASS/1.png and test/CLASS/1.png, or another name if it is a class`},
		"splits of other names without classes": {map[string][]byte{"Train/1.png": grey, "Train/2.png": grey, "Test/1.png": grey, "Test/2.png": grey}, "",
			`: folder "Test" sounds like a split, want train/CLASS/1.png and test/CLASS/1.png, or another name if it is a class`},
		"channels": {map[string][]byte{"a/1.png": grey, "b/1.png": grey}, ":channels=2", ": channels=2: want 1 or 3"},
	} {
		dir := tree(t, c.files)
		want := dir + filepath.FromSlash(strings.ReplaceAll(c.want, "DIR", dir))
		if _, err := OpenDir(dir+c.settings, "test"); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	many := tree(t, map[string][]byte{"docs/pictures/1.png": grey, "src/main.c": {1}})
	if _, err := OpenDir(many, "train"); err == nil || !strings.HasPrefix(err.Error(), many+": no data set, want ") {
		t.Errorf("a directory of many things: %v", err)
	}
	// Folders within folders do not make a text one of images.
	text := tree(t, map[string][]byte{"train.txt": []byte(strings.Repeat("ab", 40)), "figures/a/1.png": grey})
	if _, source, err := Open(text, "train"); err != nil || source.Format != "text" {
		t.Errorf("a text is a set of format %q, %v", source.Format, err)
	}
}
