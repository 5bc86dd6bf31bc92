package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

type pricesCmd struct {
	List    pricesListCmd    `cmd:"" help:"List the models of the price book with their rates in force."`
	Show    pricesShowCmd    `cmd:"" help:"Show every sheet of a model: tiers, routes, intervals, evidence."`
	Quote   pricesQuoteCmd   `cmd:"" help:"Price a vendor's response body exactly."`
	Derived pricesDerivedCmd `cmd:"" help:"List the rates that no vendor publishes, each with the rule that gives it."`

	Sync     pricesSyncCmd     `cmd:"" help:"Read the price sources and record what they say in the registry database."`
	History  pricesHistoryCmd  `cmd:"" help:"Show what was ever stated of a model's rates, by whom and from when on."`
	Changes  pricesChangesCmd  `cmd:"" help:"Show the changelog: what sources were seen to state differently, and what that means."`
	Verify   pricesVerifyCmd   `cmd:"" help:"Show how far rates are confirmed by independent sources, and who differs from whom."`
	Review   pricesReviewCmd   `cmd:"" help:"List the rates that a person has to look at."`
	Snapshot pricesSnapshotCmd `cmd:"" help:"List the snapshots of the sources, or show what one states."`
	Audit    pricesAuditCmd    `cmd:"" help:"Recompute all that the registry database claims: its chain, its snapshots, its facts."`
	Export   pricesExportCmd   `cmd:"" help:"Write every rate in force with its evidence and what the sources say of it."`
}

type pricesDerivedCmd struct {
	Text     string `arg:"" optional:"" help:"Only models whose name contains this."`
	Provider string `help:"Only this provider." placeholder:"NAME"`
}

func (c pricesDerivedCmd) Run(r run) error {
	rows, err := r.app.DerivedRates(r.ctx, c.Provider, c.Text)
	if err != nil {
		return err
	}
	return r.print(rows, func(w io.Writer) {
		t := table{right: []bool{false, false, true, false}}
		t.row("model", "rate", "per million", "kind", "why")
		t.rule()
		for _, d := range rows {
			name := d.Kind.Label()
			if d.Tier != price.Standard {
				name = d.Tier.String() + " " + name
			}
			t.row(d.Provider+"/"+d.Model, name, d.Rate.String(), string(d.Provenance.Kind), d.Provenance.Rule)
		}
		t.write(w)
		fmt.Fprintf(w, "\n%s; a derived rate follows its base when that moves, an inferred one is convention\n", ledger.Count(len(rows), "rate"))
	})
}

type pricesListCmd struct {
	Text     string `arg:"" optional:"" help:"Only models whose name contains this."`
	Provider string `help:"Only this provider." placeholder:"NAME"`
	Retired  bool   `help:"Also models that are no longer sold."`
	Every    bool   `help:"A row for each route and tier, not only the standard rates."`
}

func (c pricesListCmd) Run(r run) error {
	rows, err := r.app.Prices(r.ctx, app.PricesRequest{Provider: c.Provider, Text: c.Text, Retired: c.Retired, Every: c.Every})
	if err != nil {
		return err
	}
	return r.print(rows, func(w io.Writer) {
		t := table{right: []bool{false, true, true, true, false, false, false}}
		last := "tiers"
		if c.Every {
			last = "route and tier"
		}
		t.row("model", "input", "cached", "output", "provenance", "standing", last)
		t.rule()
		for _, p := range rows {
			tiers := strings.Join(p.Tiers, " ")
			if c.Every {
				tiers = strings.TrimSpace(p.Route + " " + p.Tier.String())
			}
			known := ""
			if p.Evidence != nil {
				known = string(p.Evidence.Kind) + " " + string(p.Evidence.Date)
			}
			t.row(p.Provider+"/"+p.Model, rateText(p.Input), rateText(p.CacheRead), rateText(p.Output), known, string(p.Standing), tiers)
		}
		t.write(w)
		fmt.Fprintf(w, "\n%s; dollars per million tokens, in force now. Fees and other kinds: breakeven prices show MODEL\n", ledger.Count(len(rows), "row"))
	})
}

func rateText(r *money.Rate) string {
	if r == nil {
		return "-"
	}
	return r.String()
}

type pricesShowCmd struct {
	Model string `arg:"" help:"Provider and model, as in anthropic/claude-sonnet-4-6."`
}

