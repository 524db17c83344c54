package data

import (
	"slices"
	"strings"
	"testing"
)

func TestOpenDirOfText(t *testing.T) {
	dir := write(t, map[string][]byte{"train.txt": []byte("hello, åäö"), "test.txt": []byte("hey"), "README.txt": {0xff}})
	classes := strings.Split(" ,ehloyäåö", "")
	for split, want := range map[string]struct {
		examples, label int
		first           []float32
	}{
		"train": {8, 4, []float32{3, 2}}, // h, e: l
		"test":  {1, 6, []float32{3, 2}}, // h, e: y
	} {
		set, source, err := Open(dir+":window=2", split)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 2)
		label, err := set.Read(0, x)
		if err != nil || label != want.label || !slices.Equal(x, want.first) || set.Len() != want.examples || !slices.Equal(set.Classes(), classes) {
			t.Errorf("%s: %d examples, the first %v and then %d of %q, %v", split, set.Len(), x, label, set.Classes(), err)
		}
		if source.Format != "text" || len(source.Files) != 1 || !strings.HasSuffix(source.Files[0], split+".txt") {
			t.Errorf("%s: read from %v", split, source)
		}
	}
	if set, err := OpenDir(write(t, map[string][]byte{"train.txt": []byte(strings.Repeat("ab", 20))}), "train"); err != nil || !slices.Equal(set.Shape(), []int{textWindow}) {
		t.Errorf("without settings: %v", err)
	}
}

// A list of an image folder's files is no text to learn.
func TestFoldersComeBeforeTexts(t *testing.T) {
	dir := tree(t, map[string][]byte{"train/a/1.png": greyPNG(1, 1, 1), "train/b/1.png": greyPNG(1, 1, 1), "train.txt": []byte("a/1.png b/1.png")})
	if _, source, err := Open(dir, "train"); err != nil || source.Format != "image folder" {
		t.Errorf("%v, %v", source, err)
	}
}

func TestOpenDirOfTextRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		files           map[string][]byte
		settings, split string
		want            string // after the directory
	}{
		"no test split":  {map[string][]byte{"train.txt": []byte("abc")}, "", "test", ": no test.txt, want the text of the test split there"},
		"too short":      {map[string][]byte{"train.txt": []byte("abc")}, ":window=3", "train", "/train.txt: a text of 3 characters, want more than a window's 3"},
		"not UTF-8":      {map[string][]byte{"train.txt": []byte("abc"), "test.txt": {0xff}}, ":window=1", "train", "/test.txt: the text is not UTF-8"},
		"no window":      {map[string][]byte{"train.txt": []byte("abc")}, ":window=0", "train", ": window=0: want a whole number from 1 to 1048576"},
		"not a number":   {map[string][]byte{"train.txt": []byte("abc")}, ":window=2x2", "train", ": window=2x2: want a whole number from 1 to 1048576"},
		"other settings": {map[string][]byte{"train.txt": []byte("abc")}, ":size=2x2", "train", `: setting "size": those of a set of format text are window`},
	} {
		dir := write(t, c.files)
		if _, err := OpenDir(dir+c.settings, c.split); err == nil || err.Error() != dir+c.want {
			t.Errorf("%s: error %v, want DIR%s", name, err, c.want)
		}
	}
}
