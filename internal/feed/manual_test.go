package feed_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/datafile"
	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// evidence is a document with the given entries.
func evidence(entries ...string) []byte {
	return fmt.Appendf(nil, `{"schema": "breakeven/evidence/v1", "source": {"id": "acme-page", "title": "Acme's price page",
		"url": "https://acme.example/prices", "vendor": true}, "entries": [%s]}`, strings.Join(entries, ", "))
}

// entry is an entry that is right, with some fields set to other values, or left out for an empty one.
func entry(changes ...string) string {
	fields := []string{"provider", "model", "kind", "usd_per_million", "url", "date", "quote"}
	values := map[string]string{
		"provider": `"acme"`, "model": `"m"`, "kind": `"input"`, "usd_per_million": `"3"`,
		"url": `"https://acme.example/prices#m"`, "date": `"2026-07-30"`, "quote": `"Input: $3 / 1M tokens"`,
	}
	for i := 0; i < len(changes); i += 2 {
		if _, ok := values[changes[i]]; !ok {
			fields = append(fields, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var parts []string
	for _, f := range fields {
		if values[f] != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", f, values[f]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func TestReadEvidence(t *testing.T) {
	e, err := feed.ReadEvidence("acme.json", evidence(
		entry("tier", `"batch"`, "kind", `"output"`, "above", "200000", "inclusive", "true", "route", `"eu"`, "by", `"Ada"`,
			"effective", `{"from": "2026-07-01T00:00:00+02:00", "to": "2026-08-01T00:00:00Z"}`),
		entry("model", `"8xh100"`, "route", `"us-east-1"`, "kind", `"machine_hour"`, "tier", `"on_demand"`, "usd_per_million", "",
			"usd_per_hour", `"55.04"`, "quote", `"8 × H100: $55.04 per hour"`, "date", `"2026-07-31"`),
	))
	if err != nil {
		t.Fatal(err)
	}
	first := e.Entries[0]
	want := registry.Fact{
		Key:  registry.Key{Provider: "acme", Route: "eu", Model: "m", Tier: "batch", Kind: "output", Above: 200_000, Inclusive: true},
		Rate: 3_000_000, URL: "https://acme.example/prices#m",
		Effective: price.Interval{From: time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC), To: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)},
	}
	if first.Fact != want || first.Quote != "Input: $3 / 1M tokens" || first.By != "Ada" || first.Date != "2026-07-30" {
		t.Errorf("%+v\nwant %+v", first, want)
	}
	// 55.04 dollars an hour are 55,040,000 dollars per million hours.
	if m := e.Entries[1]; m.Kind != registry.MachineHour || m.Tier != "on_demand" || m.Rate.String() != "55040000" {
		t.Errorf("%+v", m)
	}
	r := e.Reading(now)
	if r.Snapshot.Source != (registry.Source{ID: "acme-page", Title: "Acme's price page", URL: "https://acme.example/prices", Vendor: true}) {
		t.Errorf("source: %+v", r.Snapshot.Source)
	}
	if r.Snapshot.Date != "2026-07-31" || !r.Snapshot.Taken.Equal(now) || len(r.Snapshot.Facts) != 2 || r.Bytes == 0 {
		t.Errorf("reading: %+v", r)
	}
}

// A page prints a rate per million, per thousand or for one. The rate is in its quote in one of these units.
func TestEvidenceIsInItsQuote(t *testing.T) {
	const million, hour = "usd_per_million", "usd_per_hour"
	for _, c := range []struct {
		kind, field, rate, quote string
		ok                       bool
	}{
		{"input", million, "3", "$3.00 per 1M tokens", true},
		{"input", million, "3", "$0.003 / 1K tokens", true},
		{"input", million, "3", "$0.000003 per token", true},
		{"input", million, "3", "3e-06 USD", true},
		{"input", million, "0.075", "from $.075 to $.3", true},
		{"input", million, "1250.5", "USD 1,250.50", true},
		{"input", million, "3", "$0.30 per 1M tokens", false}, // a slip by ten
		{"input", million, "3", "$30", false},
		{"input", million, "3", "$3.01", false},
		{"input", million, "3", "three dollars", false},
		{"input", million, "0", "Free", true},
		{"input", million, "0", "$0", true},
		{"input", million, "0", "included", false},
		{"web_search", million, "10000", "$10 per 1,000 searches", true},
		{"machine_hour", hour, "2.5", "$2.50/h", true},
		{"machine_hour", million, "2500000", "$2.50/h", true},
		{"machine_hour", million, "2.5", "$2.50/h", false}, // a millionth of it
		{"machine_hour", million, "2500", "$2.50/h", false},
	} {
		changes := []string{"kind", fmt.Sprintf("%q", c.kind), million, "", c.field, fmt.Sprintf("%q", c.rate), "quote", fmt.Sprintf("%q", c.quote)}
		if c.kind == "machine_hour" {
			changes = append(changes, "tier", `"spot"`)
		}
		_, err := feed.ReadEvidence("acme.json", evidence(entry(changes...)))
		fault, _ := errors.AsType[*datafile.Error](err)
		if (err == nil) != c.ok || !c.ok && (fault == nil || fault.Path != "entries[0].quote") {
			t.Errorf("%s %s, %q: %v", c.rate, c.kind, c.quote, err)
		}
	}
}

func TestEvidenceFaultsNameEntryAndField(t *testing.T) {
	for _, c := range []struct {
		changes []string
		path    string
	}{
		{[]string{"provider", ""}, "provider"},
		{[]string{"model", `" "`}, "model"},
		{[]string{"model", `"m\n"`}, "model"},
		{[]string{"route", `"\u0000"`}, "route"},
		{[]string{"kind", ""}, "kind"},
		{[]string{"kind", `"tokens"`}, "kind"},
		{[]string{"tier", `"gold"`}, "tier"},
		{[]string{"tier", `"spot"`}, "tier"}, // tokens have no term
		{[]string{"kind", `"machine_hour"`}, "tier"},
		{[]string{"kind", `"machine_hour"`, "tier", `"batch"`}, "tier"},
		{[]string{"kind", `"machine_hour"`, "tier", `"spot"`, "above", "5"}, "above"},
		{[]string{"kind", `"machine_hour"`, "tier", `"spot"`, "usd_per_hour", `"3"`}, "usd_per_hour"},
		{[]string{"usd_per_hour", `"3"`}, "usd_per_hour"},
		{[]string{"above", "-1"}, "above"},
		{[]string{"inclusive", "true"}, "inclusive"},
		{[]string{"usd_per_million", ""}, "usd_per_million"},
		{[]string{"usd_per_million", `"-3"`}, "usd_per_million"},
		{[]string{"usd_per_million", `"3 dollars"`}, "usd_per_million"},
		{[]string{"usd_per_million", `"3.0000001"`}, "usd_per_million"},
		{[]string{"effective", `{"from": "August"}`}, "effective"},
		{[]string{"effective", `{"from": "2026-08-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"}`}, "effective"},
		{[]string{"url", ""}, "url"},
		{[]string{"url", `"http://acme.example"`}, "url"},
		{[]string{"url", `"javascript:alert(3)"`}, "url"},
		{[]string{"date", ""}, "date"},
		{[]string{"date", `"1 August 2026"`}, "date"},
		{[]string{"quote", ""}, "quote"},
		{[]string{"by", `"\u0007"`}, "by"},
	} {
		_, err := feed.ReadEvidence("acme.json", evidence(entry("model", `"other"`), entry(c.changes...)))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || fault.File != "acme.json" || fault.Path != "entries[1]."+c.path {
			t.Errorf("%v: %v", c.changes, err)
		}
	}
}

func TestEvidenceDocumentFaults(t *testing.T) {
	good := string(evidence(entry()))
	for _, c := range []struct{ old, new, path string }{
		{"evidence/v1", "evidence/v2", "schema"},
		{`"acme-page"`, `""`, "source.id"},
		{`"acme-page"`, `"Acme Page"`, "source.id"},
		{`"acme-page"`, `"litellm"`, "source.id"},
		{`"Acme's price page"`, `""`, "source.title"},
		{`"Acme's price page"`, `"\u0000"`, "source.title"},
		{`"https://acme.example/prices", "vendor"`, `"acme.example", "vendor"`, "source.url"},
		{entry(), "", "entries"},
		{`"vendor"`, `"seller"`, "line 2, "}, // an unknown field
		{`"3"`, `3`, "line 2, "},
		{"{", "[", "line 1, "},
	} {
		_, err := feed.ReadEvidence("acme.json", []byte(strings.Replace(good, c.old, c.new, 1)))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || !strings.HasPrefix(fault.Path, c.path) {
			t.Errorf("%s for %s: %v", c.new, c.old, err)
		}
	}
}

// Two rates for one time contradict each other: nobody but the writer can tell which of them has ended. The same rate,
// read again later, is kept with the later page.
func TestEvidenceForOneRateTwice(t *testing.T) {
	dearer := entry("usd_per_million", `"4"`, "quote", `"$4"`, "date", `"2026-01-05"`, "effective", `{"to": "2026-07-01T00:00:00Z"}`)
	_, err := feed.ReadEvidence("acme.json", evidence(dearer, entry()))
	if want := "acme.json: entries[1].usd_per_million: 3 contradicts entries[0], which says 4 for the same time (say in effective when the earlier rate ends and the later begins)"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	since := entry("effective", `{"from": "2026-07-01T00:00:00Z"}`)
	e, err := feed.ReadEvidence("acme.json", evidence(dearer, since, entry("effective", `{"from": "2026-07-01T00:00:00Z"}`, "date", `"2026-08-01"`, "url", `"https://acme.example/new"`)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range e.Reading(now).Snapshot.Facts {
		got = append(got, f.Rate.String()+" "+f.URL)
	}
	if want := []string{"4 https://acme.example/prices#m", "3 https://acme.example/new"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever is accepted has its evidence, and survives being stored.
func FuzzReadEvidence(f *testing.F) {
	f.Add(evidence(entry()))
	f.Add(evidence(entry("kind", `"machine_hour"`, "tier", `"spot"`, "usd_per_million", "", "usd_per_hour", `"3"`, "quote", `"$3.00/h"`)))
	f.Add(evidence(entry("usd_per_million", `"1250.5"`, "quote", `"1,250.50 or .5e3"`, "above", "5", "inclusive", "true")))
	f.Add(evidence(entry("effective", `{"from": "2026-08-01T00:00:00Z"}`, "usd_per_million", `"0"`, "quote", `"free"`), entry()))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := feed.ReadEvidence("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		for _, entry := range e.Entries {
			if entry.Rate < money.Rate(0) || entry.Quote == "" || entry.Date == "" || !strings.HasPrefix(entry.URL, "https://") {
				t.Fatalf("%+v", entry)
			}
		}
		s := e.Reading(now).Snapshot
		if back, err := registry.DecodeFacts(s.Encode()); err != nil || !slices.Equal(back, s.Facts) {
			t.Fatalf("%+v became %+v, %v", s.Facts, back, err)
		}
	})
}
