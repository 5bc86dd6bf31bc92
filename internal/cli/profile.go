package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/unit"
	"breakeven/workload"
)

type usageProfileCmd struct {
	Files []string `arg:"" optional:"" help:"Call logs: files, folders, https:// and s3:// addresses, - for standard input. The calls that are kept if left out." placeholder:"LOG"`
	logFlags
}

func (c usageProfileCmd) Run(r run) error {
	priced, logs, o, err := r.open(c.Files, c.logFlags)
	if err != nil {
		return err
	}
	a, err := priced.UsageProfile(app.ProfileRequest{Logs: logs, Options: o, Strict: c.Strict})
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printProfile(w, a) }); err != nil {
		return err
	}
	return r.badRows(a.Files, c.logFlags)
}

func printProfile(w io.Writer, a app.ProfileAnswer) {
	for _, f := range a.Files {
		fmt.Fprintf(w, "%s: %s, %s of %s\n", line(f.Name), f.Format, ledger.Count(f.Calls, "call"), ledger.Count(f.Rows, "row"))
	}
	p := a.Character.Profile
	fmt.Fprintf(w, "\nResolution %s: %s.\n", p.Resolution, a.Level)
	answers := table{right: []bool{false, false}}
	for _, q := range a.Character.Answers {
		answers.row("  "+q.Question, q.Can, q.Why)
	}
	answers.write(w)
	printArrivals(w, a.Character)
	printWeek(w, a.Character.Week)
	printLengths(w, a.Character)
	printShares(w, a.Character)
	printSpend(w, a)
	printNotes(w, a.Notes)
}

func printArrivals(w io.Writer, c workload.Character) {
	p := c.Profile
	if p.Rate == nil {
		return
	}
	fmt.Fprintf(w, "\nArrivals: %s requests a second in the mean, over %s\n", figure(float64(*p.Rate)), figureHours(*p.Span))
	t := table{right: []bool{false, true, true, true, true}}
	t.row("window", "mean", "most", "peak to mean", "dispersion")
	for _, width := range []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Hour} {
		peak, ok := workload.At(p.PeakToMean, width)
		if !ok {
			continue
		}
		dispersion := "-"
		if v, ok := workload.At(p.IoD, width); ok {
			dispersion = figure(float64(v))
		}
		mean := float64(*p.Rate) * width.Seconds()
		t.row(fmt.Sprintf("%g s", width.Seconds()), figure(mean), ledger.Number(math.Round(float64(peak)*mean)), figure(float64(peak)), dispersion)
	}
	if len(t.rows) > 1 {
		t.write(w)
	}
	if p.IATCV != nil {
		fmt.Fprintf(w, "Gaps vary %s times their mean (1 is Poisson)", figure(float64(*p.IATCV)))
		if p.IATCVTicks != nil {
			fmt.Fprintf(w, "; %s at the face value of a clock with a step of %s", figure(float64(*p.IATCVTicks)), p.Quantum)
		}
		fmt.Fprintln(w, ".")
	}
	if g := c.Growth; g != nil {
		fmt.Fprintf(w, "Growth: %s a month by %s of %d whole weeks (95 %%: %s to %s).\n", percentage(g.PerMonth), g.By, g.Weeks, percentage(g.Low), percentage(g.High))
	}
}

// shades are eighths of the busiest hour.
var shades = []rune(" ▁▂▃▄▅▆▇█")

// printWeek draws the heat map: a row for each day, a column for each hour.
func printWeek(w io.Writer, week *workload.Week) {
	if week == nil {
		return
	}
	var grid [7][24]rune
	for d := range grid {
		for h := range grid[d] {
			grid[d][h] = '·'
		}
	}
	most := 0.0
	for _, h := range week.Hours {
		most = max(most, h.PerHour)
	}
	for _, h := range week.Hours {
		eighth := 0
		if most > 0 {
			eighth = int(math.Ceil(8 * h.PerHour / most))
		}
		grid[h.Day-1][h.Hour] = shades[min(eighth, len(shades)-1)]
	}
	fmt.Fprintf(w, "\nHours of the week in UTC, by %s; a full block is %s an hour, a dot is not covered\n", week.By, figure(most))
	fmt.Fprintln(w, "       0     6     12    18")
	for d, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		fmt.Fprintln(w, strings.TrimRight("  "+name+"  "+string(grid[d][:]), " "))
	}
}

