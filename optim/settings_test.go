package optim

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseSettings(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       Settings
	}{
		{"adam", "adam", Settings{}},
		{"adam:beta2=0.9,amsgrad", "adam", Settings{"beta2": "0.9", "amsgrad": "true"}},
		{"step: every=3, gamma=0.5", "step", Settings{"every": "3", "gamma": "0.5"}},
	} {
		name, got, err := ParseSettings(c.text)
		if err != nil || name != c.name || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q, %v, %v", c.text, name, got, err)
		}
	}
	for _, text := range []string{"adam:", "adam:=1", "adam:beta1=1,beta1=2", "adam:beta1=1,,beta2=2"} {
		if _, _, err := ParseSettings(text); err == nil || !strings.Contains(err.Error(), "want adam:setting=value,…") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestPlansByName(t *testing.T) {
	for _, c := range []struct {
		text string
		want Schedule
	}{
		{"constant", Constant},
		{"linear", Linear},
		{"step:every=0.2,gamma=0.5", must(NewStep(StepConfig{Every: 0.2, Gamma: 0.5}))},
		{"multi-step:milestones=3/0.5/40", must(NewMultiStep(MultiStepConfig{Milestones: []Span{3, 0.5, 40}}))},
		{"cosine:period=10,growth=2", must(NewCosine(CosineConfig{Period: 10, Growth: 2}))},
	} {
		name, s, err := ParseSettings(c.text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPlan(name, s)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for step := range steps {
			if got, want := p.LR(step, steps), c.want(step, steps); got != want {
				t.Errorf("%s gives %v in step %d, want %v", c.text, got, step, want)
			}
		}
	}
	if p, err := NewPlan("one-cycle", nil); err != nil || p.LR == nil || p.Momentum == nil {
		t.Errorf("one-cycle: %+v, %v", p, err)
	}
	if p, err := NewPlan("plateau", Settings{"larger": "true"}); err != nil || p.Plateau == nil || p.LR != nil {
		t.Errorf("plateau: %+v, %v", p, err)
	}
	for _, row := range Schedules() {
		for _, setting := range row.Settings {
			if _, err := NewPlan(row.Name, Settings{setting: "NaN"}); err == nil || !strings.HasPrefix(err.Error(), "schedule "+row.Name+": ") {
				t.Errorf("%s with %s NaN: error %v", row.Name, setting, err)
			}
		}
		if _, err := NewPlan(row.Name, Settings{"colour": "red"}); err == nil || !strings.Contains(err.Error(), `no setting "colour": want `) {
			t.Errorf("%s: error %v", row.Name, err)
		}
	}
	if _, err := NewPlan("steep", nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("unknown schedule %q: want one of constant, linear, step", "steep")) {
		t.Errorf("error %v", err)
	}
}
