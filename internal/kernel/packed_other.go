//go:build !amd64

package kernel

import "github.com/mlodyssey/odyssey/numeric"

// Without assembly all is left to portable Go.

func dotsCodesOf(*numeric.Blocks) (f dotsCodes, ok bool) { return f, false }

func widenFast([]float32, []byte, int) int { return 0 }
