package scenario_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/scenario"
)

// Every preset bears out the guide's claim as its note says.
func TestPresetsBearOutTheGuide(t *testing.T) {
	for id, want := range map[string]struct {
		listed, all string // self-hosting minus API, in dollars a month
		contests    bool
	}{
		"small":      {"10,000", "21,375", false}, // 5 x 0.7 / 0.3733 = 9,375; + 15,000 + 7,000 - 10,000
		"growth":     {"-7,000", "7,000", true},
		"scale":      {"-75,000", "-37,375", false}, // 35 x 0.7 / 0.3733 = 65,625; + 40,000 + 7,000 - 150,000
		"consumer":   {"-105,000", "-98,000", false},
		"regulated":  {"17,000", "24,000", false},
		"bursty":     {"-10,000", "4,400", true},
		"fine-tuned": {"-7,000", "0", false},
	} {
		p, ok := scenario.FindPreset(id)
		if !ok {
			t.Errorf("no preset %s", id)
			continue
		}
		r, err := decide.DecideQuick(p.Parts)
		if err != nil {
			t.Fatal(err)
		}
		if r.AsListed.Gap.String() != want.listed || r.AllTerms.Gap.String() != want.all {
			t.Errorf("%s: as listed %s, want %s; with all terms %s, want %s", id, r.AsListed.Gap, want.listed, r.AllTerms.Gap, want.all)
		}
		opposite := r.AsListed.Winner == decide.SelfWins && r.AllTerms.Winner == decide.APIWins
		if p.Contests != want.contests || p.Contests != opposite {
			t.Errorf("%s: contests %v, while the readings are opposite: %v", id, p.Contests, opposite)
		}
		if p.Claim == "" || p.Says == "" || p.Story == "" {
			t.Errorf("%s says too little", id)
		}
	}
	if len(scenario.Presets()) != 7 {
		t.Errorf("the guide has three team sizes and four applications, the table %d", len(scenario.Presets()))
	}
}

// The consumer tab's 53 % is 105 of 198.1.
func TestConsumerShare(t *testing.T) {
	p, _ := scenario.FindPreset("consumer")
	if share := 105000 / p.Parts.API; share < 0.525 || share > 0.535 {
		t.Errorf("saves %.1f %%", 100*share)
	}
}

// Of parts, what nobody gave is a documented default and says so; both bills and the people must be given.
func TestParts(t *testing.T) {
	s, err := scenario.Decode([]byte(`{"parts": {"api": 40000, "gpu": 8000, "ops": 25000, "utilization": 0.5}}`))
	if err != nil {
		t.Fatal(err)
	}
	q := s.Parts.Quick()
	if q.Tooling != 7000 || q.Utilization != 0.5 || q.Design != 0.7 || len(q.Assumed) != 2 || q.Assumed[0].Input != "tooling" || q.Assumed[1].Input != "design_utilization" {
		t.Errorf("%+v", q)
	}
	r, err := decide.DecideQuick(q)
	if err != nil {
		t.Fatal(err)
	}
	gpu, _ := r.AllTerms.Self.Line("gpu")
	tooling, _ := r.AllTerms.Self.Line("tooling")
	if tooling.Provenance.Kind != fact.Assumed || gpu.Provenance.Kind != fact.Assumed {
		t.Errorf("tooling is %s, GPUs are %s", tooling.Provenance.Kind, gpu.Provenance.Kind)
	}
	_, err = scenario.Decode([]byte(`{"parts": {"api": 40000, "ops": 25000}}`))
	if faults, ok := errors.AsType[scenario.Errors](err); !ok || len(faults) != 1 || faults[0].Field != "parts.gpu" {
		t.Errorf("%v", err)
	}
}

// A default that the schema prints is the default that is used.
func TestDefaultsMatchTheSchema(t *testing.T) {
	tags := map[string]string{}
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(prefix+name+".", inner)
			} else if d, ok := f.Tag.Lookup("default"); ok {
				tags[prefix+name] = d
			}
		}
	}
	walk("", reflect.TypeFor[scenario.Scenario]())
	for _, d := range scenario.Defaults() {
		if v, err := strconv.ParseFloat(tags[d.Field], 64); err != nil || v != d.Value {
			t.Errorf("%s: the schema says %q, the table %v", d.Field, tags[d.Field], d.Value)
		}
		if d.Why == "" || d.Unit == "" {
			t.Errorf("%s has no reason or no unit", d.Field)
		}
	}
}

func TestDecode(t *testing.T) {
	s, err := scenario.Decode([]byte(`{"workload": {"input": 10, "output": 5, "calls_per_day": 7}}`))
	if err != nil || *s.Workload.CallsPerDay != 7 || s.Version != scenario.Version {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = scenario.Decode([]byte(`{"workload": {"input": 0, "output": 5, "calls_per_day": 7}, "people": {"fte": "one"}, "nonsense": 1}`))
	faults, ok := errors.AsType[scenario.Errors](err)
	if !ok || len(faults) != 3 {
		t.Fatalf("%v", err)
	}
	for _, bad := range []string{``, `{`, `[]`, `{} {}`, `null`, `{"workload": null}`} {
		if s, err := scenario.Decode([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, s)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"workload": {"input": 10, "output": 5, "calls_per_day": 7}}`))
	f.Add([]byte(`{"parts": {"api": 1e999}}`))
	f.Add([]byte(`{"candidates": [{"model": 7}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenario.Decode(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := scenario.Decode(again)
		if err != nil {
			t.Fatalf("%s is not read back: %v", again, err)
		}
		if third, err := json.Marshal(back); err != nil || string(third) != string(again) {
			t.Fatalf("%s came back as %s, %v", again, third, err)
		}
	})
}
