package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
)

type curatedOffers struct {
	Vendors map[string]struct {
		Name string `json:"name"`
		URL  string `json:"url"`
		Note string `json:"note"`
		// Marketplace marks a vendor whose machines belong to third parties.
		Marketplace bool `json:"marketplace"`
	} `json:"vendors"`
	Sources   map[string]fact.Provenance `json:"sources"`
	Parts     map[string]string          `json:"parts"` // the table's name of a part to ours
	Overrides []struct {
		Vendor   string `json:"vendor"`
		Instance string `json:"instance"` // a pattern with *
		Part     string `json:"part"`
		Why      string `json:"why"`
	} `json:"overrides"`
	// Spot bounds which spot prices of a vendor are believed.
	Spot map[string]struct {
		RegionPrefix string  `json:"region_prefix"`
		MostDiscount float64 `json:"most_discount"`
	} `json:"spot"`
}

// machine is one row of the table.
type machine struct {
	vendor, source string
	date           fact.Date // empty where the table holds a year only
	gpu.Machine
}

// offers writes offers/VENDOR.json.
func offers(from string, out map[string][]byte) ([]string, error) {
	var c curatedOffers
	if err := readCurated("offers.json", &c); err != nil {
		return nil, err
	}
	known, err := parts(out)
	if err != nil {
		return nil, err
	}
	rows, dropped, err := c.read(filepath.Join(from, "gpus", "offers.csv"), known)
	if err != nil {
		return nil, err
	}
	rows = newest(rows, dropped)
	byVendor := map[string][]machine{}
	for _, m := range rows {
		byVendor[m.vendor] = append(byVendor[m.vendor], m)
	}
	for _, vendor := range slices.Sorted(maps.Keys(byVendor)) {
		about, ok := c.Vendors[vendor]
		if !ok {
			return nil, fmt.Errorf("curated/offers.json says nothing of vendor %q", vendor)
		}
		head := struct {
			Schema  string                     `json:"schema"`
			Vendor  string                     `json:"vendor"`
			Name    string                     `json:"name"`
			URL     string                     `json:"url,omitempty"`
			Note    string                     `json:"note,omitempty"`
			Market  bool                       `json:"marketplace,omitempty"`
			Sources map[string]fact.Provenance `json:"sources"`
		}{gpu.OfferSchema, vendor, about.Name, about.URL, about.Note, about.Marketplace, map[string]fact.Provenance{}}
		list := byVendor[vendor]
		slices.SortFunc(list, func(a, b machine) int {
			return cmp.Or(cmp.Compare(a.Accelerator, b.Accelerator), cmp.Compare(a.Instance, b.Instance),
				cmp.Compare(a.Region, b.Region), cmp.Compare(a.date, b.date), cmp.Compare(a.source, b.source))
		})
		var lines []any
		for _, m := range list {
			source := c.Sources[m.source]
			source.Date = m.date
			key := m.source
			if m.date != "" {
				key += "@" + string(m.date)
			}
			head.Sources[key] = source
			m.Source = key
			lines = append(lines, m.Machine)
		}
		data, err := encode(head, "offers", lines)
		if err != nil {
			return nil, err
		}
		if _, err := gpu.ParseOffers(vendor, data); err != nil {
			return nil, err
		}
		out["offers/"+vendor+".json"] = data
	}
	report := make([]string, 0, len(dropped))
	for _, why := range slices.Sorted(maps.Keys(dropped)) {
		report = append(report, fmt.Sprintf("offers: %d left out: %s", dropped[why], why))
	}
	return report, nil
}

// parts lists the accelerators that were written.
func parts(out map[string][]byte) (map[string]bool, error) {
	files := map[string][]byte{}
	for name, data := range out {
		if strings.HasPrefix(name, "gpus/") {
			files[name] = data
		}
	}
	catalog, err := gpu.NewCatalog(files)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, a := range catalog.All() {
		known[a.ID] = true
	}
	return known, nil
}

// read reads the table, and counts what it leaves out by reason.
func (c *curatedOffers) read(path string, known map[string]bool) ([]machine, map[string]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	dropped := map[string]int{}
	var rows []machine
	for i, record := range records[1:] {
		get := func(name string) string { return record[column[name]] }
		m := machine{vendor: get("cloud"), source: get("source")}
		m.Region, m.Instance = get("region"), get("instance_type")
		if _, ok := c.Sources[m.source]; !ok {
			return nil, nil, fmt.Errorf("%s: line %d: unknown source %q", path, i+2, m.source)
		}
		if day, err := fact.ParseDate(get("date")); err == nil {
			m.date = day
		}
		count, err := strconv.Atoi(get("gpu_count"))
		if err != nil {
			dropped["a share of an accelerator cannot be planned with"]++
			continue
		}
		m.Count = count
		if m.Accelerator = c.part(m, get("gpu")); m.Accelerator == "" {
			return nil, nil, fmt.Errorf("%s: line %d: unknown part %q", path, i+2, get("gpu"))
		}
		if !known[m.Accelerator] {
			dropped["accelerator "+m.Accelerator+" is not in the catalog"]++
			continue
		}
		m.Hourly = map[gpu.Term]money.USD{}
		for name, term := range map[string]gpu.Term{
			"price_usd_h": gpu.OnDemand, "spot_usd_h": gpu.Spot, "reserved_1y_usd_h": gpu.Reserved1y, "reserved_3y_usd_h": gpu.Reserved3y,
		} {
			if get(name) == "" {
				continue
			}
			price, err := money.ParseUSD(get(name))
			if err != nil {
				return nil, nil, fmt.Errorf("%s: line %d: %s: %w", path, i+2, name, err)
			}
			m.Hourly[term] = price
		}
		if rule, bounded := c.Spot[m.vendor]; bounded && m.Hourly[gpu.Spot] > 0 {
			discount := 1 - m.Hourly[gpu.Spot].Estimate()/m.Hourly[gpu.OnDemand].Estimate()
			if !strings.HasPrefix(m.Region, rule.RegionPrefix) || discount > rule.MostDiscount {
				delete(m.Hourly, gpu.Spot)
				dropped["spot prices of "+m.vendor+" that are not credible as capacity"]++
			}
		}
		rows = append(rows, m)
	}
	return rows, dropped, nil
}

// part is our name of the part in a machine.
func (c *curatedOffers) part(m machine, name string) string {
	for _, o := range c.Overrides {
		if matched, _ := path.Match(o.Instance, m.Instance); matched && o.Vendor == m.vendor {
			return o.Part
		}
	}
	return c.Parts[name]
}

// newest keeps the newest price of each machine and term: an undated one only where nothing dated stands
// beside it.
func newest(rows []machine, dropped map[string]int) []machine {
	type key struct {
		vendor, region, instance, part string
		count                          int
		term                           gpu.Term
	}
	best := map[key]fact.Date{}
	for _, m := range rows {
		for term := range m.Hourly {
			k := key{m.vendor, m.Region, m.Instance, m.Accelerator, m.Count, term}
			best[k] = max(best[k], m.date)
		}
	}
	kept := rows[:0]
	for _, m := range rows {
		for term := range m.Hourly {
			if best[key{m.vendor, m.Region, m.Instance, m.Accelerator, m.Count, term}] != m.date {
				delete(m.Hourly, term)
				dropped["prices that a newer source replaces"]++
			}
		}
		if len(m.Hourly) > 0 {
			kept = append(kept, m)
		}
	}
	return kept
}
