package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	for text, want := range map[string]string{
		"[[transform]]\nname = \"rotat\"\n":               "rotat",
		"[[transform]]\nname = \"rotate\"\ndegrees = ":    "line 3",
		"[[transforms]]\nname = \"rotate\"\n":             "transforms",
		"[[transform]]\nname = \"rotate\"\ndegree = 10\n": "degree",
		"": "empty",
	} {
		write(text)
		refuse(t, statusError, []string{"train", "--augment", file, "--limit", "64", "--epochs", "1", "--out", dir + "2"}, []string{"policy.toml", want})
	}
	refuse(t, statusError, []string{"train", "--augment", "no.toml"}, []string{"no.toml"})
	refuse(t, statusError, []string{"train", "--augment", "rotat"}, []string{"rotat"})
}

func TestShowsOfTransforms(t *testing.T) {
	for _, policy := range []string{"default", "all"} {
		sheet := filepath.Join(t.TempDir(), "sheet.png")
		succeed(t, "data", "show", "--augment", policy, "--rows", "2", "--cols", "4", "--out", sheet)
		if info, err := os.Stat(sheet); err != nil || info.Size() < 500 {
			t.Errorf("%s: %v, %v", policy, info, err)
		}
	}
	refuse(t, statusError, []string{"data", "show", "--augment", "resize:height=5,width=5", "--out", filepath.Join(t.TempDir(), "x.png")}, []string{"resize", "same shape"})
}
