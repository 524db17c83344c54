package train

import (
	"strings"

	"github.com/mlodyssey/odyssey/data"
)

// MovedTo returns settings whose data lies elsewhere now, with the settings of the set unless there are others; ""
// is where it lay.
func (s Settings) MovedTo(dir string) Settings {
	if dir == "" {
		return s
	}
	old := s.Data
	if s.Data = dir; data.Directory(dir) == dir {
		s.Data += strings.TrimPrefix(old, data.Directory(old))
	}
	return s
}
