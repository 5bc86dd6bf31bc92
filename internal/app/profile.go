package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/unit"
	"breakeven/usage"
	"breakeven/workload"
)

// ProfileRequest asks what a workload is like.
type ProfileRequest struct {
	Logs    []Source
	Options usage.Options
	Strict  bool // a missing price is an error
}

// ProfileAnswer is what a workload is like, and who spends on it.
type ProfileAnswer struct {
	Stamp     Stamp              `json:"stamp"`
	Files     []usage.Summary    `json:"files" nullable:"false"`
	Character workload.Character `json:"workload"`
	Level     string             `json:"level" doc:"The resolution in words."`
	Total     *money.Sum         `json:"usd,omitempty" doc:"What the log's calls cost at the prices in force; a lower bound where complete is false, and absent where nothing has a price."`
	Complete  bool               `json:"complete" doc:"Whether every call has a price."`
	Spend     []Spend            `json:"spend" nullable:"false" doc:"By model, project and user, as far as the log names them."`
	Missing   []MissingPrice     `json:"missing" nullable:"false"`
	Notes     []string           `json:"notes" nullable:"false"`
}

// Spend is how the cost divides.
type Spend struct {
	By   string       `json:"by" enum:"model,project,user"`
	Rows []SpendShare `json:"rows" nullable:"false" doc:"The dearest first."`
}

// SpendShare is the part of one model, project or user.
type SpendShare struct {
	Name     string      `json:"name" doc:"Empty of calls that name none."`
	Others   int         `json:"others,omitempty" doc:"The row adds up so many smaller ones or more, and has no name."`
	Calls    int64       `json:"rows" doc:"Rows of the log."`
	Input    int64       `json:"input_tokens"`
	Output   int64       `json:"output_tokens"`
	Cost     *money.Sum  `json:"usd,omitempty" doc:"A lower bound where complete is false, and absent where nothing has a price."`
	Share    *unit.Share `json:"share,omitempty" doc:"Of everything that has a price."`
	Complete bool        `json:"complete"`
}

// The dimensions of spend, how many names of each are kept apart, and how many are shown.
var spendBy = [...]warehouse.Dimension{warehouse.Model, warehouse.Project, warehouse.User}

const (
	maxNames = 10_000
	maxSpend = 20
)

// profiling is the sink of one pass.
type profiling struct {
	builder workload.Builder
	prices  *pricer
	names   [len(spendBy)]map[string]*UsageRow
	rest    [len(spendBy)]*UsageRow // of names beyond those kept apart
	// late are rows of names that came when as many as are kept had come.
	late [len(spendBy)]int64
}

// UsageProfile reads logs, in one pass, and says what their workload is like.
func (a *App) UsageProfile(r ProfileRequest) (ProfileAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return ProfileAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return ProfileAnswer{}, err
	}
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	sink, files, err := read(r.Logs, o, func() *profiling {
		p := &profiling{prices: newPricer(book, a.Now())}
		for i := range p.names {
			p.names[i] = map[string]*UsageRow{}
		}
		return p
	}, func(p *profiling, c *usage.Call) error { return p.add(c) })
	if err != nil {
		return ProfileAnswer{}, err
	}
	sink.prices.leaveOut(files)
	character := sink.builder.Character()
	answer := ProfileAnswer{Stamp: stamp, Files: files, Character: character, Level: character.Profile.Resolution.Text(), Spend: []Spend{}, Notes: []string{}}
	bill, err := sink.prices.bill()
	if err != nil {
		return answer, err
	}
	answer.Complete, answer.Missing = bill.Complete, bill.Missing
	if len(bill.Lines) > 0 {
		answer.Total = &bill.Total
	}
	for i := range spendBy {
		s, err := sink.spend(i, bill.Total)
		if err != nil {
			return answer, err
		}
		if len(s.Rows) > 0 {
			answer.Spend = append(answer.Spend, s)
		}
		if n := sink.late[i]; n > 0 {
			answer.Notes = append(answer.Notes, fmt.Sprintf("The log names more than %s: those that came later are added up as others (%s).", ledger.Count(maxNames, spendBy[i].String()), ledger.Count(n, "row")))
		}
	}
	answer.Notes = append(answer.Notes, character.Profile.Notes...)
	answer.Notes = append(answer.Notes, bill.Notes...)
	answer.Notes = sentences(append(answer.Notes, fileNotes(files)...))
	if r.Strict && !answer.Complete {
		return answer, &KindError{Kind: Incomplete, Err: fmt.Errorf("there is no price for %s", strings.Join(missingNames(bill), ", "))}
	}
	return answer, nil
}

