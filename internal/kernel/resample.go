package kernel

import "fmt"

// Samples says which elements of one axis make those of another: element i is
// (1-Weight[i])*x[Low[i]] + Weight[i]*x[High[i]], or where there are no weights
// x[Low[i]].
type Samples[T Float] struct {
	Size      int // of the axis that is read
	Low, High []int
	Weight    []T
}

// Resampling makes planes of others.
type Resampling[T Float] struct{ Rows, Cols Samples[T] }

// resampling is a pass over some planes: those of x, which have y for result.
type resampling[T Float] struct {
	Resampling[T]
	planes int
	x, y   layout
}

func (r Resampling[T]) rowMajor(planes, x, y int) resampling[T] {
	from, to := rowMajor(r.Rows.Size, r.Cols.Size), rowMajor(len(r.Rows.Low), len(r.Cols.Low))
	wantLen("planes", x, planes*from.plane)
	wantLen("resampled planes", y, planes*to.plane)
	return resampling[T]{r, planes, from, to}
}

func (r Resampling[T]) lanes(xb, yb Block, x, y int) resampling[T] {
	if xb.Height != r.Rows.Size || xb.Width != r.Cols.Size || yb.Height != len(r.Rows.Low) || yb.Width != len(r.Cols.Low) ||
		xb.Channels != yb.Channels || xb.Images() != yb.Images() {
		panic(fmt.Sprintf("kernel: resampling does not take block %+v to %+v", xb, yb))
	}
	wantLen("block", x, xb.Len())
	wantLen("resampled block", y, yb.Len())
	return resampling[T]{r, xb.Channels, xb.layout(), yb.layout()}
}

// Resample sets the planes y from the planes x: along the columns of two rows, and
// then between them, each product and sum rounded.
func Resample[T Float](r Resampling[T], planes int, y, x []T) {
	r.rowMajor(planes, len(x), len(y)).read(y, x)
}

// ResampleLanes is Resample of images side by side, in layouts xb and yb.
func ResampleLanes[T Float](r Resampling[T], xb, yb Block, y, x []T) {
	r.lanes(xb, yb, len(x), len(y)).read(y, x)
}

// ResampleGrad sets the planes dx to zero and adds each element of the planes dy, row
// by row, to those that it was made of, times their weights: the gradient of Resample.
func ResampleGrad[T Float](r Resampling[T], planes int, dx, dy []T) {
	r.rowMajor(planes, len(dx), len(dy)).add(dx, dy)
}

// ResampleGradLanes is ResampleGrad of images side by side, in layouts xb and yb.
func ResampleGradLanes[T Float](r Resampling[T], xb, yb Block, dx, dy []T) {
	r.lanes(xb, yb, len(dx), len(dy)).add(dx, dy)
}

// each calls do for every element of the result, with where it lies.
func (r *resampling[T]) each(do func(plane, row, col, at int)) {
	for plane := range r.planes {
		for row := range r.Rows.Low {
			for col := range r.Cols.Low {
				do(plane, row, col, r.y.at(plane, row, col))
			}
		}
	}
}

// corners returns where the four elements lie that make one, and their weights along
// the rows and the columns.
func (r *resampling[T]) corners(plane, row, col int) (at [4]int, down, across T) {
	top, bottom, left, right := r.Rows.Low[row], r.Rows.High[row], r.Cols.Low[col], r.Cols.High[col]
	return [4]int{r.x.at(plane, top, left), r.x.at(plane, top, right), r.x.at(plane, bottom, left), r.x.at(plane, bottom, right)},
		r.Rows.Weight[row], r.Cols.Weight[col]
}

func (r resampling[T]) read(y, x []T) {
	n := r.y.lanes
	r.each(func(plane, row, col, at int) {
		dst := y[at:][:n]
		if r.Rows.Weight == nil {
			copy(dst, x[r.x.at(plane, r.Rows.Low[row], r.Cols.Low[col]):])
			return
		}
		c, down, across := r.corners(plane, row, col)
		for i := range dst {
			top := T((1-across)*x[c[0]+i]) + T(across*x[c[1]+i])
			bottom := T((1-across)*x[c[2]+i]) + T(across*x[c[3]+i])
			dst[i] = T((1-down)*top) + T(down*bottom)
		}
	})
}

func (r resampling[T]) add(dx, dy []T) {
	n := r.y.lanes
	for plane := range r.planes {
		for row := range r.Rows.Size {
			at := r.x.at(plane, row, 0)
			clear(dx[at : at+r.Cols.Size*n])
		}
	}
	r.each(func(plane, row, col, at int) {
		g := dy[at:][:n]
		if r.Rows.Weight == nil {
			to := r.x.at(plane, r.Rows.Low[row], r.Cols.Low[col])
			for i, v := range g {
				dx[to+i] += v
			}
			return
		}
		c, down, across := r.corners(plane, row, col)
		for k, weight := range [4]T{(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across} {
			for i, v := range g {
				dx[c[k]+i] += T(weight * v)
			}
		}
	})
}
