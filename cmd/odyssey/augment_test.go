package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/random"
)

func TestPoliciesInFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[[transform]]\nname = \"rotate\"\ndegrees = [5, 10]\np = 0.5\n\n[[transform]]\nname = \"shift\"\nx = 0.2\n")
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "train", "--augment", file, "--limit", "64", "--epochs", "1", "--out", dir)
	config, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if want := `"augment":"rotate:degrees=5..10,p=0.5+shift:x=0.2"`; err != nil || !strings.Contains(string(config), want) {
		t.Errorf("%v; %s has no %s", err, config, want)
	}
	write("[[transform]]\nname = \"normalise\"\nstd = 1000000.0\n")
	succeed(t, "data", "show", "--augment", file, "--rows", "1", "--cols", "2", "--out", filepath.Join(t.TempDir(), "x.png"))
	for _, command := range []string{"train", "lr-find"} {
		refuse(t, statusError, []string{command, "--augment", file, "--normalize", "0.5/0.5"}, []string{"normalise would normalise training images a second time", "want --normalize"})
	}
	for text, want := range map[string]string{
		"[[transform]]\nname = \"rotat\"\n":               "rotat",
		"[[transform]]\nname = \"rotate\"\ndegrees = ":    "line 3",
		"[[transforms]]\nname = \"rotate\"\n":             "transforms",
		"[[transform]]\nname = \"rotate\"\ndegree = 10\n": "degree",
		"": "empty",

		"[[transform]]\nname = \"oneof\"\nof = [{name = \"rotate\", degree = 10}]\n": `no setting "degree"`,
		"[[transform]]\nname = \"oneof\"\n[transform.of]\nname = \"rotate\"\n":       "want a list of tables",
		"seed = 1\n[[transform]]\nname = \"hflip\"\n":                                "seed: want tables [[transform]] alone",
	} {
		write(text)
		refuse(t, statusError, []string{"train", "--augment", file, "--limit", "64", "--epochs", "1", "--out", dir + "2"}, []string{"policy.toml", want})
	}
	refuse(t, statusError, []string{"train", "--augment", "no.toml"}, []string{"no.toml"})
	refuse(t, statusError, []string{"train", "--augment", "rotat"}, []string{"rotat"})
}

// Every transform of the table, with all of its settings and a probability, and every form of groups, are read from a file to what they
// are as text.
func TestEveryTransformInFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.toml")
	check := func(toml, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(toml), 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := augment.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := policyText(file); err != nil || got != want.String() {
			t.Errorf("%s\nis %q, %v, want %q", toml, got, err, want)
		}
	}
	for _, row := range augment.Table() {
		keys, text := []string{fmt.Sprintf("name = %q", row.Name), "p = 0.5"}, row.Name+":p=0.5"
		for _, s := range row.Settings() {
			keys = append(keys, s.Name+" = "+tomlValue(s.Default))
			text += "," + s.Name + "=" + s.Default
		}
		toml := strings.Join(keys, ", ")
		check("transform = [{"+toml+"}]", text)
		check("[[transform]]\n"+strings.Join(keys, "\n"), text)
		if _, each := row.Default.(augment.Transform); each {
			check("[[transform]]\nname = \"oneof\"\nof = [{"+toml+"}, {name = \"hflip\"}]", "oneof("+text+"|hflip)")
		}
	}
	for toml, text := range map[string]string{
		"[[transform]]\nname = \"oneof\"\nof = [{name = \"blur\"}, {name = \"sharpen\"}]":                                                     "oneof(blur|sharpen)",
		"[[transform]]\nname = \"oneof\"\np = 0.5\n[[transform.of]]\nname = \"blur\"\n[[transform.of]]\nname = \"rotate\"\ndegrees = [5, 10]": "oneof:p=0.5(blur|rotate:degrees=5..10)",
		"transform = [{name = \"someof\", n = 2, of = [{name = \"blur\"}, {name = \"hflip\"}, {name = \"default\"}]}]":                        "someof:n=2(blur|hflip|default)",
		"[[transform]]\nname = \"someof\"\n[[transform.of]]\nname = \"all\"\np = 0.5\n[[transform.of.of]]\nname = \"erode\"\n" +
			"[[transform.of.of]]\nname = \"noise\"\n[[transform.of]]\nname = \"oneof\"\nof = [{name = \"hflip\"}, {name = \"vflip\"}]\n" +
			"[[transform]]\nname = \"mixup\"": "someof(all:p=0.5(erode+noise)|oneof(hflip|vflip))+mixup",
	} {
		check(toml, text)
	}
}

