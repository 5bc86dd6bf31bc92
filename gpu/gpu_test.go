package gpu_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
)

const acceleratorFile = `{
  "schema": "breakeven/gpus/v1",
  "vendor": "nvidia",
  "sources": {
    "sheet": {"kind": "published", "source": "data sheet", "url": "https://example.com/h100", "date": "2024-03-14"},
    "query": {"kind": "measured", "source": "device query"}
  },
  "accelerators": [
    {"id": "h100-sxm", "name": "H100 SXM", "memory_bytes": 85899345920, "bandwidth_bytes_per_s": 3350000000000,
     "dense_flops": {"bf16": 989000000000000, "fp8": 1978000000000000}, "link_bytes_per_s": 450000000000,
     "link_kind": "NVLink4", "tdp_w": 700, "source": "sheet", "figure_sources": {"memory_bytes": "query"}}
  ],
  "absent": [{"id": "gh200", "why": "no source was found"}]
}`

const offerFile = `{
  "schema": "breakeven/offers/v1",
  "vendor": "aws",
  "name": "Amazon Web Services",
  "sources": {"table": {"kind": "published", "source": "price table", "date": "2026-07-20"}},
  "offers": [
    {"region": "us-east-1", "instance": "p5.48xlarge", "accelerator": "h100-sxm", "count": 8, "usd_per_hour": {"on_demand": "55.04", "reserved_1y": "33.02"}, "source": "table"},
    {"region": "us-east-1", "instance": "p5.4xlarge", "accelerator": "h100-sxm", "count": 1, "usd_per_hour": {"on_demand": "6.88"}, "source": "table"},
    {"region": "us-gov-west-1", "instance": "p5.48xlarge", "accelerator": "h100-sxm", "count": 8, "usd_per_hour": {"on_demand": "66.05"}, "source": "table"}
  ]
}`

func TestCatalog(t *testing.T) {
	c, err := gpu.NewCatalog(map[string][]byte{"nvidia.json": []byte(acceleratorFile)})
	if err != nil {
		t.Fatal(err)
	}
	h100, err := c.Accelerator(" H100-SXM ")
	if err != nil {
		t.Fatal(err)
	}
	if got := h100.Memory.GiB(); got != 80 {
		t.Errorf("memory = %v GiB, want 80: makers' GB of memory are GiB", got)
	}
	if got := h100.Provenance(gpu.MemoryFigure); got.Kind != fact.Measured {
		t.Errorf("memory comes from %v, want the device query", got)
	}
	if got := h100.Provenance(gpu.BandwidthFigure); got.Date != "2024-03-14" {
		t.Errorf("bandwidth comes from %v, want the data sheet", got)
	}
	// An H100 has no four-bit arithmetic: four-bit weights are unpacked and multiplied in eight bits.
	if peak, format := h100.Peak(gpu.FP4); format != gpu.FP8 || peak != 1978e12 {
		t.Errorf("four-bit weights run at %g in %s", float64(peak), format)
	}
	_, err = c.Accelerator("gh200")
	if unknown, ok := errors.AsType[*gpu.UnknownAcceleratorError](err); !ok || unknown.Why != "no source was found" {
		t.Errorf("a part that is left out says why: %v", err)
	}
	if _, err = c.Accelerator("h200"); err == nil || !strings.Contains(err.Error(), "h100-sxm") {
		t.Errorf("an unknown part lists the known ones: %v", err)
	}
}

func TestAcceleratorFaults(t *testing.T) {
	for old, tt := range map[string]struct{ new, path string }{
		`"breakeven/gpus/v1"`:         {`"breakeven/gpus/v2"`, "schema"},
		`"vendor": "nvidia"`:          {`"vendor": ""`, "vendor"},
		`"id": "h100-sxm"`:            {`"id": ""`, "accelerators[0].id"},
		`"memory_bytes": 85899345920`: {`"memory_bytes": 80`, "accelerators[0] (h100-sxm).memory_bytes"},
		`3350000000000`:               {`3350`, "accelerators[0] (h100-sxm).bandwidth_bytes_per_s"},
		`"bf16": 989000000000000, `:   {``, "accelerators[0] (h100-sxm).dense_flops"},
		`"fp8": 1978`:                 {`"fp9": 1978`, "accelerators[0] (h100-sxm).dense_flops"},
		`"source": "sheet"`:           {`"source": "leaflet"`, "accelerators[0] (h100-sxm).source"},
		`"memory_bytes": "query"`:     {`"memory_bytes": "guess"`, "accelerators[0] (h100-sxm).figure_sources.memory_bytes"},
		`"kind": "measured"`:          {`"kind": "felt"`, "sources.query.kind"},
		`2024-03-14`:                  {`March`, "sources.sheet.date"},
		`"tdp_w": 700`:                {`"watts": 700`, "line 11"},
		`"absent"`:                    {`"missing"`, "line 13"},
	} {
		data := strings.Replace(acceleratorFile, old, tt.new, 1)
		_, _, err := gpu.ParseAccelerators("nvidia.json", []byte(data))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || fault.File != "nvidia.json" || !strings.HasPrefix(fault.Path, tt.path) {
			t.Errorf("%s for %s: got %v, want a fault at %s", tt.new, old, err, tt.path)
		}
	}
	if _, _, err := gpu.ParseAccelerators("x", []byte(acceleratorFile+"{}")); err == nil {
		t.Error("a second document was accepted")
	}
}

