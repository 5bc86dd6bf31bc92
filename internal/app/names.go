package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/price"
	"breakeven/scenario"
)

// checkNames looks up every name of a scenario in the catalogs, and reports all that are not there.
func (a *App) checkNames(s scenario.Scenario) (scenario.Errors, error) {
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	models, err := a.models()
	if err != nil {
		return nil, err
	}
	parts, err := a.accelerators()
	if err != nil {
		return nil, err
	}
	market, err := a.market()
	if err != nil {
		return nil, err
	}
	var faults scenario.Errors
	fail := func(field, value, problem, hint string) {
		faults = append(faults, &decide.FieldError{Field: field, Value: value, Problem: problem, Hint: hint})
	}
	if s.Current.Model != "" {
		if _, err := book.Find(price.Query{Model: s.Current.Model}); err != nil {
			fail("current.model", s.Current.Model, err.Error(), "name it as provider/model, as the list of prices does")
		}
	}
	if _, err := price.ParseTier(s.Current.Tier); err != nil {
		fail("current.tier", s.Current.Tier, "is not a service tier", "use standard, batch, flex or priority")
	}
	for i, c := range s.Candidates {
		field := fmt.Sprintf("candidates[%d].", i)
		if _, err := models.Model(c.Model); err != nil {
			fail(field+"model", c.Model, err.Error(), "the list of models names the open weights that can be sized")
			continue
		}
		sellers := sellersOf(book, c.Model)
		for j, h := range c.Hosts {
			file, err := book.Provider(h)
			if err != nil {
				fail(fmt.Sprintf("%shosts[%d]", field, j), h, err.Error(), "")
			} else if !slices.Contains(sellers, file.Provider) {
				fail(fmt.Sprintf("%shosts[%d]", field, j), h, "does not sell "+c.Model+" in the price book", "those that do are "+orNone(sellers))
			}
		}
		for j, id := range c.GPUs {
			if _, err := parts.Accelerator(id); err != nil {
				fail(fmt.Sprintf("%sgpus[%d]", field, j), id, err.Error(), "the list of GPUs names the accelerators that can be sized")
			}
		}
		renters := map[string]bool{}
		for _, o := range market.All() {
			renters[o.Vendor] = true
		}
		for j, v := range c.Vendors {
			if !renters[v] {
				fail(fmt.Sprintf("%svendors[%d]", field, j), v, "rents out no machine on record", "the vendors are "+strings.Join(slices.Sorted(maps.Keys(renters)), ", "))
			}
		}
	}
	return faults, nil
}

// sellersOf are the providers that sell a model's weights by the token.
func sellersOf(book *price.Book, weights string) []string {
	var names []string
	for _, f := range book.Files() {
		if slices.ContainsFunc(f.Models, func(m price.Model) bool { return m.Weights == weights && m.Retired == "" }) {
			names = append(names, f.Provider)
		}
	}
	return names
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
