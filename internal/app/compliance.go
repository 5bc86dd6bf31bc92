package app

import (
	"slices"

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
		a := decide.Attestation{Stated: known, Met: yes, Value: s.Value, Provenance: s.Provenance}
		if known {
			name = s.Vendor
		}
		for _, other := range facts.All() {
			if met := other.Answers[question]; met && other.Provider != provider && !slices.Contains(a.Elsewhere, other.Vendor) {
				a.Elsewhere = append(a.Elsewhere, other.Vendor)
			}
		}
		attests[question] = a
	}
	return name, attests, nil
}
