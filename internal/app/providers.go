package app

import (
	"slices"
	"strings"

	"breakeven/price"
)

// PricesOf is [App.Prices] of one provider by any of its names, and of all where none is named. A provider that
// the book does not have is a [*price.UnknownProviderError].
func (a *App) PricesOf(provider, text string, retired bool) ([]PriceRow, error) {
	if provider == "" {
		return a.Prices("", text, retired)
	}
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	same := func(name string) bool { return strings.EqualFold(name, provider) }
	var known []string
	for _, f := range book.Files() {
		if same(f.Provider) || slices.ContainsFunc(f.Aliases, same) {
			return a.Prices(f.Provider, text, retired)
		}
		known = append(known, f.Provider)
	}
	slices.Sort(known)
	return nil, &price.UnknownProviderError{Provider: provider, Known: known}
}
