package kernel

// maxFast is maxWindows in assembly, or returns false.
func maxFast(s PoolShape, rows, cols run, y []float32, index []int32, x []float32) bool {
	if active == portable {
		return false
	}
	search := maxPoolAVX2
	if active == avx512 {
		search = maxPoolAVX512
	}
	size, width, outSize := s.Height*s.Width, s.OutW(), s.OutH()*s.OutW()
	first, out := rows.first*s.Width+cols.first, rows.lo*width+cols.lo
	for p := range len(y) / outSize {
		search(&y[p*outSize+out], &index[p*outSize+out], width, &x[p*size], first, s.Width, s.StrideH*s.Width, s.StrideW,
			rows.hi-rows.lo, cols.hi-cols.lo, rows.size, cols.size)
	}
	return true
}
