package app

import (
	"breakeven/catalog"
	"breakeven/decide"
)

// attestations are what a vendor states about itself, by the attributes that constraints ask for, and the
// vendor's name.
func (a *App) attestations(provider string) (string, map[string]decide.Attestation, error) {
	facts, err := a.compliance()
	if err != nil {
		return provider, nil, err
	}
	name := provider
	attests := map[string]decide.Attestation{}
	for _, question := range catalog.Questions() {
		s, yes, known := facts.Answer(provider, question)
		if !known {
			continue
		}
		name = s.Vendor
		attests[question] = decide.Attestation{Met: yes, Value: s.Value, Provenance: s.Provenance}
	}
	return name, attests, nil
}
