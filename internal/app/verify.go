package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"breakeven/price"
	"breakeven/registry"
)

// DefaultMaxAge is how old a reading may be that verifies a rate.
const DefaultMaxAge = 7 * 24 * time.Hour

// boards keeps the last board that was made: every question about verification looks at the whole of it.
type boards struct {
	mu   sync.Mutex
	at   time.Time
	rows *board
}

// board is our rates in force and what the sources say of them.
type board struct {
	rates, machines []registry.Row

	lists sync.Mutex
	rows  map[bool][]PriceRow // the price list: with every route and tier, or without
}

// row is the row of a rate of the price book.
func (b *board) row(k registry.Key) (*registry.Row, bool) {
	i, ok := slices.BinarySearchFunc(b.rates, k, func(r registry.Row, k registry.Key) int { return r.Key.Compare(k) })
	if !ok {
		return nil, false
	}
	return &b.rates[i], true
}

// boardFresh is how long a board is kept: what is in force changes by the hour at most.
const boardFresh = time.Minute

// board compares the book and the offers with what the sources say at an instant, as was known at another.
func (a *App) board(s *shelf, at, known time.Time) (*board, error) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if age := at.Sub(s.board.at); s.board.rows != nil && known.IsZero() && age >= 0 && age < boardFresh {
		return s.board.rows, nil
	}
	market, err := a.market()
	if err != nil {
		return nil, err
	}
	b := &board{
		rates:    registry.Board(registry.BookRates(s.book, at, known), s.view, at, known),
		machines: registry.Board(registry.OfferRates(market), s.view, at, known),
	}
	if known.IsZero() {
		s.board.at, s.board.rows = at, b
	}
	return b, nil
}

// VerifyRequest asks how far rates are confirmed.
type VerifyRequest struct {
	Provider  string // one vendor; empty for all
	Model     string // one model of the vendor
	KnownAsOf time.Time
	MaxAge    time.Duration // zero for [DefaultMaxAge]
	Rates     bool          // list the rates, not only their counts
}

// VerifyAnswer is how far rates are confirmed.
type VerifyAnswer struct {
	Stamp      Stamp                   `json:"stamp"`
	Registry   RegistryStamp           `json:"registry"`
	KnownAsOf  *time.Time              `json:"known_as_of,omitempty"`
	MaxAgeDays int                     `json:"max_age_days" doc:"An older reading verifies nothing."`
	Verified   int                     `json:"vendors_verified"`
	Of         int                     `json:"vendors"`
	Vendors    []registry.Verification `json:"verification" nullable:"false" doc:"Who sells tokens."`
	Machines   []registry.Verification `json:"machines" nullable:"false" doc:"Who rents machines out."`
	Sources    []PriceSource           `json:"sources" nullable:"false"`
	Rates      []registry.Row          `json:"rates,omitempty" doc:"Each rate, with who agrees and who differs."`
}

// Verify tells how far rates are confirmed by independent sources, and which source differs from which.
func (a *App) Verify(ctx context.Context, r VerifyRequest) (VerifyAnswer, error) {
	stamp, s, err := a.stamped(ctx)
	if err != nil {
		return VerifyAnswer{}, err
	}
	age := r.MaxAge
	if age <= 0 {
		age = DefaultMaxAge
	}
	now := a.Now()
	if !r.KnownAsOf.IsZero() {
		now = r.KnownAsOf // how it stood then
	}
	b, err := a.board(s, now, r.KnownAsOf)
	if err != nil {
		return VerifyAnswer{}, err
	}
	answer := VerifyAnswer{
		Stamp: stamp, Registry: s.stamp, KnownAsOf: optional(r.KnownAsOf), MaxAgeDays: int(math.Ceil(age.Hours() / 24)), Sources: s.sources,
		Vendors: registry.Verify(b.rates, now, age), Machines: registry.Verify(b.machines, now, age),
	}
	for _, v := range answer.Vendors {
		if answer.Of++; v.OK {
			answer.Verified++
		}
	}
	rows := slices.Concat(b.rates, b.machines)
	if r.Provider == "" {
		if r.Rates {
			answer.Rates = rows
		}
		return answer, nil
	}
	provider, model, err := a.verified(r, b)
	if err != nil {
		return VerifyAnswer{}, err
	}
	of := func(v registry.Verification) bool { return v.Provider != provider }
	answer.Vendors, answer.Machines = slices.DeleteFunc(answer.Vendors, of), slices.DeleteFunc(answer.Machines, of)
	answer.Rates = slices.DeleteFunc(rows, func(row registry.Row) bool { return row.Provider != provider || model != "" && row.Model != model })
	return answer, nil
}

// verified finds the vendor and the model that a request names.
func (a *App) verified(r VerifyRequest, b *board) (provider, model string, err error) {
	if r.Model != "" {
		book, err := a.book()
		if err != nil {
			return "", "", err
		}
		match, err := book.Find(price.Query{Provider: r.Provider, Model: r.Model})
		return match.Provider, match.Model, err
	}
	if slices.ContainsFunc(b.machines, func(row registry.Row) bool { return row.Provider == strings.ToLower(r.Provider) }) {
		return strings.ToLower(r.Provider), "", nil
	}
	book, err := a.book()
	if err != nil {
		return "", "", err
	}
	f, err := book.Provider(r.Provider)
	if err != nil {
		return "", "", err
	}
	return f.Provider, "", nil
}

func (a *App) stamped(ctx context.Context) (Stamp, *shelf, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return stamp, nil, err
	}
	s, err := a.shelf(ctx)
	return stamp, s, err
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ReviewItem is a rate that a person has to look at.
type ReviewItem struct {
	registry.Row

	Reason string `json:"reason" enum:"tie,outlier,book" doc:"Sources tie; one is ten times apart; or they agree on another rate than the book holds."`
	Do     string `json:"do" doc:"What to do."`
}

// ReviewAnswer is the queue of what a person has to look at.
type ReviewAnswer struct {
	Stamp    Stamp          `json:"stamp"`
	Registry RegistryStamp  `json:"registry"`
	Counts   map[string]int `json:"counts" doc:"How many there are, by reason."`
	Queue    []ReviewItem   `json:"queue" nullable:"false"`
}

// Review lists the rates that a person has to look at: none of the values in question is used silently.
func (a *App) Review(ctx context.Context, provider string, knownAsOf time.Time) (ReviewAnswer, error) {
	stamp, s, err := a.stamped(ctx)
	if err != nil {
		return ReviewAnswer{}, err
	}
	now := a.Now()
	if !knownAsOf.IsZero() {
		now = knownAsOf
	}
	b, err := a.board(s, now, knownAsOf)
	if err != nil {
		return ReviewAnswer{}, err
	}
	answer := ReviewAnswer{Stamp: stamp, Registry: s.stamp, Counts: map[string]int{}, Queue: []ReviewItem{}}
	for _, row := range slices.Concat(b.rates, b.machines) {
		if provider != "" && !strings.EqualFold(row.Provider, provider) {
			continue
		}
		item := ReviewItem{Row: row}
		switch {
		case row.Decision.Outcome == registry.Undecided:
			item.Reason, item.Do = "tie", "read the vendor's page and record it as evidence"
		case row.Decision.Outlier:
			item.Reason, item.Do = "outlier", "look whether the source mixed units up; its value is not used"
		case row.Differs && row.Decision.Verified:
			item.Reason, item.Do = "book", fmt.Sprintf("the book holds %s: compare the dates of both", row.Rate)
		default:
			continue
		}
		answer.Counts[item.Reason]++
		answer.Queue = append(answer.Queue, item)
	}
	return answer, nil
}
