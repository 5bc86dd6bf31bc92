package app

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/scenariofile"
	"breakeven/scenario"
	"breakeven/usage"
)

// NewScenario is a scenario to start from: a preset's, or one that derives its parts from an average call.
func (a *App) NewScenario(preset string) ([]byte, error) {
	if preset == "" {
		calls, share, fte := 10000.0, 0.3, 1.0
		return scenariofile.Commented(scenario.Scenario{
			Version: scenario.Version, Name: "My workload",
			Workload:   &scenario.Workload{Input: 1200, Output: 350, CallsPerDay: &calls, CachedShare: share},
			Current:    scenario.Current{Model: scenario.DefaultModel},
			Candidates: []scenario.Candidate{{Model: scenario.DefaultCandidate, Precision: "fp8"}},
			People:     scenario.People{FTE: &fte},
		})
	}
	p, ok := scenario.FindPreset(preset)
	if !ok {
		var ids []string
		for _, p := range scenario.Presets() {
			ids = append(ids, p.ID)
		}
		return nil, &KindError{Kind: BadUsage, Err: fmt.Errorf("there is no preset %q", preset), Hint: "the presets are " + strings.Join(ids, ", ")}
	}
	return scenariofile.Commented(p.Scenario())
}

// CheckScenario reads a scenario and reports every fault of it, names that the catalogs do not have included.
func (a *App) CheckScenario(name string, data []byte) (scenario.Scenario, error) {
	return scenariofile.Read(name, data, a.checkNames)
}

// ScenarioSchema is the JSON schema of a scenario. It is made from the same tags that the document is checked
// against.
func (a *App) ScenarioSchema() (any, error) {
	registry := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	root := registry.Schema(reflect.TypeFor[scenario.Scenario](), false, "Scenario")
	data, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	doc["$schema"], doc["title"], doc["$defs"] = "https://json-schema.org/draft/2020-12/schema", "Breakeven scenario", registry.Map()
	return doc, nil
}

// UsageFormats lists the log formats that can be read.
func (a *App) UsageFormats() []usage.Format { return usage.Formats() }
