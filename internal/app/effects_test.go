package app_test

import (
	"testing"

	"breakeven/internal/app"
)

// acme sells one model. Its price was cut on 13 March, with a long-context band that was not there before, and raised
// on 1 April; batches are half.
const acme = `{
  "schema": "breakeven/prices/v1", "provider": "acme", "name": "Acme",
  "sources": {"page": {"kind": "published", "title": "Acme price page", "date": "2026-04-01"}},
  "rules": {
    "half": {"kind": "derived", "text": "batch is half", "times": "0.5"},
    "double": {"kind": "published", "text": "peak hours cost twice as much", "times": "2"}
  },
  "models": [{"id": "road-runner", "prices": [
    {"to": "2026-03-13T00:00:00Z", "source": "page", "rates": {"input": "6", "output": "30"}, "tiers": {"batch": {"rule": "half"}}},
    {"from": "2026-03-13T00:00:00Z", "to": "2026-04-01T00:00:00Z", "source": "page", "rates": {"input": "3", "output": "15"},
     "bands": [{"above": 200000, "rates": {"input": "9", "output": "45"}}], "tiers": {"batch": {"rule": "half"}}},
    {"from": "2026-04-01T00:00:00Z", "source": "page", "rates": {"input": "4", "output": "20"},
     "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "22:00", "to": "02:00", "rule": "double"}], "tiers": {"batch": {"rule": "half"}}}
  ]}]}`

// What each change did is the same calls at the price in force less the price before, by hand:
//
//	13 March, standard: 1 M x $3 + 0.1 M x $15 = 4.50 in place of 1 M x $6 + 0.1 M x $30 = 9.00; and the long call,
//	    300,000 tokens above 200,000: 0.3 M x $9 = 2.70 in place of 0.3 M x $6 = 1.80. Together 7.20 - 10.80 = -3.60.
//	13 March, batch: 2 M x $1.50 = 3.00 in place of 2 M x $3 = 6.00: -3.00.
//	1 April: 0.2 M x $4 = 0.80 in place of 0.2 M x $3, and at 23:00 on a Wednesday 0.2 M x $8 in place of 0.2 M x $3:
//	    2.40 - 1.20 = +1.20.
//
// Calls before the first change are in no effect.
func TestWhatPriceChangesDid(t *testing.T) {
	a := newApp().WithPrices(map[string][]byte{"acme.json": []byte(acme)})
	report, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{text("log.csv", `time,model,input_tokens,output_tokens,tier
2026-03-01T10:00:00Z,acme/road-runner,5000000,0,standard
2026-03-14T10:00:00Z,acme/road-runner,100000,100000,standard
2026-03-14T10:00:01Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:02Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:03Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:04Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:05Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:06Z,acme/road-runner,150000,0,standard
2026-03-14T10:00:07Z,acme/road-runner,300000,0,standard
2026-03-15T10:00:00Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:01Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:02Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:03Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:04Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:05Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:06Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:07Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:08Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:09Z,acme/road-runner,190000,0,batch
2026-03-15T10:00:10Z,acme/road-runner,100000,0,batch
2026-04-01T12:00:00Z,acme/road-runner,200000,0,standard
2026-04-01T23:00:00Z,acme/road-runner,200000,0,standard
`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"The 13 March 2026 cut of acme/road-runner saved you $3.60.",
		"The 13 March 2026 cut of acme/road-runner (batch) saved you $3.",
		"The 1 April 2026 rise of acme/road-runner cost you $1.20 more.",
	}
	if len(report.Changes) != len(want) {
		t.Fatalf("%d changes: %+v", len(report.Changes), report.Changes)
	}
	for i, c := range report.Changes {
		if c.Text != want[i] || !c.Complete {
			t.Errorf("change %d: %s; want %s", i, c.Text, want[i])
		}
		back := c.Before
		if err := back.AddSum(c.Effect); err != nil || back != c.Cost {
			t.Errorf("%s + %s is not %s", c.Before, c.Effect, c.Cost)
		}
	}
}

// A log that lies behind every change has none to tell of.
func TestNoPriceChangeInTheLog(t *testing.T) {
	a := newApp().WithPrices(map[string][]byte{"acme.json": []byte(acme)})
	report, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{text("log.csv", "time,model,input_tokens,output_tokens\n2026-05-01T10:00:00Z,acme/road-runner,1,1\n2026-05-02T10:00:00Z,acme/road-runner,1,1\n")}})
	if err != nil || len(report.Changes) != 0 {
		t.Errorf("%+v, %v", report.Changes, err)
	}
}
