package train

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/mlodyssey/odyssey/model"
)

// pictures writes a folder of grey squares, some for each class.
func pictures(t *testing.T, classes ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for c, class := range classes {
		if err := os.Mkdir(filepath.Join(dir, class), 0o777); err != nil {
			t.Skipf("no such folder on this system: %v", err)
		}
		for i := range 20 {
			im := image.NewGray(image.Rect(0, 0, 28, 28))
			for p := range im.Pix {
				im.Pix[p] = uint8(100*c + i)
			}
			f, err := os.Create(filepath.Join(dir, class, strconv.Itoa(i)+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, im); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// Names of all kinds are classes: with spaces that do not break, with joiners, which many languages write, and
// with what a terminal would take for a command.
func TestNamesOfClasses(t *testing.T) {
	s := smallRun()
	s.Data = pictures(t, "New\u00a0York", "می\u200cخواهم", "👩\u200d🔬", "two\x1b[2K")
	s.Limit, s.Batch = 0, 8
	dir := filepath.Join(t.TempDir(), "run")
	net, c := prepare(t, s)
	if _, err := newRun(t, dir, s).Run(t.Context(), net, c); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), dir, model.New, Check{Eval: true, Epochs: All}); err != nil {
		t.Error(err)
	}
}