func printLengths(w io.Writer, c workload.Character) {
	p := c.Profile
	if p.Input == nil {
		return
	}
	fmt.Fprintln(w, "\nTokens of a call")
	t := table{right: []bool{false, true, true, true, true, true, true, true, true}}
	t.row("", "p50", "p90", "p99", "most", "mean", "CV", "log-normal p99", "distance")
	for _, l := range []struct {
		name string
		of   *workload.Lengths
		fit  *workload.LogNormal
	}{{"input", p.Input, c.Input}, {"new input", p.NewInput, c.NewInput}, {"output", p.Output, c.Output}} {
		if l.name == "new input" && p.CacheShare == nil {
			continue // the same as the input
		}
		fit, distance := "-", "-"
		if l.fit != nil {
			fit, distance = tokens(l.fit.P99), figure(float64(l.fit.Distance))
		}
		t.row(l.name, tokens(l.of.P50), tokens(l.of.P90), tokens(l.of.P99), ledger.Number(float64(l.of.Max)), tokens(l.of.Mean), figure(float64(l.of.CV)), fit, distance)
	}
	t.write(w)
}

func printShares(w io.Writer, c workload.Character) {
	var lines []string
	if s := c.Profile.CacheShare; s != nil {
		lines = append(lines, fmt.Sprintf("A cache served %s of the input tokens.", share(*s)))
	}
	if r := c.Reuse; r != nil {
		var ages, sizes []string
		for _, a := range r.ByAge {
			ages = append(ages, fmt.Sprintf("%s after %s", share(a.Share), time.Duration(float64(a.Age)*float64(time.Second))))
		}
		for _, z := range r.BySize {
			sizes = append(sizes, fmt.Sprintf("%s with %s", share(z.Share), ledger.Count(z.Tokens, "token")))
		}
		lines = append(lines, fmt.Sprintf("A prefix cache could serve %s of the input tokens; if it forgot, %s; if it were small, %s.", share(r.Unlimited), strings.Join(ages, ", "), strings.Join(sizes, ", ")))
	}
	if b := c.Batchable; b != nil {
		lines = append(lines, fmt.Sprintf("Batchable: %s to %s of the tokens. The first is on a batch or flex tier; the second leaves out calls that show somebody who waits: a session, a streamed first token, a priority or fast tier.",
			share(b.Least), share(b.Most)))
	}
	if len(lines) > 0 {
		fmt.Fprintln(w, "\n"+strings.Join(lines, "\n"))
	}
}

func printSpend(w io.Writer, a app.ProfileAnswer) {
	for _, s := range a.Spend {
		fmt.Fprintln(w)
		t := table{right: []bool{false, true, true, true, true}}
		t.row(s.By, "input", "output", "cost", "share")
		t.rule()
		for _, r := range s.Rows {
			name, cost, part, remark := group(s.By, r.Name), "no price", "-", ""
			if r.Others > 0 {
				name = "(others)"
			}
			if r.Cost != nil {
				cost = dollars(*r.Cost)
			}
			if r.Share != nil {
				part = share(*r.Share)
			}
			if !r.Complete {
				remark = "incomplete"
			}
			t.row(name, ledger.Number(float64(r.Input)), ledger.Number(float64(r.Output)), cost, part, remark)
		}
		t.write(w)
	}
	if a.Total != nil {
		fmt.Fprintf(w, "\nIn all %s, at the price in force at each call's time.\n", dollars(*a.Total))
	}
	if len(a.Missing) > 0 {
		fmt.Fprintln(w, "\nWithout a price, and not in the total:")
		for _, m := range a.Missing {
			fmt.Fprintf(w, "  %s: %s. %s\n", line(m.Name()), missingHow(m), line(missingWhy(m)))
		}
	}
}

func figureHours(h workload.Hours) string {
	switch {
	case h < 2:
		return figure(float64(h)*60) + " minutes"
	case h < 48:
		return figure(float64(h)) + " hours"
	}
	return figure(float64(h)/24) + " days"
}

func tokens(t workload.Tokens) string { return ledger.Number(math.Round(float64(t))) }

func share(s unit.Share) string { return fmt.Sprintf("%.1f %%", 100*float64(s)) }

func percentage(r workload.Ratio) string { return fmt.Sprintf("%+.1f %%", 100*float64(r)) }