func (c pricesShowCmd) Run(r run) error {
	provider, model := app.SplitModel(c.Model)
	d, err := r.app.Price(provider, model)
	if err != nil {
		return err
	}
	return r.print(d, func(w io.Writer) {
		fmt.Fprintf(w, "%s/%s", d.Provider, d.Model)
		if d.Name != "" {
			fmt.Fprintf(w, " (%s)", d.Name)
		}
		fmt.Fprintln(w)
		for _, s := range d.Sheets {
			state := ""
			if s.InForce {
				state = "  in force"
			}
			fmt.Fprintf(w, "\n%s%s\n", s.ID, state)
			if !s.Effective.From.IsZero() || !s.Effective.To.IsZero() {
				fmt.Fprintf(w, "  effective %s to %s\n", instant(s.Effective.From), instant(s.Effective.To))
			}
			printBands(w, s.Bands, "  ")
			for _, win := range s.Windows {
				fmt.Fprintf(w, "  in the window %s\n", win.Window)
				printBands(w, win.Bands, "    ")
			}
			if s.Note != "" {
				fmt.Fprintf(w, "  note: %s\n", s.Note)
			}
		}
		if len(d.Agree) > 0 {
			fmt.Fprintf(w, "\nThe same rates are held by: %s\n", strings.Join(d.Agree, ", "))
		}
		if len(d.Differ) > 0 {
			fmt.Fprintf(w, "Other rates are held by: %s\n", strings.Join(d.Differ, ", "))
		}
	})
}

func printBands(w io.Writer, bands []price.Band, indent string) {
	for _, b := range bands {
		if b.AtLeast > 0 {
			fmt.Fprintf(w, "%sfor prompts of at least %s\n", indent, ledger.Count(b.AtLeast, "token"))
		}
		t := table{right: []bool{false, true}}
		for _, c := range b.Rates {
			t.row(indent+"  "+c.Kind.Label(), rate(c.Kind, c.Rate), evidence(c.Provenance))
		}
		t.write(w)
	}
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "open"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// evidence is a provenance in a line.
func evidence(p fact.Provenance) string {
	parts := []string{string(p.Kind)}
	for _, s := range []string{p.Rule, p.Source, string(p.Date)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

type pricesQuoteCmd struct {
	Provider string    `help:"Whose response it is." required:"" placeholder:"NAME"`
	Model    string    `help:"The model, where the body names none or another one is meant." placeholder:"NAME"`
	At       time.Time `help:"The call's time (RFC 3339); the body's own, or now, if left out." placeholder:"TIME"`
	KnownAt  time.Time `help:"Price it as was known at this time (RFC 3339)." placeholder:"TIME"`
	Tier     string    `help:"The service tier, where the body does not say which one served it." placeholder:"TIER"`
	Region   string    `help:"The vendor's region." placeholder:"NAME"`
	Sheet    string    `help:"Price file to use in place of the embedded book (JSON or YAML)." placeholder:"FILE"`
	Strict   bool      `help:"Fail if a price is missing (exit code 4)."`
	Body     string    `arg:"" optional:"" help:"The response body; standard input if left out or -." default:"-"`
}

func (c pricesQuoteCmd) Run(r run) error {
	if err := once(c.Body, c.Sheet); err != nil {
		return err
	}
	body, err := r.file(c.Body)
	if err != nil {
		return err
	}
	req := app.QuoteRequest{Provider: c.Provider, Model: c.Model, At: c.At, KnownAt: c.KnownAt, Tier: c.Tier, Region: c.Region, Body: body, SheetName: c.Sheet}
	if c.Sheet != "" {
		if req.Sheet, err = r.file(c.Sheet); err != nil {
			return err
		}
	}
	q, err := r.app.Quote(req)
	if err != nil {
		return err
	}
	if err := r.print(q, func(w io.Writer) { printQuote(w, q) }); err != nil {
		return err
	}
	if c.Strict && !q.Complete {
		return &app.KindError{Kind: app.Incomplete, Err: fmt.Errorf("there is no rate for %s", strings.Join(q.Missing, ", "))}
	}
	return nil
}

func printQuote(w io.Writer, q app.QuoteAnswer) {
	fmt.Fprintf(w, "%s\n\n", q.Sheet)
	t := table{right: []bool{false, true, true, true}}
	t.row("", "quantity", "per million", "cost")
	t.rule()
	for _, l := range q.Lines {
		t.row(billed(l.Kind, l.As), grouped(strconv.FormatInt(l.Quantity, 10)), rate(l.Kind, l.Rate), dollars(l.Amount), evidence(l.Provenance))
	}
	t.rule()
	t.row("total", "", "", dollars(q.Total))
	if q.Reported != nil {
		t.row("reported by the vendor", "", "", dollars(*q.Reported))
	}
	t.write(w)
	for _, m := range q.Missing {
		fmt.Fprintf(w, "No rate for %s: the total is a lower bound\n", m)
	}
	printNotes(w, q.Notes)
}
