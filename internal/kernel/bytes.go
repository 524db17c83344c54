package kernel

// Unit sets dst to src / 255: bytes of pixels to values in [0, 1]. dst is at
// least as long as src.
func Unit(dst []float32, src []uint8) {
	dst = dst[:len(src)]
	for len(src) >= 8 { // eight at a time take half as long as one by one
		d, s := dst[:8], src[:8]
		d[0], d[1], d[2], d[3] = perByte[s[0]], perByte[s[1]], perByte[s[2]], perByte[s[3]]
		d[4], d[5], d[6], d[7] = perByte[s[4]], perByte[s[5]], perByte[s[6]], perByte[s[7]]
		dst, src = dst[8:], src[8:]
	}
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
