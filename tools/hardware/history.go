package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"

	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/money"
)

type curatedHistory struct {
	Sources map[string]fact.Provenance `json:"sources"`
	Series  []struct {
		// Table and GPU are what the table calls the series and the part.
		Table string `json:"table"`
		GPU   string `json:"gpu"`
		catalog.GPUSeries
	} `json:"series"`
}

// history writes gpu-history/series.json.
func history(from string, out map[string][]byte) ([]string, error) {
	var c curatedHistory
	if err := readCurated("history.json", &c); err != nil {
		return nil, err
	}
	path := filepath.Join(from, "gpus", "price_history.csv")
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	series := map[[2]string]*catalog.GPUSeries{}
	for i := range c.Series {
		s := &c.Series[i]
		s.Hourly = map[string]money.USD{}
		series[[2]string{s.Table, s.GPU}] = &s.GPUSeries
	}
	unsourced := 0
	for i, r := range records[1:] {
		s, ok := series[[2]string{r[0], r[1]}]
		if !ok {
			unsourced++
			continue
		}
		if _, twice := s.Hourly[r[2]]; twice {
			return nil, fmt.Errorf("%s: line %d: %s of %s appears twice", path, i+2, r[2], s.ID)
		}
		if s.Hourly[r[2]], err = money.ParseUSD(r[3]); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, i+2, err)
		}
	}
	head := struct {
		Schema  string                     `json:"schema"`
		Sources map[string]fact.Provenance `json:"sources"`
	}{catalog.GPUHistorySchema, c.Sources}
	var lines []any
	for i := range c.Series {
		lines = append(lines, c.Series[i].GPUSeries)
	}
	data, err := encode(head, "series", lines)
	if err != nil {
		return nil, err
	}
	if _, err := catalog.ParseGPUHistory("series.json", data); err != nil {
		return nil, err
	}
	out["gpu-history/series.json"] = data
	var report []string
	if unsourced > 0 {
		report = append(report, fmt.Sprintf("gpu-history: %d left out: no source is known", unsourced))
	}
	return report, nil
}
