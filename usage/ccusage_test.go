package usage_test

import (
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

const ccusageParts = `"inputTokens":300,"outputTokens":30,"cacheCreationTokens":20,"cacheReadTokens":10,"totalTokens":360,"totalCost":0.75,"modelsUsed":["opus","haiku"],"modelBreakdowns":[` +
	`{"modelName":"opus","inputTokens":200,"outputTokens":20,"cacheCreationTokens":15,"cacheReadTokens":10,"cost":0.5},` +
	`{"modelName":"haiku","inputTokens":100,"outputTokens":10,"cacheCreationTokens":5,"cacheReadTokens":0,"cost":0.25}]`

// A report is split by its breakdowns, over the days that its list says.
func TestCcusage(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 8, d, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name, text       string
		start, end       time.Time
		session, project string
	}{
		{"a day", `{"daily":[{"date":"2026-08-19",` + ccusageParts + `}],"totals":{"inputTokens":300}}`, day(19), day(20), "", ""},
		{"a day called a period", `{"daily":[{` + ccusageParts + `,"period":"2026-08-19","agent":"all","metadata":{"agents":["x"]}}]}`, day(19), day(20), "", ""},
		{"a week", `{"weekly":[{"week":"2026-08-17",` + ccusageParts + `}]}`, day(17), day(24), "", ""},
		{"a month", `{"monthly":[{"month":"2026-08",` + ccusageParts + `}]}`, day(1), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), "", ""},
		{"a session", `{"sessions":[{"sessionId":"s","projectPath":"p","lastActivity":"2026-08-19",` + ccusageParts + `}]}`, day(19), day(20), "s", "p"},
		{"a session called a period", `{"session":[{"period":"session-a",` + ccusageParts + `,"metadata":{"lastActivity":"2026-08-19T12:00:00.000Z"}}]}`, day(19), day(20), "session-a", ""},
	} {
		calls, s := read(t, tt.text, usage.Options{})
		if s.Format != "ccusage" || len(calls) != 2 || s.Grain != usage.PerBucket || s.Faulty != 0 {
			t.Errorf("%s: %+v", tt.name, s)
			continue
		}
		for i, want := range []struct {
			model, cost string
			q           price.Quantities
		}{
			{"opus", "0.5", price.Quantities{price.Input: 200, price.CacheRead: 10, price.CacheWrite: 15, price.Output: 20}},
			{"haiku", "0.25", price.Quantities{price.Input: 100, price.CacheWrite: 5, price.Output: 10}},
		} {
			c := calls[i]
			if c.Model != want.model || c.Reported.USD.String() != want.cost || c.Requests.Known || !c.Start.Equal(tt.start) || !c.End.Equal(tt.end) || c.Session != tt.session || c.Project != tt.project {
				t.Errorf("%s: %+v", tt.name, c)
			}
			quantities(t, c.Quantities, want.q)
		}
	}
	// Without a breakdown a report of several models is of none.
	text := `{"daily":[{"date":"2026-08-19","inputTokens":300,"outputTokens":30,"cacheCreationTokens":20,"cacheReadTokens":10,"totalCost":0.75,"modelsUsed":["opus","haiku"]}]}`
	if c, s := one(t, text, usage.Options{}); c.Model != "" || c.Reported.USD.String() != "0.75" || !told(s, "Rows name no model") {
		t.Errorf("%+v; %q", c, s.Notes)
	}
	if c, _ := one(t, strings.Replace(text, `,"haiku"`, "", 1), usage.Options{}); c.Model != "opus" {
		t.Errorf("%+v", c)
	}
	_, s := read(t, strings.Replace(text, `"date":"2026-08-19"`, `"date":"soon"`, 1), usage.Options{})
	if s.Faulty != 1 || s.Faults[0].Field != "date" {
		t.Errorf("%+v", s)
	}
}

func FuzzReadCcusage(f *testing.F) {
	fuzzRead(f, "ccusage",
		`{"daily":[{"date":"2026-08-19",`+ccusageParts+`}]}`, `{"monthly":[{"month":"2026-13",`+ccusageParts+`}]}`,
		`{"session":[{"period":"session-a",`+ccusageParts+`,"metadata":{"lastActivity":"2026"}}]}`)
}

// FuzzReadAs reads anything as any format.
func FuzzReadAs(f *testing.F) {
	for i, seed := range []string{
		"{}", "[]", "a,b\n1,2\n", claudeSession, codexMeta + codexTurn, trapLiteLLM("a", `"prompt_tokens":5,"completion_tokens":1`), trapBedrock(`,"outputBodyJson":{"usage":{"cacheDetails":[{"ttl":"1h","inputTokens":900}]}}`),
		"Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,1,0.5,ChatGPT,472,18,490,Conversation log\n",
		azureHead + azureLine("08/09/2026", "GPT", "5.6 Sol cchd inp Gl 1M Tokens", "1e-3", "1M"), focusHead,
	} {
		f.Add(uint8(i), []byte(seed))
	}
	formats := usage.Formats()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		name := formats[int(which)%len(formats)].Name
		answers := new(usage.Answers)
		gathered := answers.Gather(0, "fuzz", strings.NewReader(string(data)), usage.Options{Format: name, MaxLine: 1 << 16})
		for _, o := range []usage.Options{{}, {Answers: answers}} {
			o.Format, o.MaxLine = name, 1<<16
			s, err := usage.Read("fuzz", strings.NewReader(string(data)), o, func(c *usage.Call) error { return c.Quantities.Check() })
			if s.Rows != s.Calls+s.Skipped+s.Faulty {
				t.Fatalf("%s: %+v", name, s)
			}
			if gathered != nil && err == nil {
				t.Fatalf("%s: gathering fails with %v, and reading does not", name, gathered)
			}
		}
	})
}
