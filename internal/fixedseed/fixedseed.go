// Package fixedseed makes rapid draw the same in each run. Whatever tests draw their inputs with rapid imports it, for that alone:
//
//	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
//
// By itself rapid draws anew in each run, so that a test may fail on a change that has nothing to do with it. Other
// seeds are asked for on the command line of a test, with -rapid.seed=N, or 0 for one of chance; or by the variable
// RAPID_SEED, with -count=1, as the cache of test results does not see it.
package fixedseed

import (
	"flag"
	"os"

	_ "pgregory.net/rapid" // whose flags are there before this package is
)

// seed is rapid's, where nobody asks for another.
const seed = "1"

// init comes before the command line is read, which has the last word.
func init() {
	if _, asked := os.LookupEnv("RAPID_SEED"); asked {
		return
	}
	if err := flag.Set("rapid.seed", seed); err != nil {
		panic(err)
	}
}
