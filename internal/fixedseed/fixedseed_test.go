package fixedseed

import (
	"flag"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// draws returns what rapid draws.
func draws(t *testing.T) (all []uint64) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) { all = append(all, rapid.Uint64().Draw(r, "number")) })
	return all
}

func TestDrawsAreTheSameEachTime(t *testing.T) {
	got := flag.Lookup("rapid.seed").Value.String()
	t.Logf("seed %s", got)
	if got == "0" {
		t.Skip("asked for a seed of chance")
	}
	if first, again := draws(t), draws(t); !slices.Equal(first, again) {
		t.Errorf("%v, then %v", first, again)
	}
}
