package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"breakeven/internal/app"
	"breakeven/ledger"
)

type modelsCmd struct {
	Text string `arg:"" optional:"" help:"Only models whose name contains this."`
}

func (c modelsCmd) Run(r run) error {
	list, err := r.app.OpenModels()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(m app.OpenModel) bool { return !holds(m.ID+" "+m.Name, c.Text) })
	return r.print(list, func(w io.Writer) {
		t := table{right: []bool{false, true, true, true, false}}
		t.row("model", "parameters", "active", "context", "licence", "hosts")
		t.rule()
		for _, m := range list {
			hosts := strings.Join(slices.Compact(slices.Sorted(slices.Values(m.Hosts))), " ")
			if hosts == "" {
				hosts = "nobody in the price book"
			}
			t.row(m.ID, billions(m.Total), billions(m.Active), ledger.Number(float64(m.MaxContext)), m.Licence, hosts)
		}
		t.write(w)
		fmt.Fprintf(w, "\n%s; hosts sell it by the token\n", ledger.Count(len(list), "model"))
	})
}

// billions writes a number of parameters as people name it: "70.6B".
func billions(n float64) string { return ledger.Number(math.Round(n/1e8)/10) + "B" }

// holds reports whether a name contains a text, whatever the case.
func holds(name, text string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(text))
}

// hourly is what one GPU of an offer costs per hour, to a hundredth of a cent: it is there to be compared.
func hourly(o app.Offer) string {
	text := strconv.FormatFloat(o.Hourly.Estimate()/float64(max(o.GPUs, 1)), 'f', 4, 64)
	text = strings.TrimSuffix(strings.TrimSuffix(text, "0"), "0")
	return "$" + grouped(text)
}

type gpusCmd struct {
	List    gpusListCmd    `cmd:"" default:"withargs" help:"List accelerators, and the cheapest offers for them."`
	History gpusHistoryCmd `cmd:"" help:"Show what accelerators cost earlier, by whom and in which sense."`
}

type gpusHistoryCmd struct {
	Text string `arg:"" optional:"" help:"Only series whose name contains this."`
}

func (c gpusHistoryCmd) Run(r run) error {
	list, err := r.app.GPUHistory()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(s app.GPUSeries) bool { return !holds(s.ID+" "+s.Title+" "+s.Accelerator, c.Text) })
	return r.print(list, func(w io.Writer) {
		for _, s := range list {
			fmt.Fprintf(w, "%s (%s)\n", s.Title, evidence(s.Provenance))
			t := table{right: []bool{false, true}}
			for _, p := range s.Points {
				t.row("  "+p.Month, dollars(p.Hourly))
			}
			t.write(w)
		}
		fmt.Fprintf(w, "\n%d series; dollars for one GPU and hour. Series of one part differ by several times: none of them is its price\n", len(list))
	})
}

type gpusListCmd struct {
	Text string `arg:"" optional:"" help:"Only accelerators whose name contains this."`
}

func (c gpusListCmd) Run(r run) error {
	list, err := r.app.Accelerators(true)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(a app.Accelerator) bool { return !holds(a.ID+" "+a.Name+" "+a.Vendor, c.Text) })
	cheapest := make([][]app.Offer, len(list))
	for i, a := range list {
		if cheapest[i], err = r.app.CheapestOffers(a.ID); err != nil {
			return err
		}
	}
	return r.print(list, func(w io.Writer) {
		t := table{right: []bool{false, true, true, false, true, false, false, true}}
		t.row("accelerator", "GiB", "GB/s", "term", "per GPU-hour", "vendor", "region", "GPUs", "as of")
		t.rule()
		for i, a := range list {
			head := []string{a.ID, ledger.Number(math.Round(a.MemoryGiB*10) / 10), ledger.Number(math.Round(a.Bandwidth))}
			if len(cheapest[i]) == 0 {
				t.row(append(head, "no offer")...)
			}
			for _, o := range cheapest[i] {
				date := string(o.Provenance.Date)
				if date == "" {
					date = "undated"
				}
				t.row(append(head, strings.ReplaceAll(string(o.Term), "_", " "), hourly(o), o.Vendor, o.Region, ledger.Number(float64(o.GPUs)), date)...)
				head = []string{"", "", ""}
			}
		}
		t.write(w)
		fmt.Fprintf(w, "\n%s; the cheapest offer of each term, whose machine has so many GPUs; --json lists every offer, marketplaces included\n", ledger.Count(len(list), "accelerator"))
	})
}
