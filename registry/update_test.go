package registry_test

import (
	"testing"
	"time"

	"breakeven/price"
	"breakeven/registry"
)

// Acme's m costs 3 in the book, whose evidence is of 1 September. On the 5th genai-prices says 2, on the 7th so does
// LiteLLM: the book's rate ends where the first of them began, and what rules derive follows.
func TestUpdates(t *testing.T) {
	files := map[string][]byte{"acme.json": []byte(book)}
	b, err := price.NewBook(files)
	if err != nil {
		t.Fatal(err)
	}
	view := func(records ...registry.Record) *registry.View {
		return registry.NewView([]registry.Seen{genai, litellm}, records, itself)
	}
	for name, tt := range map[string]struct {
		records []registry.Record
		want    string // batch input on the 10th
	}{
		"two agree": {[]registry.Record{
			record(t, "genai", "m", "3", "2026-08-01", "2026-09-05"), record(t, "genai", "m", "2", "2026-09-05", ""), record(t, "litellm", "m", "2", "2026-09-07", ""),
		}, "1"},
		"one alone":               {[]registry.Record{record(t, "genai", "m", "3", "2026-08-01", "2026-09-05"), record(t, "genai", "m", "2", "2026-09-05", "")}, "1.5"},
		"read for the first time": {[]registry.Record{record(t, "genai", "m", "2", "2026-09-05", ""), record(t, "litellm", "m", "2", "2026-09-07", "")}, "1.5"},
		"known before the book": {[]registry.Record{
			record(t, "genai", "m", "2", "2026-08-01", ""), record(t, "litellm", "m", "2", "2026-08-01", ""),
		}, "1.5"},
	} {
		now := day("2026-09-10")
		rows := registry.Board(registry.BookRates(b, now, time.Time{}), view(tt.records...), now, time.Time{})
		applied, err := registry.Apply(files, registry.Updates(rows))
		if err != nil {
			t.Fatal(err)
		}
		updated, err := price.NewBook(applied)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		known := time.Time{}
		at := func(when string) string {
			s, _, err := updated.Sheet(price.Query{Provider: "acme", Model: "m", Tier: price.Batch}, day(when), known)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c, _ := s.Rate(price.Input)
			return c.Rate.String()
		}
		if got := at("2026-09-10"); got != tt.want {
			t.Errorf("%s: batch input is %s, want %s", name, got, tt.want)
		}
		if got := at("2026-09-04"); got != "1.5" {
			t.Errorf("%s: before the change batch input is %s, want 1.5", name, got)
		}
		if known = day("2026-09-06"); at("2026-09-10") != "1.5" {
			t.Errorf("%s: the 6th knew of one source alone", name)
		}
	}
}
