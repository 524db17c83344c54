package augment

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

var (
	sentence  = strings.Fields("the quick brown fox jumps over the lazy dog")
	thesaurus = Thesaurus{"quick": {"fast", "swift"}, "lazy": {"idle"}}
)

func texts(strength float64) map[string]TextTransform {
	n := int(strength)
	return map[string]TextTransform{
		"swap": SwapWords{n}, "delete": DeleteWords{strength / 10}, "insert": InsertWords{n, thesaurus}, "replace": ReplaceWords{strength / 10, thesaurus},
	}
}

func TestTexts(t *testing.T) {
	before := slices.Clone(sentence)
	for name, x := range texts(0) {
		if got := x.ApplyText(sentence, random.New(1)); !slices.Equal(got, sentence) {
			t.Errorf("%s of no strength makes %v", name, got)
		}
	}
	for name, x := range texts(4) {
		a, b := x.ApplyText(sentence, random.New(3)), x.ApplyText(sentence, random.New(3))
		if !slices.Equal(a, b) || !slices.Equal(sentence, before) {
			t.Errorf("%s: %v, then %v; of %v", name, a, b, sentence)
		}
		changed := false
		for seed := range uint64(20) {
			changed = changed || !slices.Equal(x.ApplyText(sentence, random.New(seed)), sentence)
		}
		if !changed {
			t.Errorf("%s changes nothing", name)
		}
		if got := x.ApplyText(nil, random.New(1)); len(got) != 0 {
			t.Errorf("%s of nothing makes %v", name, got)
		}
	}
}

func TestTextsKeepWhatTheySay(t *testing.T) {
	sorted := slices.Sorted(slices.Values(sentence))
	for seed := range uint64(200) {
		if got := (SwapWords{3}).ApplyText(sentence, random.New(seed)); !slices.Equal(slices.Sorted(slices.Values(got)), sorted) {
			t.Fatalf("swapping makes %v", got)
		}
		if got := (DeleteWords{1}).ApplyText(sentence, random.New(seed)); len(got) != 1 || !slices.Contains(sentence, got[0]) {
			t.Fatalf("deleting all leaves %v", got)
		}
		got := (InsertWords{2, thesaurus}).ApplyText(sentence, random.New(seed))
		if rest := slices.DeleteFunc(got, func(w string) bool { return w == "fast" || w == "swift" || w == "idle" }); !slices.Equal(rest, sentence) {
			t.Fatalf("inserting leaves %v", rest)
		}
		if got := (ReplaceWords{1, thesaurus}).ApplyText(sentence, random.New(seed)); got[1] == "quick" || got[7] != "idle" || got[0] != "the" {
			t.Fatalf("replacing makes %v", got)
		}
	}
}

func TestProbabilitiesOfTexts(t *testing.T) {
	const n = 100000
	words := make([]string, n)
	for i := range words {
		words[i] = "lazy"
	}
	r := random.New(5)
	left := len((DeleteWords{0.3}).ApplyText(words, r))
	replaced := 0
	for _, w := range (ReplaceWords{0.3, thesaurus}).ApplyText(words, r) {
		if w == "idle" {
			replaced++
		}
	}
	for name, count := range map[string]int{"deleted": n - left, "replaced": replaced} {
		if off := math.Abs(float64(count) - 0.3*n); off > 4*math.Sqrt(0.3*0.7*n) {
			t.Errorf("%d of %d words are %s, want a share of 0.3", count, n, name)
		}
	}
}
