package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/datafile"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// The catalog says since when a rate is charged where it knows, and nothing where it does not.
func TestEffective(t *testing.T) {
	dated, err := catalog.Effective(prices(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		provider, model string
		kind            price.Kind
		rate, recorded  string
		want            string
	}{
		{"openai", "o3", price.Input, "2", "2025-06-11", "2025-06-10"},
		{"openai", "o3", price.Input, "2", "2025-06-22", "2025-06-10"},
		{"openai", "o3", price.Output, "40", "2025-04-17", "2025-04-16"},
		{"anthropic", "claude-3-5-haiku", price.Input, "0.8", "2025-02-28", "2024-12-03"},
		{"openai", "gpt-4o", price.Output, "10", "2024-11-14", "2024-10-02"},
		{"google", "gemini-1.5-flash", price.Input, "0.075", "2024-10-14", "2024-08-12"},
		{"deepseek", "deepseek-chat", price.Input, "0.27", "2025-02-07", "2025-02-08"},
		{"deepseek", "deepseek-chat", price.Input, "0.28", "2026-01-13", "2025-09-29"},
		{"openai", "gpt-5.6-luna", price.Input, "0.2", "2026-08-01", "2026-07-30"},
		{"openai", "gpt-5.6-luna", price.Input, "1", "2026-07-12", "2026-07-09"},
		{"anthropic", "claude-sonnet-5", price.Input, "2", "2026-06-30", "2026-06-30"},
		{"anthropic", "claude-3-opus", price.Output, "75", "2024-03-05", "2024-03-04"},
		// A rate that did not change when others did: when it began is not known.
		{"anthropic", "claude-sonnet-4-6", price.Input, "3", "2026-03-27", ""},
		// A schedule that was cancelled never took effect.
		{"anthropic", "claude-sonnet-5", price.Input, "3", "2026-09-02", ""},
		// Nobody charges it.
		{"openai", "o3", price.Input, "3", "2025-06-11", ""},
	} {
		rate, err := money.ParseRate(tt.rate)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.DateOnly, tt.recorded)
		if err != nil {
			t.Fatal(err)
		}
		key := registry.Key{Provider: tt.provider, Model: tt.model, Tier: registry.Standard, Kind: registry.KindOf(tt.kind)}
		got := ""
		if d, ok := registry.InForce(dated, key, rate, at); ok {
			got = d.Effective.From.Format(time.DateOnly)
			if d.Provenance.Source == "" {
				t.Errorf("%s: nobody says so", key)
			}
		}
		if got != tt.want {
			t.Errorf("%s %s recorded on %s: since %q, want %q", key, tt.rate, tt.recorded, got, tt.want)
		}
	}
	book := prices(t)
	for _, d := range dated {
		if d.Effective.From.IsZero() {
			t.Errorf("%s has no beginning", d.Key)
		}
		if m, ok := book.Model(d.Provider, d.Model); !ok || m.ID != d.Model {
			t.Errorf("%s is no model of the catalog", d.Key)
		}
	}
}

func TestEffectiveFaults(t *testing.T) {
	const whole = `{"schema": "breakeven/effective/v1", "sources": {"s": {"kind": "published", "source": "A page"}},
		"rates": [{"provider": "p", "model": "m", "from": "2024-03-04", "to": "2024-05-01", "source": "s", "rates": {"input": "15"}}]}`
	if dated, err := catalog.ParseEffective("e.json", []byte(whole)); err != nil || len(dated) != 1 {
		t.Fatalf("%v, %v", dated, err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{"effective/v1", "effective/v9", "schema"},
		{`"A page"`, `""`, "sources.s.source"},
		{`"model": "m"`, `"model": ""`, "rates[0]"},
		{`"2024-03-04"`, `"2024-03"`, "rates[0].from"},
		{`"2024-05-01"`, `"2024-03-04"`, "rates[0].to"},
		{`"source": "s"`, `"source": "z"`, "rates[0].source"},
		{`{"input": "15"}`, `{}`, "rates[0].rates"},
		{`"rates": {`, `"tier": "batch", "rates": {`, "line 2"},
	} {
		_, err := catalog.ParseEffective("e.json", []byte(strings.Replace(whole, tt.old, tt.new, 1)))
		if fault, ok := errors.AsType[*datafile.Error](err); !ok || !strings.HasPrefix(fault.Path, tt.want) {
			t.Errorf("%s: got %v, want a fault at %s", tt.new, err, tt.want)
		}
	}
}

func FuzzParseEffective(f *testing.F) {
	f.Add([]byte(`{"schema": "breakeven/effective/v1", "sources": {"s": {"kind": "published", "source": "A page"}},
		"rates": [{"provider": "p", "model": "m", "from": "2024-03-04", "source": "s", "rates": {"input": "15"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dated, err := catalog.ParseEffective("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("%v is no fault of a file", err)
			}
			return
		}
		for _, d := range dated {
			if d.Effective.From.IsZero() || d.Provenance.Source == "" {
				t.Fatalf("%+v", d)
			}
		}
	})
}
