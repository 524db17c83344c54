package train

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	for _, n := range []int{16, 64, 256} {
		s, images, labels := lenetStep(t, n, false)
		s.run(images, labels)
		for _, procs := range []int{1, 2} {
			runtime.GOMAXPROCS(procs)
			var d []time.Duration
			for range 1000 {
				t0 := time.Now()
				s.run(images, labels)
				d = append(d, time.Since(t0))
			}
			slices.Sort(d)
			fmt.Println(n, procs, "min", d[0], "p10", d[len(d)/10], "median", d[len(d)/2])
		}
	}
}
