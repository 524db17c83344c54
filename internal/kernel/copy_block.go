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
	n, toRow, fromRow := to.Width*to.Images(), to.row(), from.row()
	toPlane, fromPlane := to.Plane(), from.Plane()
	toFirst, fromFirst := to.Offset(0, 0, 0), from.Offset(0, 0, 0)
	for c := range to.Channels {
		t, f := toFirst+c*toPlane, fromFirst+c*fromPlane
		for range to.Height {
			copy(dst[t:t+n], src[f:f+n])
			t, f = t+toRow, f+fromRow
		}
	}
}
