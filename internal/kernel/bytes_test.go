package kernel

import "testing"

func TestUnit(t *testing.T) {
	var src [256]uint8
	for i := range src {
		src[i] = uint8(255 - i)
	}
	for _, n := range []int{0, 1, 7, 8, 9, 255, 256} {
		dst := make([]float32, 257)
		dst[n] = 7
		Unit(dst, src[:n])
		for i, got := range dst[:n] {
			if want := float32(src[i]) / 255; got != want {
				t.Errorf("of %d bytes, %d gives %v, want %v", n, src[i], got, want)
			}
		}
		if dst[n] != 7 {
			t.Errorf("of %d bytes, wrote past the end", n)
		}
	}
}
