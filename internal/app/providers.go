package app

// PricesOf is [App.Prices] of one provider by any of its names, and of all where none is named. A provider that
// the book does not have is a price.UnknownProviderError.
func (a *App) PricesOf(provider, text string, retired bool) ([]PriceRow, error) {
	if provider == "" {
		return a.Prices("", text, retired)
	}
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	file, err := book.Provider(provider)
	if err != nil {
		return nil, err
	}
	return a.Prices(file.Provider, text, retired)
}
