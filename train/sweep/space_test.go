package sweep

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func space(t *testing.T, table map[string]any) Space {
	t.Helper()
	s, err := ParseSpace(table, func(name string) bool { return name == "batch" })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGrid(t *testing.T) {
	s := space(t, map[string]any{
		"lr":        map[string]any{"min": 0.1, "max": 0.3, "step": 0.1},
		"batch":     map[string]any{"min": int64(16), "max": int64(40), "step": int64(16)},
		"nesterov":  []any{true, false},
		"optimizer": []any{"sgd"},
		"ema":       []any{0.5},
		"seed":      []any{int64(3)},
	})
	got, err := s.Grid()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range got {
		if v["optimizer"] != "sgd" || v["ema"] != "0.5" || v["seed"] != "3" {
			t.Errorf("point %v", v)
		}
		all = append(all, v["batch"]+"/"+v["lr"]+"/"+v["nesterov"])
	}
	want := "16/0.1/true 16/0.1/false 16/0.2/true 16/0.2/false 16/0.3/true 16/0.3/false " +
		"32/0.1/true 32/0.1/false 32/0.2/true 32/0.2/false 32/0.3/true 32/0.3/false"
	if strings.Join(all, " ") != want {
		t.Errorf("points %v,\nwant %v", all, want)
	}
	if _, err := space(t, map[string]any{"lr": map[string]any{"min": 0.1, "max": 1.0}}).Grid(); err == nil || !strings.Contains(err.Error(), "lr: a grid wants") {
		t.Errorf("error %v", err)
	}
	big := map[string]any{}
	for i := range 5 {
		big[fmt.Sprint(i)] = map[string]any{"min": 0.0, "max": 100.0, "step": 1.0}
	}
	if _, err := space(t, big).Grid(); err == nil || !strings.Contains(err.Error(), "more than 100000 points") {
		t.Errorf("error %v", err)
	}
}

func TestDrawsAreWithinTheSpaceAndSpread(t *testing.T) {
	s := space(t, map[string]any{
		"lr":    map[string]any{"min": 0.00012345, "max": 0.9876543, "log": true},
		"decay": map[string]any{"min": -1.0, "max": 1.0},
		"batch": map[string]any{"min": int64(2), "max": int64(5)},
		"ema":   map[string]any{"min": 0.0, "max": 0.9, "step": 0.3},
		"model": []any{"a", "b"},
	})
	const n = 2000
	below, counts := 0, map[string]int{}
	for i := range n {
		v := s.Draw(7, i)
		lr, _ := strconv.ParseFloat(v["lr"], 64)
		decay, _ := strconv.ParseFloat(v["decay"], 64)
		if lr < 0.00012345 || lr > 0.9876543 || decay < -1 || decay > 1 || len(v["lr"]) > 11 {
			t.Fatalf("point %v", v)
		}
		if lr < math.Sqrt(0.00012345*0.9876543) {
			below++
		}
		for _, name := range []string{"batch", "ema", "model"} {
			counts[name+v[name]]++
		}
	}
	if below < n*45/100 || below > n*55/100 {
		t.Errorf("%d of %d rates are below the middle of their logarithms", below, n)
	}
	for name, share := range map[string]int{"batch2": 4, "batch3": 4, "batch4": 4, "batch5": 4, "ema0": 4, "ema0.3": 4, "ema0.6": 4, "ema0.9": 4, "modela": 2, "modelb": 2} {
		if got, want := counts[name], n/share; got < want*8/10 || got > want*12/10 {
			t.Errorf("%s comes %d times in %d, want about %d", name, got, n, want)
		}
		delete(counts, name)
	}
	if len(counts) != 0 {
		t.Errorf("unwanted: %v", counts)
	}
}

func TestADrawDependsOnTheSeedAndItsNumberAlone(t *testing.T) {
	s := space(t, map[string]any{"lr": map[string]any{"min": 1e-4, "max": 1.0, "log": true}})
	var later Values
	for i := range 5 {
		later = s.Draw(1, i)
	}
	if first := s.Draw(1, 4); !reflect.DeepEqual(first, later) {
		t.Errorf("%v, and after others %v", first, later)
	}
	if a, b, c := s.Draw(1, 4), s.Draw(1, 5), s.Draw(2, 4); a["lr"] == b["lr"] || a["lr"] == c["lr"] {
		t.Errorf("%v, %v, %v: want them all different", a, b, c)
	}
	if got := s.Draw(1, 4)["lr"]; got != drawnRate {
		t.Errorf("drawn %s, want %s as on every machine", got, drawnRate)
	}
}

// drawnRate is what TestADrawDependsOnTheSeedAndItsNumberAlone draws.
const drawnRate = "0.0002732"

func TestBadSpaces(t *testing.T) {
	for want, v := range map[string]any{
		"x: 3: want a list":                       3,
		"x: no choices":                           []any{},
		"x: a is there twice":                     []any{"a", "a"},
		"from <nil> to 1: want a min below a max": map[string]any{"max": int64(1)},
		"from 2 to 1: want a min below a max":     map[string]any{"min": int64(2), "max": int64(1)},
		"x: log from 0 on: want a min above 0":    map[string]any{"min": 0.0, "max": 1.0, "log": true},
		"x: log and step: want only one":          map[string]any{"min": 0.5, "max": 1.0, "log": true, "step": 0.1},
		"x: stop = 1: want numbers min and max":   map[string]any{"min": 0.5, "max": 1.0, "stop": int64(1)},
		"x: step = 0: want numbers":               map[string]any{"min": 0.5, "max": 1.0, "step": int64(0)},
		"x: min = a: want numbers":                map[string]any{"min": "a", "max": 1.0},
		"from NaN to 1":                           map[string]any{"min": math.NaN(), "max": 1.0},
		"x: more than 100000 steps of 1e-09":      map[string]any{"min": 0.0, "max": 1.0, "step": 1e-9},
	} {
		if _, err := ParseSpace(map[string]any{"x": v}, func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", v, err, want)
		}
	}
	if _, err := ParseSpace(nil, nil); err == nil || !strings.Contains(err.Error(), "nothing to search") {
		t.Errorf("error %v", err)
	}
	if _, err := ParseSpace(map[string]any{"batch": map[string]any{"min": 0.5, "max": 2.0}}, func(string) bool { return true }); err == nil ||
		!strings.Contains(err.Error(), "batch: from 0.5 to 2 in steps of 0: want whole numbers") {
		t.Errorf("error %v", err)
	}
}
