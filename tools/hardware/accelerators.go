package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"breakeven/fact"
	"breakeven/gpu"
)

// hardwareRow is one part of the table hardware.json.
type hardwareRow struct {
	MemoryGiB float64  `json:"memory_gib"`
	Bandwidth float64  `json:"memory_bandwidth_gbs"`
	BF16      float64  `json:"tflops_bf16_dense"`
	FP8       *float64 `json:"tflops_fp8_dense"`
	FP4       *float64 `json:"tflops_fp4_dense"`
	Link      float64  `json:"interconnect_gbs_per_gpu_unidirectional"`
	LinkKind  string   `json:"interconnect"`
	TDP       *float64 `json:"tdp_w"`
	Verified  string   `json:"verified"`
}

type curatedParts struct {
	Sources map[string]fact.Provenance `json:"sources"`
	Parts   []struct {
		Maker string `json:"maker"`
		From  string `json:"from,omitempty"` // the row of the table that figures not written here come from
		gpu.Part
		TDP *gpu.Watts `json:"tdp_w,omitempty"` // zero is written where the table's figure has no source
	} `json:"parts"`
	Absent []struct {
		Maker string `json:"maker"`
		gpu.Absent
	} `json:"absent"`
}

// accelerators writes gpus/MAKER.json.
func accelerators(from string, out map[string][]byte) ([]string, error) {
	var table map[string]hardwareRow
	if err := readJSON(filepath.Join(from, "serving", "hardware.json"), &table); err != nil {
		return nil, err
	}
	var c curatedParts
	if err := readCurated("accelerators.json", &c); err != nil {
		return nil, err
	}
	files := map[string]*gpu.AcceleratorFile{}
	file := func(maker string) *gpu.AcceleratorFile {
		if files[maker] == nil {
			files[maker] = &gpu.AcceleratorFile{Schema: gpu.AcceleratorSchema, Vendor: maker, Sources: map[string]fact.Provenance{}}
		}
		return files[maker]
	}
	used := map[string]bool{}
	for _, p := range c.Parts {
		part := p.Part
		if p.From != "" {
			row, ok := table[p.From]
			if !ok {
				return nil, fmt.Errorf("hardware.json has no %q", p.From)
			}
			if row.Verified != "file" && row.Verified != "page" {
				return nil, fmt.Errorf("%s: hardware.json holds %q from %s: it needs a source", part.ID, p.From, row.Verified)
			}
			used[p.From] = true
			row.fill(&part)
		}
		if p.TDP != nil {
			part.TDP = *p.TDP
		}
		f := file(p.Maker)
		f.Parts = append(f.Parts, part)
		for _, key := range append(slices.Collect(maps.Values(part.Sources)), part.Source) {
			source, ok := c.Sources[key]
			if !ok {
				return nil, fmt.Errorf("%s: no source %q", part.ID, key)
			}
			f.Sources[key] = source
		}
	}
	for _, a := range c.Absent {
		f := file(a.Maker)
		f.Absent = append(f.Absent, a.Absent)
	}
	for _, maker := range slices.Sorted(maps.Keys(files)) {
		f := files[maker]
		slices.SortFunc(f.Parts, func(a, b gpu.Part) int { return compare(a.ID, b.ID) })
		slices.SortFunc(f.Absent, func(a, b gpu.Absent) int { return compare(a.ID, b.ID) })
		data, err := encodeJSON(f, "  ")
		if err != nil {
			return nil, err
		}
		if _, _, err := gpu.ParseAccelerators(maker, data); err != nil {
			return nil, err
		}
		out["gpus/"+maker+".json"] = data
	}
	var report []string
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if (table[key].Verified == "file" || table[key].Verified == "page") && !used[key] {
			report = append(report, "accelerators: "+key+" is verified and left out")
		}
	}
	return report, nil
}

// fill takes the figures that the curated part does not write from the table.
func (r hardwareRow) fill(p *gpu.Part) {
	if p.Memory == 0 {
		p.Memory = gpu.Bytes(r.MemoryGiB * (1 << 30))
	}
	if p.Bandwidth == 0 {
		p.Bandwidth = gpu.BytesPerSecond(r.Bandwidth * 1e9)
	}
	if p.Dense == nil {
		p.Dense = map[gpu.Format]gpu.FLOPS{gpu.BF16: gpu.FLOPS(r.BF16 * 1e12)}
		if r.FP8 != nil {
			p.Dense[gpu.FP8] = gpu.FLOPS(*r.FP8 * 1e12)
		}
		if r.FP4 != nil {
			p.Dense[gpu.FP4] = gpu.FLOPS(*r.FP4 * 1e12)
		}
	}
	if p.Link == 0 {
		p.Link = gpu.BytesPerSecond(r.Link * 1e9)
	}
	if p.LinkKind == "" {
		p.LinkKind = r.LinkKind
	}
	if r.TDP != nil {
		p.TDP = gpu.Watts(*r.TDP)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
