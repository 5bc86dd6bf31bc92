package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"breakeven/money"
	"breakeven/registry"
)

// bigTable is a table of 12,000 rates: 3,000 models of 30 providers with four kinds each. Its prices depend on the
// edition, and so does the page that it cites.
func bigTable(edition int, share float64) []registry.Fact {
	random := rand.New(rand.NewPCG(1, 2))
	facts := make([]registry.Fact, 0, 12_000)
	for m := range 3000 {
		for _, kind := range []registry.Kind{"input", "output", "cache_read", "cache_write"} {
			rate := 1 + random.Int64N(1_000_000)*100
			if random.Float64() < share {
				rate += int64(edition)
			}
			facts = append(facts, registry.Fact{
				Key:  registry.Key{Provider: fmt.Sprintf("provider_%d", m%30), Model: fmt.Sprintf("vendor/some-model-name-%d-2026-01-01", m), Tier: registry.Standard, Kind: kind},
				Rate: money.Rate(rate), URL: fmt.Sprintf("https://provider-%d.example.com/docs/pricing", m%30),
			})
		}
	}
	return facts
}

func engines(b *testing.B, bench func(b *testing.B, dsn func() string)) {
	b.Run("sqlite", func(b *testing.B) {
		bench(b, func() string { return filepath.Join(b.TempDir(), "prices.db") })
	})
	b.Run("postgres", func(b *testing.B) {
		bench(b, func() string { return postgresDSN(b) })
	})
}

// The first snapshot of a table: 12,000 facts are opened.
func BenchmarkRecordFirst(b *testing.B) {
	facts := bigTable(0, 0)
	engines(b, func(b *testing.B, dsn func() string) {
		s := open(b, dsn())
		n := 0
		for b.Loop() {
			n++
			source := registry.Source{ID: fmt.Sprintf("source %d", n)}
			record(b, s, registry.NewSnapshot(source, at("01-01"), "", facts))
		}
	})
}

// A later snapshot of a table, of which one rate in a hundred changed since the day before.
func BenchmarkRecordDay(b *testing.B) { benchmarkEditions(b, 0.01) }

// The worst snapshot: every one of the 12,000 rates is another one. As many facts are closed, opened, and logged.
func BenchmarkRecordAllChanged(b *testing.B) { benchmarkEditions(b, 1) }

func benchmarkEditions(b *testing.B, share float64) {
	engines(b, func(b *testing.B, dsn func() string) {
		s := open(b, dsn())
		n := 0
		next := func() registry.Snapshot {
			n++
			return registry.NewSnapshot(litellm, at("01-01", n), "", bigTable(n, share))
		}
		record(b, s, next())
		for b.Loop() {
			b.StopTimer()
			snapshot := next()
			b.StartTimer()
			record(b, s, snapshot)
		}
	})
}

// The same table a day later: nothing is written but the run.
func BenchmarkRecordUnchanged(b *testing.B) {
	facts := bigTable(0, 0)
	engines(b, func(b *testing.B, dsn func() string) {
		s := open(b, dsn())
		n := 0
		for b.Loop() {
			n++
			record(b, s, registry.NewSnapshot(litellm, at("01-01", n), "", facts))
		}
	})
}

// Six sources with 12,000 facts each, after ten editions of one of them.
func benchmarkQueries(b *testing.B, query func(b *testing.B, s *Store)) {
	engines(b, func(b *testing.B, dsn func() string) {
		s := open(b, dsn())
		for source := range 6 {
			record(b, s, registry.NewSnapshot(registry.Source{ID: fmt.Sprintf("source %d", source)}, at("01-01"), "", bigTable(0, 0)))
		}
		for edition := range 10 {
			record(b, s, registry.NewSnapshot(litellm, at("01-01", edition), "", bigTable(edition, 0.1)))
		}
		for b.Loop() {
			query(b, s)
		}
	})
}

func BenchmarkFactsOfModel(b *testing.B) {
	benchmarkQueries(b, func(b *testing.B, s *Store) {
		facts, err := s.Facts(b.Context(), FactFilter{Provider: "provider_7", Model: "vendor/some-model-name-97-2026-01-01", Effective: at("02-01")})
		if err != nil || len(facts) != 28 {
			b.Fatal(len(facts), err)
		}
	})
}

func BenchmarkFactsOfSource(b *testing.B) {
	benchmarkQueries(b, func(b *testing.B, s *Store) {
		if facts, err := s.Facts(b.Context(), FactFilter{Source: "litellm"}); err != nil || len(facts) != 12_000 {
			b.Fatal(len(facts), err)
		}
	})
}

func BenchmarkChangesFirstPage(b *testing.B) {
	benchmarkQueries(b, func(b *testing.B, s *Store) {
		if changes, err := s.Changes(b.Context(), ChangeFilter{Limit: 50}); err != nil || len(changes) != 50 {
			b.Fatal(len(changes), err)
		}
	})
}

func BenchmarkSources(b *testing.B) {
	benchmarkQueries(b, func(b *testing.B, s *Store) {
		if sources, err := s.Sources(b.Context()); err != nil || len(sources) != 7 {
			b.Fatal(len(sources), err)
		}
	})
}

func BenchmarkAudit(b *testing.B) {
	benchmarkQueries(b, func(b *testing.B, s *Store) { audit(b, s) })
}
