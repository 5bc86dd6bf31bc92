package catalog_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"breakeven/catalog"
	"breakeven/datafile"
	"breakeven/gpu"
)

func gpuHistory(t *testing.T) []catalog.GPUSeries {
	t.Helper()
	all, err := catalog.GPUHistory()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestGPUHistory(t *testing.T) {
	all := gpuHistory(t)
	parts, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		s := &all[i]
		if s.Provenance.URL == "" || s.Provenance.Source == "" {
			t.Errorf("%s cites nothing that can be looked up", s.ID)
		}
		if s.Accelerator == "" {
			continue
		}
		if _, err := parts.Accelerator(s.Accelerator); err != nil {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
	// The median of list prices fell until October 2025 and rose by 39 % within the year after: 3.79 / 2.73 = 1.388.
	i := slices.IndexFunc(all, func(s catalog.GPUSeries) bool { return s.ID == "rate-cards/h100-sxm" })
	if i < 0 {
		t.Fatal("there is no median of list prices of the H100 SXM")
	}
	points := all[i].Points()
	low := slices.MinFunc(points, func(a, b catalog.GPUPoint) int { return int(a.Hourly - b.Hourly) })
	last := points[len(points)-1]
	if low.Month != "2025-10" || low.Hourly.String() != "2.73" || last.Month != "2026-09" || last.Hourly.String() != "3.79" {
		t.Errorf("lowest %v, last %v", low, last)
	}
}

// The last figure of a machine is what the catalog offers it for today, to the third decimal to which the table
// rounds: a p5.48xlarge costs 55.04 / 8 = 6.88 for each accelerator.
func TestGPUHistoryEndsAtTheOffers(t *testing.T) {
	market, err := catalog.Offers()
	if err != nil {
		t.Fatal(err)
	}
	machines := 0
	all := gpuHistory(t)
	for i := range all {
		s := &all[i]
		if s.Instance == "" {
			continue
		}
		machines++
		points := s.Points()
		last := points[len(points)-1].Hourly.Estimate()
		offers := market.Machine(s.Vendor, s.Region, s.Instance)
		if !slices.ContainsFunc(offers, func(o gpu.Offer) bool {
			return o.Term == s.Term && o.Accelerator == s.Accelerator && math.Abs(float64(o.PerGPU())-last) < 0.0006
		}) {
			t.Errorf("%s ends at %g, the offers are %v", s.ID, last, offers)
		}
	}
	if machines != 5 {
		t.Errorf("%d machines, want the 5 of AWS", machines)
	}
}

const gpuHistoryFile = `{"schema": "breakeven/gpu-history/v1",
  "sources": {"table": {"kind": "published", "source": "price table"}},
  "series": [{"id": "aws/p5", "title": "H100 in p5", "term": "on_demand", "usd_per_gpu_hour": {"2025-06": "6.88", "2023-08": "12.29"}, "source": "table"}]}`

func TestGPUHistoryFaults(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"gpu-history/v1", "gpu-history/v2", "schema"},
		{`"kind": "published"`, `"kind": "heard"`, "sources.table.kind"},
		{`"id": "aws/p5"`, `"id": ""`, "series[0] ().id"},
		{`"title": "H100 in p5"`, `"title": ""`, "series[0] (aws/p5).title"},
		{"on_demand", "weekly", "series[0] (aws/p5).term"},
		{"2025-06", "2025-13", "series[0] (aws/p5).usd_per_gpu_hour.2025-13"},
		{`"6.88"`, `"0"`, "series[0] (aws/p5).usd_per_gpu_hour.2025-06"},
		{`{"2025-06": "6.88", "2023-08": "12.29"}`, `{}`, "series[0] (aws/p5).usd_per_gpu_hour"},
		{`"source": "table"}]`, `"source": "other"}]`, "series[0] (aws/p5).source"},
		{`"source": "table"}]`, `"source": "table"}, {"id": "aws/p5", "title": "again"}]`, "series[1] (aws/p5).id"},
		{`"title"`, `"name"`, "line 3"},
	} {
		broken := strings.Replace(gpuHistoryFile, c.old, c.new, 1)
		_, err := catalog.ParseGPUHistory("series.json", []byte(broken))
		if e, ok := errors.AsType[*datafile.Error](err); !ok || !strings.HasPrefix(e.Path, c.want) {
			t.Errorf("%s for %s: %v, want a fault at %s", c.new, c.old, err, c.want)
		}
	}
	series, err := catalog.ParseGPUHistory("series.json", []byte(gpuHistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	if p := series[0].Points(); len(p) != 2 || p[0].Month != "2023-08" || p[1].Hourly.String() != "6.88" {
		t.Errorf("points = %v, want them in the order of time", p)
	}
}

func FuzzParseGPUHistory(f *testing.F) {
	f.Add([]byte(gpuHistoryFile))
	f.Fuzz(func(t *testing.T, data []byte) {
		series, err := catalog.ParseGPUHistory("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for i := range series {
			for _, p := range series[i].Points() {
				if p.Hourly <= 0 || len(p.Month) != len("2026-09") {
					t.Fatalf("accepted %+v", p)
				}
			}
		}
	})
}

func BenchmarkGPUHistory(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.GPUHistory(); err != nil {
			b.Fatal(err)
		}
	}
}

// A source's machine is looked up among the offers, by the vendor's name and with its accelerators.
func BenchmarkMarketMachine(b *testing.B) {
	market, err := catalog.Offers()
	if err != nil {
		b.Fatal(err)
	}
	for _, instance := range []string{"a3-highgpu-8g", "a3-highgpu-8g, 8 × h100-sxm", "n2-standard-2"} {
		b.Run(instance, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				market.Machine("gcp", "us-central1", instance)
			}
		})
	}
}
