package feed_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// table is a table of observations, written as others would be decoded.
func table(observations ...feed.Observation) *feed.Table {
	return &feed.Table{Observations: observations}
}

func TestFactsKeepEveryPartOfARate(t *testing.T) {
	july, august := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	facts, faults := table(feed.Observation{
		Provider: "acme", Model: "m", Tier: price.Batch, Kind: price.Output, Above: 200_000, Inclusive: true, From: july, To: august,
		Window: &feed.Window{Days: 1<<time.Saturday | 1<<time.Sunday, From: "00:00", To: "00:00", Zone: "Asia/Shanghai"},
		Rate:   1_500_000, URL: "https://acme.example/prices",
	}).Facts()
	want := registry.Fact{
		Key: registry.Key{
			Provider: "acme", Model: "m", Tier: "batch", Kind: "output", Above: 200_000, Inclusive: true,
			Window: "sat,sun 00:00-00:00 UTC, days in Asia/Shanghai",
		},
		Rate: 1_500_000, Effective: price.Interval{From: july, To: august}, URL: "https://acme.example/prices",
	}
	if len(faults) > 0 || !slices.Equal(facts, []registry.Fact{want}) {
		t.Errorf("%+v, faults %v\nwant %+v", facts, faults, want)
	}
	// A base rate has no boundary that could belong to it.
	base, _ := table(feed.Observation{Provider: "acme", Model: "m", Inclusive: true}).Facts()
	if base[0].Inclusive {
		t.Errorf("%+v", base)
	}
}

// The first statement counts; one that differs for the same time is a fault, and one that adds nothing is none.
func TestFactsStatedTwice(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 8, d, 0, 0, 0, 0, time.UTC) }
	var always time.Time
	type rate struct {
		from, to time.Time
		rate     int64
	}
	for _, c := range []struct {
		name          string
		first, second rate
		facts, faults int
	}{
		{"the same", rate{always, always, 3}, rate{always, always, 3}, 1, 0},
		{"another rate", rate{always, always, 3}, rate{always, always, 2}, 1, 1},
		{"one ends where the other begins", rate{always, day(5), 3}, rate{day(5), always, 2}, 2, 0},
		{"the later one first", rate{day(5), always, 2}, rate{always, day(5), 3}, 2, 0},
		{"one ends after the other begins", rate{always, day(6), 3}, rate{day(5), always, 2}, 1, 1},
		{"a part of the time, the same rate", rate{day(1), day(9), 3}, rate{day(2), day(5), 3}, 1, 0},
		{"more time, the same rate", rate{day(2), day(5), 3}, rate{day(1), day(9), 3}, 2, 0},
		{"within, another rate", rate{day(1), day(9), 3}, rate{day(2), day(5), 2}, 1, 1},
	} {
		var list []feed.Observation
		for _, r := range []rate{c.first, c.second} {
			list = append(list, feed.Observation{Provider: "acme", Model: "m", From: r.from, To: r.to, Rate: dollars(r.rate)})
		}
		facts, faults := table(list...).Facts()
		if len(facts) != c.facts || len(faults) != c.faults {
			t.Errorf("%s: %d facts, faults %v", c.name, len(facts), faults)
			continue
		}
		if c.faults > 0 {
			e, ok := errors.AsType[*feed.ConflictError](faults[0].Err)
			if !ok || e.Kept.Rate != dollars(c.first.rate) || e.Dropped.Rate != dollars(c.second.rate) {
				t.Errorf("%s: %v", c.name, faults[0])
			}
		}
	}
	_, faults := table(feed.Observation{Provider: "acme", Model: "m", Rate: 3e6}, feed.Observation{Provider: "acme", Model: "m", Rate: 2e6}).Facts()
	if got, want := faults[0].Error(), "acme/m: acme/m input: stated twice: 3 is kept, as the first, and 2 dropped"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestFactsRefuseNames(t *testing.T) {
	for _, o := range []feed.Observation{
		{Provider: "acme"},
		{Provider: "acme", Model: "m\n"},
		{Provider: "acme", Model: "m\ufffd"},
		{Provider: strings.Repeat("a", 513), Model: "m"},
		{Provider: "acme", Model: "m", Window: &feed.Window{Days: 1, From: "00:00", To: "08:00", Zone: strings.Repeat("Z", 600)}},
	} {
		if facts, faults := table(o).Facts(); len(facts) != 0 || len(faults) != 1 {
			t.Errorf("%+v: facts %v, faults %v", o, facts, faults)
		}
	}
	// A provider may be unnamed: one table tells none apart.
	if facts, _ := table(feed.Observation{Model: "m"}).Facts(); len(facts) != 1 {
		t.Errorf("facts %v", facts)
	}
}

// Addresses become links: what is none is left out, and the rate stays.
func TestFactsKeepAddressesThatAreSafeToLink(t *testing.T) {
	for address, kept := range map[string]bool{
		"https://acme.example/prices#m":                      true,
		"http://acme.example":                                true,
		"javascript:alert(1)":                                false,
		"https:///no-host":                                   false,
		"see the docs":                                       false,
		"https://acme.example/\x7f":                          false,
		"https://acme.example/?" + strings.Repeat("q", 2048): false,
	} {
		facts, faults := table(feed.Observation{Provider: "acme", Model: "m", URL: address}).Facts()
		if len(facts) != 1 || len(faults) != 0 || (facts[0].URL == address) != kept || !kept && facts[0].URL != "" {
			t.Errorf("%q: facts %+v, faults %v", address, facts, faults)
		}
	}
}

// dollars is n dollars per million.
func dollars(n int64) money.Rate { return money.Rate(n * 1_000_000) }

func snapshotOf(models ...string) registry.Snapshot {
	var facts []registry.Fact
	for _, m := range models {
		facts = append(facts, registry.Fact{Key: registry.Key{Provider: "acme", Model: m, Tier: registry.Standard, Kind: "input"}, Rate: 1})
	}
	return registry.NewSnapshot(registry.Source{ID: "litellm"}, now, "", facts)
}

// Half of the rates may go; more is a fault of the source until somebody has looked, whatever else it states.
func TestShrunk(t *testing.T) {
	old := snapshotOf("a", "b", "c", "d")
	for _, c := range []struct {
		now  registry.Snapshot
		lost int
	}{
		{old, 0},
		{snapshotOf("a", "b"), 0},
		{snapshotOf("a"), 3},
		{snapshotOf("a", "x", "y", "z"), 3},
		{snapshotOf(), 4},
	} {
		err := feed.Shrunk(old, c.now)
		e, ok := errors.AsType[*feed.ShrunkError](err)
		if ok != (c.lost > 0) || ok && (e.Lost != c.lost || e.Had != 4 || e.Source != "litellm") {
			t.Errorf("%d facts: %v", len(c.now.Facts), err)
		}
	}
	if err := feed.Shrunk(snapshotOf(), snapshotOf()); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(feed.Shrunk(old, snapshotOf("a"))); !strings.HasPrefix(got, "litellm: 3 of its 4 prices are gone: keep the earlier ones") {
		t.Error(got)
	}
}
