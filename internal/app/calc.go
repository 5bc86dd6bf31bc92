package app

import (
	"fmt"
	"math"
	"time"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

// CalcRequest is the full calculator's input: a model and an average call.
type CalcRequest struct {
	Model       string  // provider/model
	Input       int64   // tokens of a call, cached ones included
	Output      int64   // tokens, reasoning included
	CallsPerDay float64 // may be a fraction
	CachedShare float64 // share of the input tokens that the cache serves
	BatchShare  float64 // share of the calls that go to the batch tier
	Tier        price.Tier
}

// CalcAnswer is what the calls cost over four spans, exactly.
type CalcAnswer struct {
	Stamp    Stamp      `json:"stamp"`
	Provider string     `json:"provider"`
	Model    string     `json:"model"`
	Name     string     `json:"name"`
	Loose    bool       `json:"matched_loosely,omitempty" doc:"A date or version was dropped from the identifier to find the model."`
	PerCall  money.USD  `json:"per_call_usd" doc:"The mean call, batch and standard mixed, rounded to a nano-dollar."`
	PerDay   money.USD  `json:"per_day_usd" doc:"A year over 365."`
	PerMonth money.USD  `json:"per_month_usd" doc:"A year over 12."`
	PerYear  money.USD  `json:"per_year_usd" doc:"365 days of calls."`
	Lines    []CalcLine `json:"lines" nullable:"false" doc:"A year's tokens by kind and tier."`
	Complete bool       `json:"complete"`
	Missing  []string   `json:"missing" nullable:"false"`
	Notes    []string   `json:"notes" nullable:"false"`
}

// CalcLine is one kind of a year's bill.
type CalcLine struct {
	Kind       price.Kind      `json:"kind"`
	As         price.Kind      `json:"billed_as" doc:"Another kind where the vendor bills this one at its rate."`
	Tier       price.Tier      `json:"tier"`
	PerYear    int64           `json:"per_year" doc:"Tokens in a year."`
	Rate       money.Rate      `json:"usd_per_million"`
	Amount     money.Sum       `json:"per_year_usd"`
	Provenance fact.Provenance `json:"provenance"`
}

// daysPerYear and monthsPerYear divide a year's bill.
const (
	daysPerYear   = 365
	monthsPerYear = 12
)

// Calc prices a year of equal calls. Counting a year first keeps the arithmetic in whole calls and whole
// tokens; a day, a month and a call are that year divided, each rounded once.
func (a *App) Calc(r CalcRequest) (CalcAnswer, error) {
	if err := checkCalc(r); err != nil {
		return CalcAnswer{}, err
	}
	stamp, err := a.Stamp()
	if err != nil {
		return CalcAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return CalcAnswer{}, err
	}
	calls := int64(math.RoundToEven(r.CallsPerDay * daysPerYear))
	batch := int64(math.RoundToEven(float64(calls) * r.BatchShare))
	cached := int64(math.RoundToEven(float64(r.Input) * r.CachedShare))
	call := price.Quantities{price.Input: r.Input - cached, price.CacheRead: cached, price.Output: r.Output, price.Request: 1}
	answer := CalcAnswer{Stamp: stamp, Complete: true, Missing: []string{}, Notes: []string{}, Lines: []CalcLine{}}
	var year money.Sum
	for _, part := range []struct {
		tier price.Tier
		n    int64
	}{{r.Tier, calls - batch}, {price.Batch, batch}} {
		sheet, match, err := book.Sheet(price.Query{Model: r.Model, Tier: part.tier}, a.Now(), time.Time{})
		if err != nil {
			return answer, err
		}
		answer.Provider, answer.Model, answer.Loose = match.Provider, match.Model, match.Loose
		if part.n == 0 {
			continue
		}
		if match.Tier != part.tier {
			answer.Notes = append(answer.Notes, fmt.Sprintf("%s has no %s price on record: those calls are priced as standard.", match.Model, part.tier))
		}
		quantities := call
		for k := range quantities {
			if quantities[k] > math.MaxInt64/part.n {
				return answer, &decide.FieldError{Field: "calls_per_day", Value: fmt.Sprint(r.CallsPerDay), Problem: "makes more tokens a year than can be counted"}
			}
			quantities[k] *= part.n
		}
		// The band is that of one call, not of a year of them.
		quote, err := sheet.Ref(call.InputTokens(), a.Now()).Quote(&quantities)
		if err != nil {
			return answer, err
		}
		if err := year.AddSum(quote.Total); err != nil {
			return answer, err
		}
		for _, l := range quote.Lines {
			answer.Lines = append(answer.Lines, CalcLine{Kind: l.Kind, As: l.As, Tier: match.Tier, PerYear: l.Quantity, Rate: l.Rate, Amount: l.Amount, Provenance: l.Provenance})
		}
		for _, k := range quote.Missing {
			answer.Complete = false
			answer.Missing = append(answer.Missing, k.Label())
		}
	}
	answer.Name = a.modelName(answer.Provider, answer.Model)
	if answer.PerYear, err = year.USD(); err != nil {
		return answer, err
	}
	answer.PerMonth = answer.PerYear.Over(monthsPerYear)
	answer.PerDay = answer.PerYear.Over(daysPerYear)
	if calls > 0 {
		answer.PerCall = answer.PerYear.Over(calls)
	}
	return answer, nil
}

func checkCalc(r CalcRequest) error {
	for _, f := range []struct {
		field    string
		v        float64
		min, max float64
	}{
		{"input", float64(r.Input), 0, 1e9}, {"output", float64(r.Output), 0, 1e9}, {"calls_per_day", r.CallsPerDay, 1.0 / daysPerYear, 1e12},
		{"cached_share", r.CachedShare, 0, 1}, {"batch_share", r.BatchShare, 0, 1},
	} {
		if math.IsNaN(f.v) || f.v < f.min || f.v > f.max {
			return &decide.FieldError{Field: f.field, Value: fmt.Sprint(f.v), Problem: fmt.Sprintf("must lie between %s and %s", ledger.Number(f.min), ledger.Number(f.max))}
		}
	}
	if r.Model == "" {
		return &decide.FieldError{Field: "model", Problem: "is missing", Hint: "name provider/model, as in anthropic/claude-sonnet-4-6"}
	}
	return nil
}