// tomlValue writes a setting's default as TOML has it.
func tomlValue(text string) string {
	if lo, hi, ok := strings.Cut(text, ".."); ok {
		return "[" + lo + ", " + hi + "]"
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil || text == "true" || text == "false" {
		return text
	}
	return strconv.Quote(text)
}

// sheetOf returns the sheet of glyphs that a command draws, and what it says of it.
func sheetOf(t *testing.T, args ...string) (image.Image, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sheet.png")
	said := succeed(t, append([]string{"data", "show", "--rows", "2", "--cols", "4", "--out", path}, args...)...)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sheet, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return sheet, strings.TrimPrefix(said, path)
}

// shownAt returns the pixels of example i of a sheet of glyphs with four columns.
func shownAt(sheet image.Image, i int) (pix []uint8) {
	at := image.Pt(16+i%4*66, 16+i/4*83)
	for y := range 56 {
		for x := range 56 {
			pix = append(pix, color.GrayModel.Convert(sheet.At(at.X+x, at.Y+y)).(color.Gray).Y)
		}
	}
	return pix
}

// Each example stands beside what a policy makes of it: mixtures too, and for all each transform in turn.
func TestShowsOfTransforms(t *testing.T) {
	plain, said := sheetOf(t)
	if want := " shows the first 8 of 20000 train examples of 47 classes of glyphs\n"; said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
	for policy, beside := range map[string]string{"hflip": "the policy", "mixup:alpha=100": "the policy", "hflip+cutmix": "the policy", "all": "another transform"} {
		sheet, said := sheetOf(t, "--augment", policy)
		if want := " shows the first 4 of 20000 train examples of 47 classes of glyphs, each beside what " + beside + " makes of it\n"; said != want {
			t.Errorf("%s: it says %q, want %q", policy, said, want)
		}
		mixed := 0
		for k := range 4 {
			original, changed := shownAt(sheet, 2*k), shownAt(sheet, 2*k+1)
			if !slices.Equal(original, shownAt(plain, k)) {
				t.Errorf("%s: example %d is not as it is", policy, k)
			}
			if slices.Equal(original, changed) {
				t.Errorf("%s: example %d is not changed", policy, k)
			}
			if policy == "hflip" && !slices.Equal(mirrored(original), changed) {
				t.Errorf("%s: example %d is not mirrored", policy, k)
			}
			if !slices.Equal(mirrored(original), changed) {
				mixed++
			}
		}
		if policy == "hflip+cutmix" && mixed == 0 {
			t.Errorf("%s: no example is mixed", policy)
		}
	}
	refuse(t, statusError, []string{"data", "show", "--augment", "resize:height=5,width=5", "--out", filepath.Join(t.TempDir(), "x.png")}, []string{"resize", "same shape"})
	refuse(t, statusError, []string{"data", "show", "--augment", "pad:p=0.3", "--out", filepath.Join(t.TempDir(), "x.png")}, []string{"pad:p=0.3 makes [1 32 32]"})
	for _, policy := range []string{"hflip", "all"} {
		args := []string{"data", "show", "--augment", policy, "--rows", "1", "--cols", "1", "--out", filepath.Join(t.TempDir(), "x.png")}
		refuse(t, statusError, args, []string{"--cols 1: want an even number with --augment"})
	}
}

func mirrored(pix []uint8) (m []uint8) {
	for y := range 56 {
		for x := range 56 {
			m = append(m, pix[y*56+55-x])
		}
	}
	return m
}

// Shuffled examples are others, the same with the same seed, with a policy and without.
func TestShowsInRandomOrder(t *testing.T) {
	first, _ := sheetOf(t)
	sheet, said := sheetOf(t, "--shuffle", "--seed", "3")
	if want := " shows a random 8 of 20000 train examples of 47 classes of glyphs\n"; said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
	again, _ := sheetOf(t, "--shuffle", "--seed", "3")
	other, _ := sheetOf(t, "--shuffle", "--seed", "4")
	for k := range 8 {
		if a := shownAt(sheet, k); slices.Equal(a, shownAt(first, k)) || slices.Equal(a, shownAt(other, k)) || !slices.Equal(a, shownAt(again, k)) {
			t.Errorf("example %d is that of the set's order or of another seed, or not that of the same", k)
		}
	}
	for _, policy := range []string{"hflip", "mixup", "all"} {
		pairs, _ := sheetOf(t, "--shuffle", "--seed", "3", "--augment", policy)
		for k := range 4 {
			if !slices.Equal(shownAt(pairs, 2*k), shownAt(sheet, k)) {
				t.Errorf("%s: example %d is another", policy, k)
			}
			if policy == "hflip" && !slices.Equal(mirrored(shownAt(sheet, k)), shownAt(pairs, 2*k+1)) {
				t.Errorf("%s: example %d is not mirrored", policy, k)
			}
		}
	}
}

// Goroutines that read a mixed set at once get what one gets, and what is read is not kept.
func TestReadersOfAChangedSet(t *testing.T) {
	policy, err := augment.Parse("rotate+mixup")
	if err != nil {
		t.Fatal(err)
	}
	set, index := glyphs.New(100, 1, glyphs.Train), make([]int, 50)
	for i := range index {
		index[i] = 2 * i
	}
	read := func(all []int, changed *changedSet, values [][]float32) {
		for _, i := range all {
			values[i] = make([]float32, 28*28)
			label, err := changed.Read(i, values[i])
			if err != nil {
				t.Error(err)
			}
			values[i] = append(values[i], float32(label))
		}
	}
	var sets []*changedSet
	for range 2 {
		changed, err := newChangedSet(set, index, policy, 1)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, changed)
	}
	want, got := make([][]float32, 50), make([][]float32, 50)
	order := random.New(3).Perm(50)
	read(order, sets[0], want)
	var all sync.WaitGroup
	for _, part := range [][]int{order[:20], order[20:35], order[35:]} {
		all.Go(func() { read(part, sets[1], got) })
	}
	all.Wait()
	if !reflect.DeepEqual(got, want) {
		t.Error("goroutines get something else")
	}
	if n := len(sets[1].batches); n != 0 {
		t.Errorf("%d batches are kept", n)
	}
}
