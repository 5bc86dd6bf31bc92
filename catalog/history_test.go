package catalog_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/datafile"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

func history(t testing.TB) []registry.Log {
	t.Helper()
	logs, err := catalog.History()
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

const smallHistory = "" +
	"schema\tbreakeven/history/v1\n" +
	"source\tacme-table\n" +
	"title\tThe table of Acme\n" +
	"url\thttps://example.com/table\n" +
	"\n" +
	"2024-01-31T10:00:00Z\thttps://example.com/commit/1\n" +
	"\tacme\tm-1\tbatch.input=1.5\tinput=3\tinput>200000=6\tinput>=400000=7\n" +
	"\tacme\tm-1 b\toutput~00:30-16:30 UTC=0\n" +
	"2024-02-01T00:00:00Z\thttps://example.com/commit/2\n" +
	"\t\tm-1\tinput=2\n" +
	"\tacme\tm-1\tinput@..2024-03-01=3\tinput@2024-03-01..2024-04-01T16:00:00Z=2.5\n"

func TestReadHistory(t *testing.T) {
	l, err := catalog.ParseHistory("small.tsv", []byte(smallHistory))
	if err != nil {
		t.Fatal(err)
	}
	if want := (registry.Source{ID: "acme-table", Title: "The table of Acme", URL: "https://example.com/table"}); l.Source != want {
		t.Errorf("source %+v", l.Source)
	}
	var got []string
	for _, e := range l.Edits {
		rate := "none"
		if e.Rate != nil {
			rate = e.Rate.String()
		}
		got = append(got, e.At.Format(time.DateOnly)+" "+e.Key.String()+" "+rate+" "+e.Evidence[len(e.Evidence)-1:])
	}
	want := []string{
		"2024-01-31 acme/m-1 batch input 1.5 1",
		"2024-01-31 acme/m-1 input 3 1",
		"2024-01-31 acme/m-1 input above 200000 6 1",
		"2024-01-31 acme/m-1 input above 400000 7 1",
		"2024-01-31 acme/m-1 b output in 00:30-16:30 UTC 0 1",
		"2024-02-01 /m-1 input 2 2",
		"2024-02-01 acme/m-1 input 3 2",
		"2024-02-01 acme/m-1 input 2.5 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if e := l.Edits[3]; !e.Inclusive {
		t.Error("the boundary belongs to the rate")
	}
	span := price.Interval{From: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2024, 4, 1, 16, 0, 0, 0, time.UTC)}
	if e := l.Edits[7]; e.Effective != span {
		t.Errorf("effective %v", e.Effective)
	}
}

