package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train/compare"
)

func TestCompare(t *testing.T) {
	a, b, c := trained(t), trained(t, "--eager"), trained(t, "--weight-decay", "0.5")
	picture := filepath.Join(t.TempDir(), "compare.png")
	out := succeed(t, "compare", a, b, c, "--out", picture)
	e, _ := lastEpoch(t, c)
	for _, want := range []string{"weight-decay  eager  epochs", "0.5           false  2", fmt.Sprintf("%.2f %%", 100*e.TestAccuracy), "finished",
		"weights: " + b + " has the bits of " + a + " after each of 2 epochs", "weights: " + c + " differs from " + a + " from epoch 1 on"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if drawn, err := png.Decode(f); err != nil || drawn.Bounds().Dx() < 900 {
		t.Errorf("picture: %v", err)
	}
	var got compare.Comparison
	if err := json.Unmarshal([]byte(succeed(t, "compare", a, b, "--json")), &got); err != nil || len(got.Runs) != 2 || got.Settings[0].Name != "eager" {
		t.Errorf("%+v, %v", got, err)
	}
	if out := succeed(t, "compare", a, a); !strings.Contains(out, "settings: the same\n") {
		t.Errorf("a run and itself:\n%s", out)
	}
	refuse(t, statusError, []string{"compare", a}, []string{"want at least two runs"})
	refuse(t, statusError, []string{"compare", a, "none"}, []string{"none/run.json: no such file, want the directory of a run"})
	refuse(t, statusUsage, []string{"compare"}, []string{"<run>"})
}
