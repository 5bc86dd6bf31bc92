package reconcile

import (
	"strings"

	"breakeven/price"
)

// names finds the book's names for what logs and bills say.
type names struct {
	book      *price.Book
	providers map[string]string
	models    map[modelName]string
}

type modelName struct{ provider, model string }

func newNames(book *price.Book) names {
	return names{book, map[string]string{}, map[modelName]string{}}
}

// provider is the book's name for a provider, or the given one in lower case.
func (n *names) provider(name string) string {
	known, ok := n.providers[name]
	if !ok {
		known = strings.ToLower(strings.TrimSpace(name))
		if f, err := n.book.Provider(name); err == nil {
			known = f.Provider
		}
		n.providers[name] = known
	}
	return known
}

// used is usage with the book's names: who bills it, and the model. A model that somebody bills whose prices are another's
// has that vendor's name in front.
func (n *names) used(u *Usage) Usage {
	one := *u
	sheet := u.Ref.Sheet
	one.Provider = n.provider(u.Provider)
	switch {
	case sheet == nil:
		one.Model = n.model(one.Provider, u.Model)
	case one.Provider == "" || one.Provider == sheet.Provider:
		one.Provider, one.Model = sheet.Provider, sheet.Model
	default:
		one.Model = sheet.Provider + "/" + sheet.Model
	}
	return one
}

// model is the book's name for a model, also by the name that a console displays ("Claude Opus 4.7"), or the given one in
// lower case.
func (n *names) model(provider, name string) string {
	if name == "" {
		return ""
	}
	key := modelName{provider, name}
	if known, ok := n.models[key]; ok {
		return known
	}
	plain := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "-")
	found := plain
	_, err := n.book.Provider(provider)
	for _, id := range []string{name, plain, strings.ReplaceAll(plain, ".", "-")} {
		if m, missing := n.book.Find(price.Query{Provider: provider, Model: id}); missing == nil {
			found = m.Model
			break
		}
		if err == nil || !strings.Contains(id, "/") {
			continue
		}
		if m, missing := n.book.Find(price.Query{Model: id}); missing == nil {
			found = m.Provider + "/" + m.Model
			break
		}
	}
	n.models[key] = found
	return found
}
