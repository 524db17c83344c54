package kernel

// Unit sets dst to src / 255: bytes of pixels to values in [0, 1]. dst is at
// least as long as src.
func Unit(dst []float32, src []uint8) {
	dst = dst[:len(src)]
	for i, p := range src {
		dst[i] = perByte[p]
	}
}

// perByte has p/255 for each byte p: a look-up is several times as fast as a
// division.
var perByte = func() (table [256]float32) {
	for p := range table {
		table[p] = float32(p) / 255
	}
	return table
}()