func market(t *testing.T) *gpu.Market {
	t.Helper()
	m, err := gpu.NewMarket(map[string][]byte{"aws.json": []byte(offerFile)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// 55.04 / 8 = 6.88 dollars an hour for each accelerator, exactly the price of the machine with one: the name
// decides their order. 33.02 / 8 = 4.1275 is the cheapest, and 66.05 / 8 = 8.25625 the dearest.
func TestOffersAreOrderedByPricePerAccelerator(t *testing.T) {
	m := market(t)
	var got []string
	for _, o := range m.Offers("h100-sxm", gpu.Filter{}) {
		got = append(got, o.ID())
	}
	want := []string{
		"aws/us-east-1/p5.48xlarge, 8 × h100-sxm, reserved_1y",
		"aws/us-east-1/p5.48xlarge, 8 × h100-sxm, on_demand",
		"aws/us-east-1/p5.4xlarge, 1 × h100-sxm, on_demand",
		"aws/us-gov-west-1/p5.48xlarge, 8 × h100-sxm, on_demand",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("order\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	cheapest, ok := m.Cheapest("h100-sxm", gpu.Filter{Term: gpu.OnDemand, AtMost: 4})
	if !ok || cheapest.Instance != "p5.4xlarge" || cheapest.PerGPU() != 6.88 {
		t.Errorf("cheapest on demand with at most four: %v, %v", cheapest, ok)
	}
	if _, ok := m.Cheapest("h100-sxm", gpu.Filter{Term: gpu.Spot}); ok {
		t.Error("there is no spot offer")
	}
	if _, ok := m.Cheapest("h200-sxm", gpu.Filter{}); ok {
		t.Error("there is no offer of an H200")
	}
}

// A source of prices names a machine by the vendor's name; two machines of one name are told apart by their
// accelerators.
func TestMachine(t *testing.T) {
	m, err := gpu.NewMarket(map[string][]byte{"aws.json": []byte(strings.Replace(offerFile, `"offers": [`, `"offers": [
    {"region": "us-east-1", "instance": "p5.48xlarge", "accelerator": "h200-sxm", "count": 8, "usd_per_hour": {"on_demand": "63.296"}, "source": "table"},`, 1))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		vendor, region, instance string
		want                     string
	}{
		{"aws", "us-east-1", "p5.48xlarge", "8 × h100-sxm reserved_1y 33.02, 8 × h100-sxm on_demand 55.04, 8 × h200-sxm on_demand 63.296"},
		{"aws", "us-east-1", "p5.48xlarge, 8 × h100-sxm", "8 × h100-sxm reserved_1y 33.02, 8 × h100-sxm on_demand 55.04"},
		{"aws", "us-east-1", "p5.48xlarge, 8 × h200-sxm", "8 × h200-sxm on_demand 63.296"},
		{"aws", "us-gov-west-1", "p5.48xlarge", "8 × h100-sxm on_demand 66.05"},
		{"aws", "us-east-1", "p5.48xlarge, 4 × h100-sxm", ""},
		{"aws", "us-east-1", "p5.48xlarge, h100-sxm", ""},
		{"aws", "us-east-1", "p6.48xlarge", ""},
		{"aws", "any", "p5.48xlarge", ""},
		{"gcp", "us-east-1", "p5.48xlarge", ""},
	} {
		var got []string
		for _, o := range m.Machine(c.vendor, c.region, c.instance) {
			got = append(got, fmt.Sprintf("%d × %s %s %s", o.Count, o.Accelerator, o.Term, o.Hourly))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("Machine(%s, %s, %s) = %q, want %q", c.vendor, c.region, c.instance, got, c.want)
		}
	}
}

// What no vendor lists, such as an average over machines, is told apart.
func TestAveragesAreNoListPrices(t *testing.T) {
	average := strings.Replace(offerFile, `"kind": "published"`, `"kind": "derived", "rule": "an average"`, 1)
	m, err := gpu.NewMarket(map[string][]byte{"aws.json": []byte(average)})
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := m.Cheapest("h100-sxm", gpu.Filter{Listed: true}); ok {
		t.Errorf("%v is no list price", o)
	}
	if _, ok := m.Cheapest("h100-sxm", gpu.Filter{}); !ok {
		t.Error("an average is still an offer")
	}
}

// 55.04 × 730 = 40,179.20 dollars a month.
func TestMonthly(t *testing.T) {
	o, _ := market(t).Cheapest("h100-sxm", gpu.Filter{Term: gpu.OnDemand, AtLeast: 8})
	if got, err := o.Monthly(); err != nil || got.String() != "40179.2" {
		t.Errorf("monthly = %v, %v", got, err)
	}
	o.Hourly = math.MaxInt64
	if _, err := o.Monthly(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("a month beyond the range of money: %v", err)
	}
}

func TestOfferFaults(t *testing.T) {
	const first = "offers[0] (us-east-1 p5.48xlarge)"
	for old, tt := range map[string]struct{ new, path string }{
		`"breakeven/offers/v1"`:      {`"breakeven/offer"`, "schema"},
		`"vendor": "aws"`:            {`"vendor": ""`, "vendor"},
		`"count": 8`:                 {`"count": 0`, first + ".count"},
		`"accelerator": "h100-sxm"`:  {`"accelerator": ""`, first + ".accelerator"},
		`"on_demand": "55.04"`:       {`"on_demand": "0"`, first + ".usd_per_hour.on_demand"},
		`"on_demand": "55.04", "res`: {`"hourly": "55.04", "res`, first + ".usd_per_hour"},
		`{"on_demand": "6.88"}`:      {`{}`, "offers[1] (us-east-1 p5.4xlarge).usd_per_hour"},
		`"55.04"`:                    {`"55.0400000001"`, "line"},
		`"source": "table"`:          {`"source": "memory"`, first + ".source"},
		`"count": 8, "usd`:           {`"count": 0.333, "usd`, "line"},
	} {
		data := strings.Replace(offerFile, old, tt.new, 1)
		_, err := gpu.ParseOffers("aws.json", []byte(data))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || !strings.HasPrefix(fault.Path, tt.path) {
			t.Errorf("%s for %s: got %v, want a fault at %s", tt.new, old, err, tt.path)
		}
	}
}

func TestNewChecksFigures(t *testing.T) {
	good := gpu.Accelerator{
		ID: "mine", Name: "Mine", Memory: 80 << 30, Bandwidth: 3e12, Link: 4e11,
		Dense: map[gpu.Format]gpu.FLOPS{gpu.BF16: 1e15},
	}
	if _, err := gpu.New(good, fact.ByUser("gpu")); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*gpu.Accelerator){
		"no memory":     func(a *gpu.Accelerator) { a.Memory = 0 },
		"GB for bytes":  func(a *gpu.Accelerator) { a.Memory = 80 },
		"GB/s for B/s":  func(a *gpu.Accelerator) { a.Bandwidth = 3350 },
		"NaN":           func(a *gpu.Accelerator) { a.Link = gpu.BytesPerSecond(math.NaN()) },
		"no BF16":       func(a *gpu.Accelerator) { a.Dense = nil },
		"TFLOPS":        func(a *gpu.Accelerator) { a.Dense = map[gpu.Format]gpu.FLOPS{gpu.BF16: 989} },
		"negative watt": func(a *gpu.Accelerator) { a.TDP = -1 },
	} {
		a := good
		spoil(&a)
		if _, err := gpu.New(a, fact.ByUser("gpu")); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzParseAccelerators(f *testing.F) {
	f.Add([]byte(acceleratorFile))
	f.Add([]byte(`{"schema":"breakeven/gpus/v1","vendor":"x","sources":{},"accelerators":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, _, err := gpu.ParseAccelerators("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, a := range parts {
			if a.Memory <= 0 || !(a.Bandwidth > 0) || !(a.Dense[gpu.BF16] > 0) {
				t.Fatalf("accepted %+v", a)
			}
		}
	})
}

func FuzzParseOffers(f *testing.F) {
	f.Add([]byte(offerFile))
	f.Add([]byte(`{"schema":"breakeven/offers/v1","vendor":"x","sources":{},"offers":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		offers, err := gpu.ParseOffers("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, o := range offers {
			if o.Hourly <= 0 || o.Count < 1 {
				t.Fatalf("accepted %+v", o)
			}
			if _, err := o.Monthly(); err != nil && !errors.Is(err, money.ErrOverflow) {
				t.Fatal(err)
			}
		}
		m := gpu.MarketOf(offers)
		for _, o := range offers {
			found := m.Machine(o.Vendor, o.Region, o.Machine())
			if !slices.Contains(found, o) {
				t.Fatalf("%s is not found by its name, but %v", o.ID(), found)
			}
		}
		all := m.All()
		for i := 1; i < len(all); i++ {
			if all[i-1].Accelerator == all[i].Accelerator && all[i-1].Compare(all[i]) > 0 {
				t.Fatalf("out of order: %v, %v", all[i-1], all[i])
			}
		}
	})
}
