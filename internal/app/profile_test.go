package app_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"breakeven/internal/app"
	"breakeven/money"
)

// However many names a log has, so many are kept and the parts are the whole: calls of 12,000 users at 0.018 dollars each
// (1,000 × 3 + 1,000 × 15 millionths), the first of whom makes three, are 12,002 × 0.018 = 216.036 dollars.
func TestSpendAddsUp(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,provider,model,input_tokens,output_tokens,user\n")
	row := func(i, user int) {
		fmt.Fprintf(&b, "2026-11-%02dT%02d:%02d:%02dZ,anthropic,claude-sonnet-4-6,1000,1000,u%d\n", 2+i/86400, i/3600%24, i/60%60, i%60, user)
	}
	for i := range 12_000 {
		row(i, i)
	}
	row(12_000, 0)
	row(12_001, 0)
	a, err := newApp().UsageProfile(app.ProfileRequest{Logs: []app.Source{text("log.csv", b.String())}})
	if err != nil {
		t.Fatal(err)
	}
	if a.Total == nil || a.Total.String() != "216.036" || !a.Complete || len(a.Spend) != 2 {
		t.Fatalf("total %v, complete %v, %d divisions", a.Total, a.Complete, len(a.Spend))
	}
	for _, s := range a.Spend {
		var sum money.Sum
		var calls int64
		share := 0.0
		for _, r := range s.Rows {
			if err := sum.AddSum(*r.Cost); err != nil {
				t.Fatal(err)
			}
			calls += r.Calls
			share += float64(*r.Share)
		}
		if sum != *a.Total || calls != 12_002 || math.Abs(share-1) > 1e-12 {
			t.Errorf("by %s: %s dollars of %d calls, shares of %g", s.By, sum, calls, share)
		}
	}
	users := a.Spend[1]
	if first, last := users.Rows[0], users.Rows[len(users.Rows)-1]; users.By != "user" || first.Name != "u0" || first.Calls != 3 || last.Others != 10_000-20+1 || len(users.Rows) != 21 {
		t.Errorf("by %s: first %+v, last %+v", users.By, first, last)
	}
	if !strings.Contains(strings.Join(a.Notes, "\n"), "more than 10,000 users: those that came later are added up as others (2,000 rows).") {
		t.Errorf("notes %q", a.Notes)
	}
}
