package augment

import "github.com/mlodyssey/odyssey/random"

// TextTransform makes a text of another, both cut into words (or characters). It leaves the words
// that it is given as they are, and all draws come from the stream. The four are those of Wei and
// Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
// Classification Tasks", 2019.
type TextTransform interface {
	ApplyText(words []string, r *random.Stream) []string
}

// SwapWords exchanges two places, drawn at random, N times.
type SwapWords struct{ N int }

// ApplyText implements TextTransform. It takes 2·N draws; a text of fewer than two words stays.
func (t SwapWords) ApplyText(words []string, r *random.Stream) []string {
	out := append([]string{}, words...)
	if len(out) < 2 {
		return out
	}
	for range t.N {
		i, j := r.IntN(len(out)), r.IntN(len(out)-1)
		if j >= i {
			j++ // another place
		}
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// DeleteWords leaves out each word with the probability P, but never all: of a text that would
// be empty one word stays, drawn at random.
type DeleteWords struct{ P float64 }

// ApplyText implements TextTransform. It takes a draw for each word and one more.
func (t DeleteWords) ApplyText(words []string, r *random.Stream) []string {
	out := []string{}
	for _, word := range words {
		if r.Float64() >= t.P {
			out = append(out, word)
		}
	}
	if len(words) == 0 {
		return out
	}
	if last := r.IntN(len(words)); len(out) == 0 {
		out = append(out, words[last])
	}
	return out
}

// Thesaurus has the words that may stand for a word.
type Thesaurus map[string][]string

// InsertWords puts in, N times, a word that may stand for one of the text, at a place drawn at
// random. Where none of the text's words is in the thesaurus it stays as it is.
type InsertWords struct {
	N         int
	Thesaurus Thesaurus
}

// ApplyText implements TextTransform. It takes three draws for each word that is put in.
func (t InsertWords) ApplyText(words []string, r *random.Stream) []string {
	out := append([]string{}, words...)
	var known []string
	for _, word := range words {
		if len(t.Thesaurus[word]) > 0 {
			known = append(known, word)
		}
	}
	if len(known) == 0 {
		return out
	}
	for range t.N {
		others := t.Thesaurus[known[r.IntN(len(known))]]
		word, at := others[r.IntN(len(others))], r.IntN(len(out)+1)
		out = append(out[:at:at], append([]string{word}, out[at:]...)...)
	}
	return out
}

// ReplaceWords puts another in the place of each word that the thesaurus has, with the probability P.
type ReplaceWords struct {
	P         float64
	Thesaurus Thesaurus
}

// ApplyText implements TextTransform. It takes two draws for each word.
func (t ReplaceWords) ApplyText(words []string, r *random.Stream) []string {
	out := append([]string{}, words...)
	for i, word := range out {
		others := t.Thesaurus[word]
		replace, which := r.Float64() < t.P, r.IntN(max(1, len(others)))
		if replace && len(others) > 0 {
			out[i] = others[which]
		}
	}
	return out
}
