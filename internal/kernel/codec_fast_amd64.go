package kernel

import "unsafe"

// vectorLanes returns how many float32 a register has, 0 where there is no assembly.
func vectorLanes() int {
	switch active {
	case avx512:
		return 16
	case avx2:
		return 8
	}
	return 0
}

// vectorsOf returns how many whole registers n values fill.
func vectorsOf(n int) int {
	lanes := vectorLanes()
	if lanes == 0 {
		return 0
	}
	return n / lanes
}

// roundFast rounds in assembly, and returns how many numbers.
func roundFast(dst, x []float32, s *floatState) (done int) {
	to, from, n := unsafe.SliceData(dst), unsafe.SliceData(x), vectorsOf(len(x))
	switch active {
	case avx512:
		roundFloatAVX512(to, from, n, &s.clamp)
	case avx2:
		roundFloatAVX2(to, from, n, &s.clamp)
	}
	return n * vectorLanes()
}

// encodeFast encodes in assembly, in codes of so many bytes, and returns how many.
func encodeFast(codes []byte, x []float32, bytes int, s *floatState) (done int) {
	to, from, n := unsafe.SliceData(codes), unsafe.SliceData(x), vectorsOf(len(x))
	switch {
	case active == avx512 && bytes == 1:
		encode8FloatAVX512(to, from, n, &s.clamp)
	case active == avx512:
		encode16FloatAVX512(to, from, n, &s.clamp)
	case active == avx2 && bytes == 1:
		encode8FloatAVX2(to, from, n, &s.clamp)
	case active == avx2:
		encode16FloatAVX2(to, from, n, &s.clamp)
	}
	return n * vectorLanes()
}

// decodeFast is its inverse.
func decodeFast(dst []float32, codes []byte, bytes int, s *decodeState) (done int) {
	to, from, n := unsafe.SliceData(dst), unsafe.SliceData(codes), vectorsOf(len(dst))
	switch {
	case active == avx512 && bytes == 1:
		decode8FloatAVX512(to, from, n, &s.top)
	case active == avx512:
		decode16FloatAVX512(to, from, n, &s.top)
	case active == avx2 && bytes == 1:
		decode8FloatAVX2(to, from, n, &s.top)
	case active == avx2:
		decode16FloatAVX2(to, from, n, &s.top)
	}
	return n * vectorLanes()
}

// decodeBlocksFast decodes blocks of a size in assembly, or returns false.
func decodeBlocksFast(dst []float32, codes []byte, scales []float32, tensor float32, size int, s *decodeState) bool {
	to, from, by := unsafe.SliceData(dst), unsafe.SliceData(codes), unsafe.SliceData(scales)
	switch active {
	case avx512:
		decodeBlocksAVX512(to, from, by, &tensor, len(scales), size/16, &s.top)
	case avx2:
		decodeBlocksAVX2(to, from, by, &tensor, len(scales), size/8, &s.top)
	}
	return active != portable
}

// roundBlocksFast rounds whole blocks in assembly, or returns false.
func roundBlocksFast(dst, x []float32, blocks int, random []uint32, s *blockState) bool {
	to, from, words, state := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(random), &s.element.minNormal
	switch {
	case active == avx512 && s.nvfp4:
		roundBlocksNVFP4AVX512(to, from, words, blocks, state)
	case active == avx512:
		roundBlocksMXAVX512(to, from, words, blocks, state)
	case active == avx2 && s.nvfp4:
		roundBlocksNVFP4AVX2(to, from, words, blocks, state)
	case active == avx2:
		roundBlocksMXAVX2(to, from, words, blocks, state)
	}
	return active != portable
}

// encodeBlocksFast encodes whole blocks in assembly, a byte each element, or returns
// false.
func encodeBlocksFast(codes, scales []byte, x []float32, random []uint32, s *blockState) bool {
	to, by, from, words, state := unsafe.SliceData(codes), unsafe.SliceData(scales), unsafe.SliceData(x), unsafe.SliceData(random), &s.element.minNormal
	switch {
	case active == avx512 && s.nvfp4:
		encodeBlocksNVFP4AVX512(to, by, from, words, len(scales), state)
	case active == avx512:
		encodeBlocksMXAVX512(to, by, from, words, len(scales), state)
	case active == avx2 && s.nvfp4:
		encodeBlocksNVFP4AVX2(to, by, from, words, len(scales), state)
	case active == avx2:
		encodeBlocksMXAVX2(to, by, from, words, len(scales), state)
	}
	return active != portable
}

// roundLanesFast rounds a block in each lane in assembly, or returns false.
func roundLanesFast(dst, x []float32, lanes int, tensor []float32, random []uint32, s *blockState) bool {
	if active == portable {
		return false
	}
	for lane := 0; lane < lanes && len(x) > 0; {
		to, from, scale, words := &dst[lane], &x[lane], (*float32)(nil), (*uint32)(nil)
		if s.nvfp4 {
			scale = &tensor[lane]
		}
		if random != nil {
			words = &random[lane]
		}
		n, stride, state := len(x)/lanes, 4*lanes, &s.element.minNormal
		wide := active == avx512 && lanes == 16
		switch {
		case wide && s.nvfp4:
			roundLanesNVFP4AVX512(to, from, words, scale, n, stride, state)
		case wide:
			roundLanesMXAVX512(to, from, words, scale, n, stride, state)
		case s.nvfp4:
			roundLanesNVFP4AVX2(to, from, words, scale, n, stride, state)
		default:
			roundLanesMXAVX2(to, from, words, scale, n, stride, state)
		}
		lane += 8
		if wide {
			lane += 8
		}
	}
	return true
}

// largestFast is LargestFiniteLanes in assembly, or returns false.
func largestFast(largest, x []float32, lanes int) bool {
	if active == portable || len(x) == 0 {
		return false
	}
	n, stride := len(x)/lanes, 4*lanes
	if active == avx512 && lanes == 16 {
		largestFiniteAVX512(&largest[0], &x[0], n, stride)
		return true
	}
	for lane := 0; lane < lanes; lane += 8 {
		largestFiniteAVX2(&largest[lane], &x[lane], n, stride)
	}
	return true
}

// wordsFast draws sets of words for a row in assembly, and returns how many words.
func wordsFast(dst []uint32, s dropState) (done int) {
	size := 4 * vectorLanes() / 2 // half a vector of counters, four words each
	if size == 0 {
		return 0
	}
	sets := len(dst) / size
	if active == avx512 {
		wordsAVX512(unsafe.SliceData(dst), sets, &s[0])
	} else {
		wordsAVX2(unsafe.SliceData(dst), sets, &s[0])
	}
	return sets * size
}

// wordsLanesFast draws fours of words for rows side by side in assembly, and returns
// how many positions.
func wordsLanesFast(dst []uint32, lanes int, s dropState) (done int) {
	fours := len(dst) / lanes / 4
	if active == portable || fours == 0 {
		return 0
	}
	if active == avx512 && lanes == 16 {
		wordsLanesAVX512(&dst[0], fours, 4*lanes, &s[0])
		return 4 * fours
	}
	for lane := 0; lane < lanes; lane += 8 {
		wordsLanesAVX2(&dst[lane], fours, 4*lanes, &s[0])
		s[dropRow] += 8
	}
	return 4 * fours
}
