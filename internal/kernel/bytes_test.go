package kernel

import "testing"

func TestUnit(t *testing.T) {
	var src [256]uint8
	for i := range src {
		src[i] = uint8(i)
	}
	dst := make([]float32, 257)
	dst[256] = 7
	Unit(dst, src[:])
	for i, got := range dst[:256] {
		if want := float32(i) / 255; got != want {
			t.Errorf("%d gives %v, want %v", i, got, want)
		}
	}
	if dst[256] != 7 {
		t.Errorf("wrote past the end")
	}
}
