package app

import (
	"breakeven/decide"
	"breakeven/scenario"
)

// PresetAnswer is a scenario of the guide with its answer.
type PresetAnswer struct {
	scenario.Preset
	Answer QuickAnswer `json:"answer"`
}

// Presets answers every scenario of the guide.
func (a *App) Presets() ([]PresetAnswer, error) {
	var list []PresetAnswer
	for _, p := range scenario.Presets() {
		answer, err := a.Quick(QuickRequest{Quick: p.Parts, Constraints: p.Limits})
		if err != nil {
			return nil, err
		}
		list = append(list, PresetAnswer{p, answer})
	}
	return list, nil
}

// Constraints describes the seven constraints.
func (a *App) Constraints() []decide.Constraint { return decide.ConstraintList() }
