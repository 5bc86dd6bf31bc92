package scenariofile_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"breakeven/internal/scenariofile"
	"breakeven/scenario"
)

const good = `
version: 1
name: Support chat
workload:
  input: 1200
  output: 350
  calls_per_day: 10000
  cached_share: 0.3
current:
  model: anthropic/claude-sonnet-4-6
candidates:
  - model: llama-3.3-70b
    precision: fp8
    gpus: [h100-sxm, h200-sxm]
people:
  fte: 0.5
constraints:
  compliance: [soc2]
`

func TestRead(t *testing.T) {
	s, err := scenariofile.Read("s.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if *s.Workload.CallsPerDay != 10000 || *s.People.FTE != 0.5 || s.Candidates[0].GPUs[1] != "h200-sxm" || s.Constraint.Compliance[0] != "soc2" {
		t.Errorf("%+v", s)
	}
	again, err := scenariofile.Write(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := scenariofile.Read("again.yaml", again)
	if err != nil || !reflect.DeepEqual(s, back) {
		t.Errorf("round trip: %v\n%s", err, again)
	}
}

func TestFaultsSayWhereAndWhat(t *testing.T) {
	for name, tt := range map[string]struct{ from, to, want string }{
		"unknown field":     {"calls_per_day", "calls_per_dya", "s.yaml:7: workload.calls_per_dya: is not a field; did you mean calls_per_day?"},
		"wrong type":        {"input: 1200", "input: lots", "s.yaml:5: workload.input: must be a number (got lots); write it plainly"},
		"out of range":      {"cached_share: 0.3", "cached_share: 30", "s.yaml:8: workload.cached_share: must be at most 1 (got 30); a share runs from 0 to 1: write 0.3 for 30 %"},
		"not a number":      {"input: 1200", "input: .nan", "s.yaml:5: workload.input: must be a number (got .nan)"},
		"infinite":          {"input: 1200", "input: .inf", "s.yaml:5: workload.input: must be a number (got .inf)"},
		"negative":          {"output: 350", "output: -1", "s.yaml:6: workload.output: must be at least 1 (got -1)"},
		"enum":              {"precision: fp8", "precision: fp9", "s.yaml:13: candidates[0].precision: is not one of bf16, fp8, fp4, int4 (got fp9)"},
		"in a list":         {"[soc2]", "[soc3]", "s.yaml:18: constraints.compliance[0]: is not one of"},
		"twice":             {"output: 350", "input: 350", `s.yaml:6: is no YAML: mapping key "input" already defined`},
		"anchor":            {"input: 1200", "input: &a 1200", "s.yaml:5: workload.input: uses an anchor or alias"},
		"two documents":     {"people:", "---\npeople:", "holds more than one document"},
		"both given":        {"calls_per_day: 10000", "calls_per_day: 10000\n  spend: 4", "s.yaml:8: workload.spend: stands beside calls_per_day"},
		"neither given":     {"  calls_per_day: 10000\n", "", "s.yaml:4: workload.calls_per_day: is missing"},
		"parts beside":      {"people:", "parts: {api: 1, gpu: 1, ops: 1, tooling: 1, utilization: 0.5, design_utilization: 0.5}\npeople:", "s.yaml:15: parts: stands beside workload"},
		"version":           {"version: 1", "version: 7", "s.yaml:2: version: is not one of 1 (got 7)"},
		"twice in braces":   {"people:\n  fte: 0.5\n", "people: {fte: 1, fte: 2}\n", "s.yaml:15: "},
		"a part missing":    {"  fte: 0.5\n", "  fte: 0.5\n  loaded_monthly:\n", "s.yaml:17: people.loaded_monthly: is empty; give it a value, or leave it out for its default, 25000"},
		"bad indentation":   {"  output: 350", " output: 350", "s.yaml:6: is no YAML"},
		"empty section":     {"people:\n  fte: 0.5\n", "people:\n", "s.yaml:15: people: is empty"},
		"a list for a map":  {"people:\n  fte: 0.5\n", "people: [1]\n", "s.yaml:15: people: must be a map of fields"},
		"a binary file":     {"version: 1", "ver\x00sion: 1", "s.yaml:2: holds a NUL byte"},
		"a whole tag":       {"input: 1200", "input: !!binary aGVsbG8=", "uses a tag"},
		"text for a switch": {"  compliance: [soc2]", "  data_inside: maybe", "s.yaml:18: constraints.data_inside: must be true or false (got maybe)"},
	} {
		text := strings.Replace(good, tt.from, tt.to, 1)
		if text == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		_, err := scenariofile.Read("s.yaml", []byte(text))
		if _, ok := errors.AsType[scenariofile.Faults](err); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, tt.want)
		}
	}
}

func TestReadSkipsAByteOrderMark(t *testing.T) {
	if s, err := scenariofile.Read("s.yaml", []byte("\xef\xbb\xbf"+good)); err != nil || s.Workload == nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// A check's faults are placed, and come in the order of the file.
func TestChecksGetLines(t *testing.T) {
	_, err := scenariofile.Read("s.yaml", []byte(good), func(scenario.Scenario) (scenario.Errors, error) {
		return scenario.Errors{{Field: "candidates[0].gpus[1]", Problem: "is gone"}, {Field: "current.model", Problem: "is old"}}, nil
	})
	if err == nil || err.Error() != "s.yaml:10: current.model: is old\ns.yaml:14: candidates[0].gpus[1]: is gone" {
		t.Errorf("%v", err)
	}
}

// Nine lines that would unfold into a billion items.
func TestReadRefusesABomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'i'; c++ {
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ",") + "]\n")
	}
	if _, err := scenariofile.Read("bomb.yaml", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "anchor") {
		t.Errorf("%v", err)
	}
	if _, err := scenariofile.Read("deep.yaml", []byte("a: "+strings.Repeat("[", 100000))); err == nil {
		t.Error("a hundred thousand brackets were accepted")
	}
	if _, err := scenariofile.Read("long.yaml", make([]byte, scenariofile.MaxBytes+1)); err == nil {
		t.Error("a document beyond the limit was accepted")
	}
}

func TestEveryPresetRoundTrips(t *testing.T) {
	for _, p := range scenario.Presets() {
		text, err := scenariofile.Commented(p.Scenario())
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenariofile.Read(p.ID, text)
		if err != nil || !reflect.DeepEqual(s, p.Scenario()) {
			t.Errorf("%s: %v\n%s", p.ID, err, text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("parts: {api: 1e400}"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("<<: *x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenariofile.Read("f", data)
		if err != nil {
			return
		}
		text, err := scenariofile.Write(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scenariofile.Read("again", text); err != nil {
			t.Fatalf("what was written is not read back: %v\n%s", err, text)
		}
	})
}