func TestHistoryFaultsSayWhere(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"another version", "history/v1", "history/v2", "line 1: schema"},
		{"a head out of order", "source\tacme-table\ntitle\tThe table of Acme\n", "title\tThe table of Acme\nsource\tacme-table\n", "line 2: title is not in its place"},
		{"an unknown head", "url\t", "link\t", "line 4: the head knows"},
		{"a head that never ends", smallHistory[strings.Index(smallHistory, "\n\n")+1:], "", "no empty line ends the head"},
		{"no title", "title\tThe table of Acme\nurl\thttps://example.com/table\n", "", "line 3: the head lacks"},
		{"an instant elsewhere", "2024-01-31T10:00:00Z", "2024-01-31T10:00:00+01:00", "line 6: a revision is"},
		{"no such instant", "2024-01-31T10:00:00Z", "2024-02-31T10:00:00Z", "line 6: a revision is"},
		{"no address", "https://example.com/commit/1", "commit 1", "line 6: \"commit 1\" is no address"},
		{"back in time", "2024-02-01", "2024-01-01", "line 9: earlier than the revision"},
		{"a revision twice", "2024-02-01T00:00:00Z\thttps://example.com/commit/2", "2024-01-31T10:00:00Z\thttps://example.com/commit/1", "line 9: the revision stands twice"},
		{"a revision of nothing", "\t\tm-1\tinput=2\n\tacme\tm-1\tinput@..2024-03-01=3\tinput@2024-03-01..2024-04-01T16:00:00Z=2.5\n", "", "changes nothing"},
		{"models out of order", "\t\tm-1", "\tzebra\tm-1", "line 11: acme/m-1 is not behind zebra/m-1"},
		{"a model twice", "\t\tm-1", "\tacme\tm-1", "line 11: acme/m-1 is not behind acme/m-1"},
		{"rates out of order", "batch.input=1.5\tinput=3", "input=3\tbatch.input=1.5", "line 7: batch.input is not in its place"},
		{"a rate twice", "batch.input=1.5", "batch.input=1.5\tbatch.input=1.5", "line 7: batch.input is not in its place"},
		{"no rate", "input=2", "input", "line 10: \"input\" is no rate"},
		{"an unknown kind", "input=2", "inputs=2", "line 10: inputs: unknown kind"},
		{"an unknown tier", "batch.input", "lunch.input", "line 7: lunch.input: unknown tier"},
		{"the standard tier", "batch.input", "standard.input", "line 7: standard.input: the standard tier"},
		{"no boundary", "input>200000", "input>2e5", "line 7: input>2e5: \"2e5\" is no number"},
		{"a negative rate", "input=2", "input=-2", "line 10: input:"},
		{"no day", "@..2024-03-01", "@..2024-03-32", "line 11: input@..2024-03-32"},
		{"no span", "@..2024-03-01", "@..", "line 11: input@..: \"..\" is no span"},
		{"a midnight spelled out", "@..2024-03-01", "@..2024-03-01T00:00:00Z", "line 11: input@..2024-03-01T00:00:00Z"},
		{"no hours", "~00:30-16:30 UTC", "~", "line 8: output~: no hours"},
		{"a tab at the end", "input=2\n", "input=2\t\n", "line 10: the line ends in a tab"},
		{"a line cut off", "T16:00:00Z=2.5\n", "T16:00:00Z=2.5", "line 11: the last line is cut off"},
		{"a line from elsewhere", "=2.5\n", "=2.5\r\n", "line 11: a character that is no text"},
	} {
		text := strings.Replace(smallHistory, tt.old, tt.new, 1)
		_, err := catalog.ParseHistory("small.tsv", []byte(text))
		if _, ok := errors.AsType[*datafile.Error](err); !ok || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "small.tsv: line ") {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// What is written is read back, and what cannot be is refused.
func TestFormatHistory(t *testing.T) {
	rate := func(text string) *money.Rate {
		r, err := money.ParseRate(text)
		if err != nil {
			t.Fatal(err)
		}
		return &r
	}
	at := time.Date(2024, 1, 31, 10, 0, 0, 0, time.UTC)
	edit := func(model string, kind price.Kind, r *money.Rate) registry.Edit {
		return registry.Edit{
			Source: "s", At: at, Rate: r, Evidence: "https://example.com/1",
			Key: registry.Key{Provider: "acme", Model: model, Tier: registry.Standard, Kind: registry.KindOf(kind)},
		}
	}
	l := registry.Log{Source: registry.Source{ID: "s", Title: "S", Group: "g"}, Edits: []registry.Edit{
		edit("b", price.Output, nil), edit("a", price.Output, rate("12.000001")), edit("a", price.CacheRead, rate("0")),
	}}
	const want = "schema\tbreakeven/history/v1\nsource\ts\ntitle\tS\ngroup\tg\n\n" +
		"2024-01-31T10:00:00Z\thttps://example.com/1\n\tacme\ta\tcache_read=0\toutput=12.000001\n\tacme\tb\toutput=-\n"
	got, err := catalog.FormatHistory(l)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	for _, broken := range []func(*registry.Edit){
		func(e *registry.Edit) { e.Model = "a\tb" },
		func(e *registry.Edit) { e.Model = "" },
		func(e *registry.Edit) { e.Route = "us" },
		func(e *registry.Edit) { e.Source = "another" },
		func(e *registry.Edit) { e.Evidence = "HEAD" },
		func(e *registry.Edit) { e.Kind = "hats" },
	} {
		l := registry.Log{Source: l.Source, Edits: slices.Clone(l.Edits)}
		broken(&l.Edits[0])
		if _, err := catalog.FormatHistory(l); err == nil {
			t.Errorf("%+v was written", l.Edits[0])
		}
	}
}

// The embedded logs are what their reader writes, and each edit changes something: what a source takes back it stated,
// and what it states it did not state already.
func TestShippedHistoryFollows(t *testing.T) {
	logs := history(t)
	for _, l := range logs {
		stated := map[registry.Key]map[time.Time]registry.Edit{}
		for _, e := range l.Edits {
			before, known := stated[e.Key][e.Effective.From]
			switch {
			case e.Rate == nil && !known:
				t.Fatalf("%s: %s takes back %s, which is not stated", l.Source.ID, e.At, e.Key)
			case e.Rate == nil:
				delete(stated[e.Key], e.Effective.From)
				continue
			case known && *before.Rate == *e.Rate && before.Effective == e.Effective:
				t.Fatalf("%s: %s repeats %s", l.Source.ID, e.At, e.Key)
			case stated[e.Key] == nil:
				stated[e.Key] = map[time.Time]registry.Edit{}
			}
			stated[e.Key][e.Effective.From] = e
		}
		for _, r := range registry.Stated(l.Edits) {
			if !r.Recorded.To.IsZero() && !r.Recorded.From.Before(r.Recorded.To) {
				t.Errorf("%s: %s is stated for no time at all on %s", l.Source.ID, r.Key, r.Recorded.From)
			}
		}
		data, err := catalog.FormatHistory(l)
		if err != nil {
			t.Fatal(err)
		}
		again, err := catalog.ParseHistory(l.Source.ID, data)
		if err != nil || len(again.Edits) != len(l.Edits) {
			t.Errorf("%s: %d edits of %d are read back, %v", l.Source.ID, len(again.Edits), len(l.Edits), err)
		}
	}
}

// Prices that vendors charged on a day, per million tokens, as every table's log tells them.
func TestShippedHistoryHasKnownPrices(t *testing.T) {
	logs := history(t)
	for _, tt := range []struct {
		source, provider, model string
		kind                    price.Kind
		day, want               string
	}{
		{"litellm", "openai", "gpt-4", price.Input, "2023-10-01", "30"},
		{"litellm", "openai", "gpt-4", price.Output, "2023-10-01", "60"},
		{"litellm", "openai", "gpt-3.5-turbo", price.Input, "2023-10-01", "1.5"},
		{"litellm", "openai", "o3", price.Input, "2025-06-01", "10"},
		{"litellm", "openai", "o3", price.Input, "2025-07-01", "2"},
		{"models.dev", "openai", "o3", price.Output, "2025-07-01", "8"},
		{"langfuse", "", "o3", price.Output, "2025-06-01", "40"},
		{"langfuse", "", "o3", price.Output, "2025-07-01", "8"},
		{"genai-prices", "openai", "gpt-5.6-luna", price.Input, "2026-07-20", "1"},
		{"genai-prices", "openai", "gpt-5.6-luna", price.Input, "2026-08-01", "0.2"},
		{"genai-prices", "anthropic", "claude-sonnet-4-5", price.WebSearch, "2026-08-01", "10000"},
		{"genai-prices", "perplexity", "sonar", price.Request, "2026-08-01", "12000"},
		{"portkey", "openai", "gpt-5.6-luna", price.Output, "2026-07-20", "6"},
		{"portkey", "openai", "gpt-5.6-luna", price.Output, "2026-08-01", "1.2"},
		{"portkey", "openai", "gpt-5.4-mini-2026-03-17", price.WebSearch, "2026-05-01", "10000"},
		{"portkey", "anthropic", "claude-opus-4-5", price.CacheWrite1h, "2026-08-20", "10"},
	} {
		i := slices.IndexFunc(logs, func(l registry.Log) bool { return l.Source.ID == tt.source })
		if i < 0 {
			t.Fatalf("no log of %s", tt.source)
		}
		day, err := time.Parse(time.DateOnly, tt.day)
		if err != nil {
			t.Fatal(err)
		}
		key := registry.Key{Provider: tt.provider, Model: tt.model, Tier: registry.Standard, Kind: registry.KindOf(tt.kind)}
		got := ""
		for _, r := range registry.Stated(logs[i].Edits) {
			if r.Key == key && r.Recorded.Contains(day) && r.Effective.Contains(day) {
				got += r.Rate.String()
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s on %s: %q, want %s", tt.source, key, tt.day, got, tt.want)
		}
	}
}

func FuzzParseHistory(f *testing.F) {
	f.Add([]byte(smallHistory))
	f.Add([]byte("schema\tbreakeven/history/v1\nsource\ts\ntitle\tT\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := catalog.ParseHistory("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("%v is no fault of a file", err)
			}
			return
		}
		first, err := catalog.FormatHistory(l)
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		again, err := catalog.ParseHistory("again", first)
		if err != nil || len(again.Edits) != len(l.Edits) {
			t.Fatalf("written and not read: %v", err)
		}
		if second, err := catalog.FormatHistory(again); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

func BenchmarkHistory(b *testing.B) {
	n := 0
	for b.Loop() {
		n = 0
		for _, l := range history(b) {
			n += len(l.Edits)
		}
	}
	b.ReportMetric(float64(n), "edits")
}
