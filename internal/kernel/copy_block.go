package kernel

import "fmt"

// CopyBlock copies the images of a block, without its border, into one of
// another layout, whose border it leaves alone.
func CopyBlock[T Float](to Block, dst []T, from Block, src []T) {
	if to.Channels != from.Channels || to.Height != from.Height || to.Width != from.Width || to.Images() != from.Images() {
		panic(fmt.Sprintf("kernel: cannot copy block %+v to %+v", from, to))
	}
	wantLen("dst", len(dst), to.Len())
	wantLen("src", len(src), from.Len())
	if to == from && to.image()*to.Images() == to.Len() {
		copy(dst[:to.Len()], src)
		return
	}
	for c := range to.Channels {
		for y := range to.Height {
			copy(dst[to.Offset(c, y, 0):to.Offset(c, y, to.Width)], src[from.Offset(c, y, 0):])
		}
	}
}
