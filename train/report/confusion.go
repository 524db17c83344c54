package report

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/metric"
)

// Confusion counts what examples of each class were taken for.
type Confusion struct {
	Classes []string
	Counts  [][]int // [class][guess]

	matrix *metric.Confusion
}

// Class is how well a classifier does on a class, or on all of them.
type Class struct {
	Name                  string
	Precision, Recall, F1 float64 // 0 where there is nothing to divide by
	Support               int     // examples of the class
	Guessed               int     // examples that were taken for it
	Undefined             bool    // the precision: nothing was taken for it
}

// Pair is a class that was taken for another.
type Pair struct {
	Class, Guess string
	Count        int
	Share        float64 // of the class
}

func confusionOf(classes []string, all []train.Judgement) *Confusion {
	c := &Confusion{Classes: classes, matrix: metric.NewConfusion(len(classes))}
	for _, j := range all {
		c.matrix.Observe(j.Label, j.Guess)
	}
	for class := range classes {
		row := make([]int, len(classes))
		for guess := range classes {
			row[guess] = int(c.matrix.Count(class, guess))
		}
		c.Counts = append(c.Counts, row)
	}
	return c
}

// PerClass returns the figures of each class.
func (c *Confusion) PerClass() (all []Class) {
	for k, name := range c.Classes {
		all = append(all, classOf(name, c.matrix.Of(k)))
	}
	return all
}

// Macro returns the means over the classes.
func (c *Confusion) Macro() Class { return classOf("", c.matrix.Macro()) }

// WithoutExamples returns how many classes no example is of: their recall has no value.
func (c *Confusion) WithoutExamples() int { return c.matrix.WithoutExamples() }

func classOf(name string, s metric.Scores) Class {
	return Class{
		Name: name, Precision: s.Precision, Recall: s.Recall, F1: s.F1,
		Support: int(s.Support), Guessed: int(s.Predicted), Undefined: s.Predicted == 0,
	}
}

// Pairs returns the most frequent mistakes, at most so many.
func (c *Confusion) Pairs(most int) (pairs []Pair) {
	for k, row := range c.Counts {
		for guess, n := range row {
			if guess != k && n > 0 {
				pairs = append(pairs, Pair{c.Classes[k], c.Classes[guess], n, float64(n) / float64(sum(row))})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Share, a.Share))
	})
	return pairs[:min(most, len(pairs))]
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
