package registry_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// at reads "2024-01-31 10:00".
func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// timeline reads edits, a line each: when, the model, the rate or a dash, and the day from which the vendor charges it.
func timeline(t *testing.T, text string) []registry.Edit {
	t.Helper()
	var edits []registry.Edit
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		e := registry.Edit{
			Source: "table", At: at(t, f[0]+" "+f[1]), Evidence: "https://example.com/" + f[0],
			Key: registry.Key{Provider: "acme", Model: f[2], Tier: registry.Standard, Kind: registry.KindOf(price.Input)},
		}
		if f[3] != "-" {
			e.Rate = usd(t, f[3])
		}
		if len(f) > 4 {
			e.Effective.From = day(f[4])
		}
		edits = append(edits, e)
	}
	return edits
}

// A model is added, changed, taken away and added again; another one's slip is mended the same day.
const anvil = `
	2024-01-01 09:00 anvil 3
	2024-01-01 10:00 rocket 8
	2024-01-05 12:00 anvil 2
	2024-01-06 08:00 rocket 80
	2024-01-06 20:00 rocket 8
	2024-01-09 00:00 anvil -
	2024-02-01 23:59 anvil 2
	2024-02-02 00:00 anvil 1.5
`

func TestReplay(t *testing.T) {
	var got []string
	for s, edits := range registry.Replay(registry.Source{ID: "table"}, timeline(t, anvil)) {
		text := s.Taken.Format("01-02 15:04")
		for _, f := range s.Facts {
			text += " " + f.Model + "=" + f.Rate.String()
		}
		got = append(got, text+" "+strings.Repeat("*", len(edits)))
	}
	want := []string{
		"01-01 10:00 anvil=3 rocket=8 **",
		"01-05 12:00 anvil=2 rocket=8 *",
		// On the 6th nothing was different at the end of the day.
		"01-09 00:00 rocket=8 *",
		"02-01 23:59 anvil=2 rocket=8 *",
		"02-02 00:00 anvil=1.5 rocket=8 *",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	n := 0
	for range registry.Replay(registry.Source{ID: "table"}, timeline(t, anvil)) {
		if n++; n == 2 {
			break
		}
	}
}

func TestStated(t *testing.T) {
	var got []string
	for _, r := range registry.Stated(timeline(t, anvil)) {
		to := "open"
		if !r.Recorded.To.IsZero() {
			to = r.Recorded.To.Format("01-02 15:04")
		}
		got = append(got, r.Model+" "+r.Rate.String()+" "+r.Recorded.From.Format("01-02 15:04")+" "+to+" "+strings.TrimPrefix(r.Evidence, "https://example.com/2024-"))
	}
	want := []string{
		"anvil 3 01-01 09:00 01-05 12:00 01-01",
		"anvil 2 01-05 12:00 01-09 00:00 01-05",
		"anvil 2 02-01 23:59 02-02 00:00 02-01",
		"anvil 1.5 02-02 00:00 open 02-02",
		"rocket 8 01-01 10:00 01-06 08:00 01-01",
		"rocket 80 01-06 08:00 01-06 20:00 01-06",
		"rocket 8 01-06 20:00 open 01-06",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A source may state what is charged now and what will be: two statements, of which each has its own record.
func TestStatedAndScheduled(t *testing.T) {
	edits := timeline(t, `
		2024-01-01 09:00 anvil 3
		2024-01-05 12:00 anvil 2 2024-02-01
		2024-01-07 12:00 anvil - 2024-02-01
	`)
	records := registry.Stated(edits)
	if len(records) != 2 || !records[0].Recorded.To.IsZero() || !records[1].Recorded.To.Equal(at(t, "2024-01-07 12:00")) {
		t.Errorf("%+v", records)
	}
	// Neither the announcement nor its end changes what is charged.
	if c := registry.Changes(edits); len(c) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestChanges(t *testing.T) {
	var got []string
	for _, c := range registry.Changes(timeline(t, anvil+`
		2024-02-10 10:00 rocket 0.8
		2024-02-11 10:00 rocket 8
		2024-05-01 10:00 anvil 1.65
		2024-08-01 10:00 anvil 0
		2024-08-02 10:00 anvil 1.2
	`)) {
		from, to := "-", "-"
		if c.From != nil {
			from = c.From.String()
		}
		if c.To != nil {
			to = c.To.String()
		}
		got = append(got, c.At.Format("01-02")+" "+c.Model+" "+from+" "+to+" "+string(c.Class))
	}
	want := []string{
		"01-05 anvil 3 2 price_change",
		"01-09 anvil 2 - removal",
		"02-01 anvil - 2 addition",
		"02-02 anvil 2 1.5 price_change",
		"02-10 rocket 8 0.8 revert", // hindsight: it was taken back the next day
		"02-11 rocket 0.8 8 revert",
		"05-01 anvil 1.5 1.65 regional_uplift",
		"08-01 anvil 1.65 0 zero_fill",
		"08-02 anvil 0 1.2 zero_fill",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Changes are what Diff finds between one snapshot and the next, given what the source stated before, and what is in
// force by the records is what is in force by the snapshots.
func TestChangesAreTheDifferencesOfSnapshots(t *testing.T) {
	rates := []*money.Rate{usd(t, "0"), usd(t, "1"), usd(t, "1.1"), usd(t, "2"), usd(t, "10")}
	rapid.Check(t, func(t *rapid.T) {
		start := day("2024-01-01")
		var edits []registry.Edit
		now := start
		for range rapid.IntRange(0, 40).Draw(t, "edits") {
			now = now.Add(time.Duration(rapid.IntRange(0, 80).Draw(t, "hours")) * time.Hour)
			e := registry.Edit{Source: "table", At: now, Key: registry.Key{
				Provider: "acme", Model: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "model"), Tier: registry.Standard,
				Kind: registry.KindOf(price.Input),
			}}
			if days := rapid.SampledFrom([]int{0, 0, 3, 30}).Draw(t, "from"); days > 0 {
				e.Effective.From = start.AddDate(0, 0, days)
			}
			if rapid.IntRange(0, 4).Draw(t, "stated") > 0 {
				e.Rate = rapid.SampledFrom(rates).Draw(t, "rate")
				if rapid.Bool().Draw(t, "ends") {
					e.Effective.To = start.AddDate(0, 0, 31+rapid.IntRange(0, 9).Draw(t, "to"))
				}
			}
			edits = append(edits, e)
		}
		records := registry.Stated(edits)

		past := map[registry.Key][]registry.Value{}
		series := map[registry.Key][]registry.Change{}
		var last *registry.Snapshot
		for s := range registry.Replay(registry.Source{ID: "table"}, edits) {
			var open []registry.Fact
			for _, r := range records {
				// What was stated at the end of the day.
				if r.Recorded.Contains(s.Taken) {
					open = append(open, r.Fact)
				}
			}
			if again := registry.NewSnapshot(s.Source, s.Taken, "", open); again.ID != s.ID {
				t.Fatalf("on %s: %v by the records, %v by the snapshot", s.Taken, again.Facts, s.Facts)
			}
			before := registry.Snapshot{Taken: s.Taken}
			if last != nil {
				before = *last
			}
			for _, c := range registry.Diff(before, s, func(k registry.Key) []registry.Value {
				return past[k]
			}) {
				if past[c.Key] == nil && c.From != nil {
					past[c.Key] = []registry.Value{{Rate: c.From}}
					c.Class, c.Why = registry.Classify(c.From, c.To, c.At, past[c.Key])
				}
				past[c.Key] = append(past[c.Key], registry.Value{At: s.Taken, Rate: c.To})
				if last != nil {
					series[c.Key] = append(series[c.Key], c)
				}
			}
			last = &s
		}
		var want []registry.Change
		for _, k := range slices.SortedFunc(maps.Keys(series), registry.Key.Compare) {
			registry.Hindsight(series[k])
			want = append(want, series[k]...)
		}
		slices.SortStableFunc(want, func(a, b registry.Change) int { return a.At.Compare(b.At) })
		got := registry.Changes(edits)
		same := slices.EqualFunc(got, want, func(g registry.Revision, w registry.Change) bool {
			return g.Key == w.Key && g.At.Equal(w.At) && g.Class == w.Class && g.Why == w.Why &&
				(g.From == nil) == (w.From == nil) && (g.To == nil) == (w.To == nil) &&
				(g.From == nil || *g.From == *w.From) && (g.To == nil || *g.To == *w.To)
		})
		if !same {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func TestInForce(t *testing.T) {
	key := registry.Key{Provider: "openai", Model: "o3", Tier: registry.Standard, Kind: registry.KindOf(price.Input)}
	banded, other := key, key
	banded.Above, banded.Inclusive = 200_000, false
	other.Model = "o1"
	dated := func(k registry.Key, rate, from string) registry.Dated {
		return registry.Dated{Fact: registry.Fact{Key: k, Rate: *usd(t, rate), Effective: price.Interval{From: day(from)}}}
	}
	list := []registry.Dated{
		dated(key, "10", "2025-04-16"), dated(key, "2", "2025-06-10"), dated(key, "10", "2026-01-01"), dated(banded, "4", "2025-06-10"),
		{Fact: registry.Fact{Key: key, Rate: *usd(t, "5")}},
	}
	from := func(above int64, inclusive bool) registry.Key {
		k := key
		k.Above, k.Inclusive = above, inclusive
		return k
	}
	for _, tt := range []struct {
		name     string
		key      registry.Key
		rate     string
		recorded string
		want     string
	}{
		{"recorded a day late", key, "2", "2025-06-11", "2025-06-10"},
		{"recorded a year late", key, "2", "2026-06-11", "2025-06-10"},
		{"recorded a day before it took effect", key, "2", "2025-06-09", "2025-06-10"},
		{"recorded three days before: it can't be that", key, "2", "2025-06-07", ""},
		{"of two, the one that began last", key, "10", "2026-02-01", "2026-01-01"},
		{"but not one that is still to come", key, "10", "2025-05-01", "2025-04-16"},
		{"another rate", key, "3", "2025-06-11", ""},
		{"another model", other, "2", "2025-06-11", ""},
		{"a beginning that nobody knows", key, "5", "2025-06-11", ""},
		{"the boundary as it is stated", banded, "4", "2025-06-11", "2025-06-10"},
		{"the boundary belongs to the rate: one token less", from(200_000, true), "4", "2025-06-11", "2025-06-10"},
		{"the same boundary in other words", from(200_001, true), "4", "2025-06-11", "2025-06-10"},
		{"another boundary", from(199_998, false), "4", "2025-06-11", ""},
		{"no boundary", key, "4", "2025-06-11", ""},
	} {
		got := ""
		if d, ok := registry.InForce(list, tt.key, *usd(t, tt.rate), day(tt.recorded)); ok {
			got = d.Effective.From.Format(time.DateOnly)
		}
		if got != tt.want {
			t.Errorf("%s: since %q, want %q", tt.name, got, tt.want)
		}
	}
}