// add counts a call.
func (p *profiling) add(c *usage.Call) error {
	p.builder.Add(c)
	g := warehouse.One(c, nil)
	ref, priced, err := p.prices.addGroup(&g)
	if err != nil {
		return err
	}
	for i, by := range spendBy {
		row := p.row(i, warehouse.Value(by, c))
		if err := row.add(&g, ref, priced); err != nil {
			return err
		}
	}
	return nil
}

// row is where a name's calls are counted.
func (p *profiling) row(i int, name string) *UsageRow {
	if row := p.names[i][name]; row != nil {
		return row
	}
	fresh := UsageRow{}
	if len(p.names[i]) < maxNames {
		// The name may be a slice of a longer text, which is not kept for it.
		p.names[i][strings.Clone(name)] = &fresh
		return &fresh
	}
	p.late[i]++
	if p.rest[i] == nil {
		p.rest[i] = &fresh
	}
	return p.rest[i]
}

// spend divides the total by a dimension; it has no rows where the log names nothing.
func (p *profiling) spend(i int, total money.Sum) (Spend, error) {
	s := Spend{By: spendBy[i].String()}
	if _, unnamed := p.names[i][""]; len(p.names[i]) == 0 || len(p.names[i]) == 1 && unnamed {
		return s, nil
	}
	whole := dollars(total)
	for name, row := range p.names[i] {
		if err := row.finish(); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, SpendShare{Name: name, Calls: row.Calls, Input: row.Input, Output: row.Output, Cost: row.Cost, Complete: row.Complete})
	}
	slices.SortFunc(s.Rows, func(x, y SpendShare) int {
		return cmp.Or(cmp.Compare(y.worth(), x.worth()), cmp.Compare(y.Input+y.Output, x.Input+x.Output), cmp.Compare(x.Name, y.Name))
	})
	var rest *SpendShare
	put := func(r SpendShare) error {
		if rest == nil {
			rest = &SpendShare{Complete: true}
		}
		rest.Others++
		rest.Calls, rest.Input, rest.Output = rest.Calls+r.Calls, rest.Input+r.Input, rest.Output+r.Output
		rest.Complete = rest.Complete && r.Complete
		if r.Cost == nil {
			return nil
		}
		if rest.Cost == nil {
			rest.Cost = new(money.Sum)
		}
		return rest.Cost.AddSum(*r.Cost)
	}
	if len(s.Rows) > maxSpend {
		for _, r := range s.Rows[maxSpend:] {
			if err := put(r); err != nil {
				return s, err
			}
		}
		s.Rows = s.Rows[:maxSpend]
	}
	if row := p.rest[i]; row != nil {
		if err := row.finish(); err != nil {
			return s, err
		}
		if err := put(SpendShare{Calls: row.Calls, Input: row.Input, Output: row.Output, Cost: row.Cost, Complete: row.Complete}); err != nil {
			return s, err
		}
	}
	if rest != nil {
		s.Rows = append(s.Rows, *rest)
	}
	for j := range s.Rows {
		if r := &s.Rows[j]; r.Cost != nil && whole > 0 {
			share := unit.Share(dollars(*r.Cost) / whole)
			r.Share = &share
		}
	}
	return s, nil
}

// worth is what to sort by: a cost in dollars, which is below zero where there is no price.
func (r SpendShare) worth() float64 {
	if r.Cost == nil {
		return -1
	}
	return dollars(*r.Cost)
}
