package train

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestEndReason(t *testing.T) {
	canceled := fmt.Errorf("step 3: %w", context.Canceled)
	for _, c := range []struct {
		stopped string
		err     error
		want    string
	}{
		{"", nil, EndFinished}, {"", canceled, EndInterrupted}, {"", errors.New("no room"), "no room"}, {"enough", nil, "enough"}, {"enough", canceled, EndInterrupted},
	} {
		if got := (&Loop{stopped: c.stopped}).EndReason(c.err); got != c.want {
			t.Errorf("stopped %q, error %v: %q, want %q", c.stopped, c.err, got, c.want)
		}
	}
}
