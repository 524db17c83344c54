package printable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "größer ≥ 1\u00a0%": "größer ≥ 1\u00a0%", "می\u200cخواهم": "می\u200cخواهم", "👩\u200d🔬": "👩\u200d🔬",
		"a\r\x1b[2Kb": `a\r\x1b[2Kb`, "one\n\"two\"": `one\n"two"`, "\u0085": `\u0085`, "\x9b2K": `\x9b2K`, "\u202eback": `\u202eback`, "\u2067x\u2069": `\u2067x\u2069`,
	} {
		if got := Text(text); got != want || Is(text) != (text == want) {
			t.Errorf("%q: %q, %v; want %q", text, got, Is(text), want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 runs", "1 run", "2 runs"} {
		if got := Count(n, "run"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCause(t *testing.T) {
	_, err := os.Open(filepath.Join(t.TempDir(), "gone"))
	if got := Cause(fmt.Errorf("a set: %w", err)); got == nil || !errors.Is(got, fs.ErrNotExist) || strings.Contains(got.Error(), "gone") {
		t.Errorf("%v of %v", got, err)
	}
	if other := errors.New("full"); Cause(other) != other {
		t.Error("an error without a path is another")
	}
}
