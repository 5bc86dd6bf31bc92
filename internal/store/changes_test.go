package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"breakeven/registry"
)

// Pages of the changelog: the newest first, each page after the last change of the one before.
func TestChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := open(t, dsn)
		portkey := registry.Source{ID: "portkey"}
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3", "acme a output", "15", "beta a input", "1"))
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "2", "acme a output", "10", "beta a input", "1"))   // 1, 2
		record(t, s, rates(t, litellm, at("01-05"), "acme a input", "2", "acme a output", "10", "beta a input", "0"))   // 3
		record(t, s, rates(t, portkey, at("01-02", 12), "acme a input", "2"))                                           // recorded later than it was read
		record(t, s, rates(t, portkey, at("01-03"), "acme a input", "20"))                                              // 4
		record(t, s, rates(t, litellm, at("01-06"), "acme a input", "2", "acme a output", "10", "beta b input", "0.5")) // 5, 6

		for name, tt := range map[string]struct {
			filter ChangeFilter
			want   []int64
		}{
			"all":               {ChangeFilter{}, []int64{6, 5, 3, 4, 2, 1}},
			"first page":        {ChangeFilter{Limit: 2}, []int64{6, 5}},
			"second page":       {ChangeFilter{Limit: 2, After: 5}, []int64{3, 4}},
			"third page":        {ChangeFilter{Limit: 2, After: 4}, []int64{2, 1}},
			"beyond the last":   {ChangeFilter{Limit: 2, After: 1}, nil},
			"since":             {ChangeFilter{Since: at("01-05")}, []int64{6, 5, 3}},
			"a provider":        {ChangeFilter{Provider: "beta"}, []int64{6, 5, 3}},
			"a model":           {ChangeFilter{Model: "a"}, []int64{5, 3, 4, 2, 1}},
			"both":              {ChangeFilter{Provider: "acme", Model: "a"}, []int64{4, 2, 1}},
			"a source":          {ChangeFilter{Source: "portkey"}, []int64{4}},
			"a kind":            {ChangeFilter{Kinds: []registry.Kind{"output"}}, []int64{2}},
			"another tier":      {ChangeFilter{Tiers: []registry.Tier{"batch"}}, nil},
			"a class":           {ChangeFilter{Classes: []registry.Class{registry.ZeroFill, registry.UnitFix}}, []int64{3, 4}},
			"a run":             {ChangeFilter{Run: 2}, []int64{2, 1}},
			"a filter's page":   {ChangeFilter{Model: "a", After: 3, Limit: 1}, []int64{4}},
			"an unknown cursor": {ChangeFilter{After: 99}, nil},
		} {
			changes, err := s.Changes(ctx, tt.filter)
			if err != nil {
				t.Fatal(name, err)
			}
			var got []int64
			for _, c := range changes {
				got = append(got, c.Seq)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
		if _, err := s.Snapshot(ctx, "no such"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown snapshot: %v", err)
		}
		if _, err := s.Latest(ctx, "no such"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown source: %v", err)
		}
	})
}

// The hash of the first change of a registry, by hand, in Python:
//
//	genesis = sha256(b"breakeven price changelog\n").digest()
//	fields = ["1", "1767312000000000000", "litellm", "acme", "a", "", "standard", "input", "0", "false", "",
//	          "3000000", "2000000", "price_change", "-33.3 %", "2", "b", "s"]
//	sha256(genesis + "".join(f"{len(f)}:{f}," for f in fields).encode()).hexdigest()
func TestLink(t *testing.T) {
	if sum := sha256.Sum256([]byte("breakeven price changelog\n")); hex.EncodeToString(sum[:]) != Genesis {
		t.Errorf("the genesis is %x", sum)
	}
	three, two, zero := usd(t, "3"), usd(t, "2"), usd(t, "0")
	c := Change{
		Seq: 1, Source: "litellm", Run: 2, Base: "b", Snapshot: "s", Previous: Genesis,
		Change: registry.Change{Key: key(t, "acme a input"), At: at("01-02"), From: &three, To: &two, Class: registry.PriceChange, Why: "-33.3 %"},
	}
	const byHand = "54a530ed948fa9beddb01f029a904abdf1997249b678a662365005ffa53c7a3d"
	if got := c.Link(); got != byHand {
		t.Errorf("%s, want %s", got, byHand)
	}
	for name, edit := range map[string]func(*Change){
		"a letter moves from one field to the next": func(c *Change) { c.Provider, c.Model = "acm", "ea" },
		"no rate instead of one":                    func(c *Change) { c.To = nil },
		"zero instead of no rate":                   func(c *Change) { c.To = &zero },
		"another time":                              func(c *Change) { c.At = c.At.Add(1) },
		"another snapshot":                          func(c *Change) { c.Snapshot = "t" },
		"another past":                              func(c *Change) { c.Previous = byHand },
	} {
		other := c
		edit(&other)
		if other.Link() == byHand {
			t.Errorf("%s: the hash is the same", name)
		}
	}
}
