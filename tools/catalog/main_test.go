package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
)

// The committed price files are what the tool writes, byte for byte.
func TestCommittedPricesAreCurrent(t *testing.T) {
	shared := os.Getenv("BREAKEVEN_SHARED_DATA")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared", "data")
	}
	from := filepath.Join(shared, "prices")
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		t.Skipf("no shared data: %v", err)
	}
	files, _, err := Prices(from, "curated")
	if err != nil {
		t.Fatal(err)
	}
	committed := filepath.Join("..", "..", "catalog", "prices")
	entries, err := os.ReadDir(committed)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := slices.Sorted(maps.Keys(files)); !slices.Equal(names, want) {
		t.Errorf("catalog/prices holds %v, the tool writes %v", names, want)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(committed, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run go run ./tools/catalog prices (%v)", name, err)
		}
	}
}

func votesOf(t *testing.T, text string) []vote {
	t.Helper()
	ranks := map[string]int{"genai": 0, "litellm": 1, "models.dev": 2, "portkey": 3, "openrouter": 4}
	groups := map[string]string{"portkey": "litellm"}
	var all []vote
	for field := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(field, "=")
		name, voice := strings.CutPrefix(name, "~")
		rate, err := money.ParseRate(value)
		if err != nil {
			t.Fatal(err)
		}
		v := vote{group: name, rate: rate, voice: voice}
		if g, ok := groups[name]; ok {
			v.group = g
		}
		if name != "rule" {
			v.table = &table{Table: &feed.Table{Source: feed.Source{ID: name}}, file: file{rank: ranks[name]}}
		}
		all = append(all, v)
	}
	return all
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct{ name, votes, want string }{
		{"one table is believed", "litellm=3", "litellm 3"},
		{"two that agree outvote the best one", "genai=0.27 litellm=0.28 models.dev=0.28", "litellm 0.28"},
		{"two that copy from each other are one voice", "genai=0.27 litellm=0.28 portkey=0.28", "genai 0.27"},
		{"within half a percent is agreement, in the words of the best", "genai=0.125 models.dev=0.1256 litellm=0.13", "genai 0.125"},
		{"no two agree: the best one's word", "litellm=0.4 models.dev=0.5", "litellm 0.4"},
		{"a slip of units is outvoted", "litellm=6 models.dev=0.6 openrouter=0.6", "models.dev 0.6"},
		{"and believed by nobody where only two speak", "models.dev=0.3 portkey=300", ""},
		{"a price and a zero are apart", "litellm=0 models.dev=0.06", ""},
		{"the vendor's rule supports", "genai=0.5 litellm=6 ~rule=0.5", "genai 0.5"},
		{"and supplies nothing", "litellm=0.3 ~rule=0.6 ~openrouter=0.6", "litellm 0.3"},
		{"nobody speaks", "", ""},
	} {
		v, ok, _ := choose(votesOf(t, tt.votes))
		got := ""
		if ok {
			got = v.name() + " " + v.rate.String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"gpt-4", "gpt-4", true},
		{"gpt-4", "gpt-4o", false},
		{"*tts*", "gpt-4o-mini-tts", true},
		{"ft:*", "ft:gpt-4o", true},
		{"gpt-*-preview-2024*", "gpt-4o-audio-preview-2024-10-01", true},
		{"gpt-*-preview", "gpt-4o-previews", false},
		{"ab*ba", "aba", false},
	} {
		if got := matches(tt.pattern, tt.text); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.pattern, tt.text, got)
		}
	}
}

// A period asks only the tables of its own time, and none of the very day of a change.
func TestPeriodHolds(t *testing.T) {
	cut := time.Date(2026, 7, 30, 0, 0, 0, 0, time.UTC)
	before, after := period{to: cut}, period{from: cut}
	if !before.holds("2026-07-02") || before.holds("2026-08-01") || before.holds("2026-07-30") {
		t.Error("before")
	}
	if after.holds("2026-07-02") || !after.holds("2026-08-01") || after.holds("2026-07-30") {
		t.Error("after")
	}
	if p, ok := before.within(cut, time.Time{}); ok {
		t.Errorf("nothing of %v lies after its end", p)
	}
}

// A change of one rate is a change of one line, and kinds stand in the order of a bill.
func TestFormat(t *testing.T) {
	rate := func(text string) price.RateSpec {
		r, err := money.ParseRate(text)
		if err != nil {
			t.Fatal(err)
		}
		return price.RateSpec{Value: &r}
	}
	data, err := format(price.File{Schema: price.Schema, Provider: "acme", Sources: map[string]price.Source{}, Models: []price.Model{
		{ID: "m", Prices: []price.Entry{{Source: "s", Variant: price.Variant{Rates: price.Rates{
			price.Output: rate("15"), price.Input: rate("3"), price.CacheRead: {Rule: "tenth"},
		}}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"source": "s", "rates": {"input": "3", "cache_read": {"rule": "tenth"}, "output": "15"}}`
	if !strings.Contains(string(data), want) {
		t.Errorf("%s", data)
	}
}
