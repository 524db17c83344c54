package train

import "testing"

func TestMovedTo(t *testing.T) {
	for _, c := range [][3]string{
		{"/old", "", "/old"}, {"/old", "/new", "/new"}, {"/old:size=8x8", "/new", "/new:size=8x8"}, {"/old:size=8x8", "/new:size=9x9", "/new:size=9x9"},
	} {
		if got := (Settings{Data: c[0]}).MovedTo(c[1]).Data; got != c[2] {
			t.Errorf("%s, moved to %q: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
