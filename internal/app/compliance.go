package app

import (
	"slices"

	"breakeven/catalog"
	"breakeven/decide"
)

// vendor is what is on record of a vendor about the attributes that constraints ask for. For a vendor of machines
// nothing is: the statements on record are those of model vendors.
func (a *App) vendor(provider string) (decide.Vendor, error) {
	facts, err := a.compliance()
	if err != nil {
		return decide.Vendor{}, err
	}
	name := provider
	attests := map[string]decide.Attestation{}
	for _, question := range catalog.Questions() {
		s, yes, known := facts.Answer(provider, question)
		a := decide.Attestation{Stated: known, Met: yes, Value: s.Value, Provenance: s.Provenance, Detail: s.Detail}
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
	return decide.Vendor{ID: provider, Name: name, Attests: attests}, nil
}
