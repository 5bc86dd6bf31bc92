package ledger_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"breakeven/fact"
	"breakeven/ledger"
)

func term(value float64, unit string, kind fact.Kind) ledger.Term {
	return ledger.Term{Name: "x", Value: value, Unit: unit, Provenance: fact.Provenance{Kind: kind}}
}

// 8,000 × 70 % / 37.33 % = 15,001.34 to the cent.
func TestLine(t *testing.T) {
	l, err := ledger.NewLine("gpu", "GPU rental",
		[]ledger.Term{term(8000, "USD/month", fact.User), term(0.7, "share", fact.Assumed)},
		[]ledger.Term{term(0.3733, "share", fact.Measured)})
	if err != nil {
		t.Fatal(err)
	}
	if l.Amount.String() != "15,001.34" || l.Formula != "$8,000/month × 70 % / 37.33 %" {
		t.Errorf("%s = %s", l.Formula, l.Amount)
	}
	if l.Provenance.Kind != fact.Assumed {
		t.Errorf("a line is as good as its weakest term, not %s", l.Provenance.Kind)
	}
}

func TestLineRefusesWhatHasNoAmount(t *testing.T) {
	for name, terms := range map[string][2][]ledger.Term{
		"a divisor of zero": {{term(1, "", fact.User)}, {term(0, "", fact.User)}},
		"no number":         {{term(math.NaN(), "", fact.User)}, nil},
		"no end":            {{term(1e300, "", fact.User), term(1e300, "", fact.User)}, nil},
	} {
		if l, err := ledger.NewLine("x", "X", terms[0], terms[1]); err == nil {
			t.Errorf("%s gave %s", name, l.Amount)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234.5: "-1,234.5", 2.69: "2.69", 0.0455773: "0.0455773",
		1.0 / 3: "0.333333", 30.625912: "30.6259", 123456.789: "123,457", 1e-9: "0.000000001",
	} {
		if got := ledger.Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
}

// What is printed is what is added: to the cent, in any order, and over JSON.
func TestTotalsAreSumsOfPrintedLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []ledger.Line
		var cents ledger.Amount
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			l, err := ledger.NewLine("x", "X", []ledger.Term{term(rapid.Float64Range(-1e9, 1e9).Draw(t, "amount"), "USD", fact.User)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, l)
			cents += l.Amount
		}
		book := ledger.New(lines...)
		if book.Total != cents {
			t.Fatalf("total %s, lines add up to %s", book.Total, cents)
		}
		data, err := json.Marshal(book.Total)
		if err != nil {
			t.Fatal(err)
		}
		var back ledger.Amount
		if err := json.Unmarshal(data, &back); err != nil || back != book.Total {
			t.Fatalf("%s came back as %s, %v", data, back, err)
		}
		if strings.ReplaceAll(book.Total.String(), ",", "") != strings.TrimSuffix(string(data), ".00") {
			t.Fatalf("printed %s, on the wire %s", book.Total, data)
		}
	})
}
