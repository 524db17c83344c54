package report

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/train"
)

// Confusion counts what examples of each class were taken for.
type Confusion struct {
	Classes []string
	Counts  [][]int // [class][guess]
}

// Class is how well a classifier does on a class.
type Class struct {
	Name                  string
	Precision, Recall, F1 float64
	Support               int  // examples of the class
	Guessed               int  // examples that were taken for it
	Undefined             bool // the precision: nothing was taken for it
}

// Pair is a class that was taken for another.
type Pair struct {
	Class, Guess string
	Count        int
	Share        float64 // of the class
}

func confusionOf(classes []string, all []train.Judgement) *Confusion {
	c := &Confusion{Classes: classes}
	for range classes {
		c.Counts = append(c.Counts, make([]int, len(classes)))
	}
	for _, j := range all {
		c.Counts[j.Label][j.Guess]++
	}
	return c
}

// Accuracy returns the share of examples that were taken for what they are.
func (c *Confusion) Accuracy() float64 {
	right, all := 0, 0
	for k, row := range c.Counts {
		right += row[k]
		all += sum(row)
	}
	return float64(right) / float64(max(1, all))
}

// PerClass returns the figures of each class. What has no value, as the precision of a class that
// nothing was taken for, is 0.
func (c *Confusion) PerClass() (all []Class) {
	guessed := make([]int, len(c.Classes))
	for _, row := range c.Counts {
		for guess, n := range row {
			guessed[guess] += n
		}
	}
	for k, name := range c.Classes {
		right := float64(c.Counts[k][k])
		one := Class{Name: name, Support: sum(c.Counts[k]), Guessed: guessed[k], Undefined: guessed[k] == 0}
		one.Precision = right / float64(max(1, one.Guessed))
		one.Recall = right / float64(max(1, one.Support))
		one.F1 = 2 * right / float64(max(1, one.Support+one.Guessed))
		all = append(all, one)
	}
	return all
}

// Macro returns the means over the classes that there are examples of.
func (c *Confusion) Macro() (mean Class) {
	n := 0.0
	for _, one := range c.PerClass() {
		mean.Support += one.Support
		mean.Guessed += one.Guessed
		if one.Support == 0 {
			continue
		}
		n++
		mean.Precision += one.Precision
		mean.Recall += one.Recall
		mean.F1 += one.F1
	}
	n = max(1, n)
	mean.Precision, mean.Recall, mean.F1 = mean.Precision/n, mean.Recall/n, mean.F1/n
	return mean
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
