//go:build !amd64

package kernel

func dropoutFast(_, _ []float32, _ dropState) (done int) { return 0 }
