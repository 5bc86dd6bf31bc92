package catalog_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
)

func models(t testing.TB) *llm.Catalog {
	t.Helper()
	c, err := catalog.Models()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The sizes that makers publish follow from the architectures, in billions of parameters: the total, and those
// that a token passes through where the maker states them.
func TestPublishedSizes(t *testing.T) {
	c := models(t)
	for id, want := range map[string]struct{ total, active float64 }{
		"llama-3.1-8b":          {8.03, 0},
		"llama-3.1-70b":         {70.6, 0},
		"llama-3.1-405b":        {405.9, 0},
		"mixtral-8x7b":          {46.7, 12.9},
		"mixtral-8x22b":         {140.6, 39.1},
		"qwen3-8b":              {8.2, 0},
		"qwen3-32b":             {32.8, 0},
		"qwen3-30b-a3b":         {30.5, 3.35},
		"qwen3-235b-a22b":       {235.1, 22.2},
		"qwen3-coder-480b-a35b": {480.2, 35.5},
		"qwen3.5-27b":           {26.9, 0},
		"qwen3.5-397b-a17b":     {396.4, 17.4},
		"deepseek-v3":           {671.0, 37.6},
		"kimi-k2":               {1026.4, 32.9},
		"gpt-oss-20b":           {20.9, 4.2},
		"gpt-oss-120b":          {116.8, 5.7},
		"llama-4-maverick":      {400.7, 17.2},
		"llama-4-scout":         {107.8, 17.2},
		"deepseek-v4-flash":     {283.8, 13.2},
		"deepseek-v4-pro":       {1571.6, 48.4},
		"glm-4.5":               {352.8, 33.6},
		"glm-5":                 {743.9, 41.8},
	} {
		m, err := c.Model(id)
		if err != nil {
			t.Error(err)
			continue
		}
		n := m.Parameters()
		near := func(got int64, want float64) bool { return math.Abs(float64(got)/1e9/want-1) < 0.007 }
		if !near(n.Total(), want.total) || want.active > 0 && !near(n.Active(), want.active) {
			t.Errorf("%s: %.2f and %.2f billion, want %g and %g", id, float64(n.Total())/1e9, float64(n.Active())/1e9, want.total, want.active)
		}
	}
}

// Bytes that a token takes in the cache in 16 bits.
func TestKVBytesPerToken(t *testing.T) {
	c := models(t)
	for id, want := range map[string]llm.Bytes{
		"llama-3.1-8b": 131_072, "llama-3.1-70b": 327_680, "llama-3.1-405b": 516_096, "qwen3-8b": 147_456,
		"deepseek-v3": 70_272, "gpt-oss-120b": 73_728, "deepseek-v4-flash": 6_880, "deepseek-v4-pro": 9_848,
	} {
		m, err := c.Model(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := m.KVBytesPerToken(llm.BF16); got != want {
			t.Errorf("%s: %v bytes, want %v", id, got, want)
		}
	}
}

// What rests on our own reading says so.
func TestModelEvidence(t *testing.T) {
	for _, m := range models(t).All() {
		if m.Provenance.Source == "" || m.Provenance.URL == "" {
			t.Errorf("%s: architecture from %+v", m, m.Provenance)
		}
		if m.Compressed != nil && (m.Provenance.Kind != fact.Inferred || m.Provenance.Rule == "") {
			t.Errorf("%s: compressed attention is inferred, not %s", m, m.Provenance.Kind)
		}
		if m.Licence.Name != "" && m.Licence.Provenance.Kind != fact.Inferred {
			t.Errorf("%s: no licence was read again, so it is inferred, not %s", m, m.Licence.Provenance.Kind)
		}
	}
}

func TestAccelerators(t *testing.T) {
	c, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		gib, terabytes float64
		fp8            gpu.FLOPS
	}{
		"h100-sxm":     {80, 3.35, 1978e12},
		"b200-sxm":     {180, 7.7, 4500e12},    // usable, not the 192 GB of some data sheets
		"l40s":         {44.99, 0.864, 733e12}, // dense, not the 1,466 with sparsity
		"a100-sxm-40":  {39.49, 1.555, 0},
		"mi300x":       {192, 5.3, 2614.9e12},
		"rtx-pro-6000": {95.59, 1.792, 936e12},
	} {
		a, err := c.Accelerator(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if math.Abs(a.Memory.GiB()-want.gib) > 0.01 || float64(a.Bandwidth) != want.terabytes*1e12 || a.Dense[gpu.FP8] != want.fp8 {
			t.Errorf("%s: %.2f GiB, %g B/s, FP8 %g", id, a.Memory.GiB(), float64(a.Bandwidth), float64(a.Dense[gpu.FP8]))
		}
	}
	for _, a := range c.All() {
		for _, f := range []gpu.Figure{gpu.MemoryFigure, gpu.BandwidthFigure, gpu.FLOPSFigure, gpu.LinkFigure} {
			if p := a.Provenance(f); !p.Kind.Valid() || p.Source == "" {
				t.Errorf("%s %s comes from %+v", a, f, p)
			}
		}
		// Narrower formats are never slower.
		if fp8, ok := a.Dense[gpu.FP8]; ok && fp8 < a.Dense[gpu.BF16] {
			t.Errorf("%s: FP8 %g below BF16", a, float64(fp8))
		}
	}
	if _, err := c.Accelerator("gh200"); err == nil || !strings.Contains(err.Error(), "no source") {
		t.Errorf("a part without a source is left out, and says so: %v", err)
	}
}

func TestOffers(t *testing.T) {
	market, err := catalog.Offers()
	if err != nil {
		t.Fatal(err)
	}
	parts, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range market.All() {
		if _, err := parts.Accelerator(o.Accelerator); err != nil {
			t.Errorf("%s: %v", o.ID(), err)
		}
		// From the cheapest community machine to a GB200 in the dearest region: a slip of unit falls outside.
		if per := o.PerGPU(); per < 0.15 || per > 60 {
			t.Errorf("%s: %g dollars an hour for each accelerator", o.ID(), float64(per))
		}
		if seen[o.ID()] {
			t.Errorf("%s appears twice", o.ID())
		}
		seen[o.ID()] = true
		if _, err := o.Monthly(); err != nil {
			t.Error(err)
		}
		if o.Vendor == "gcp" && o.Term == gpu.Spot && !strings.HasPrefix(o.Region, "us-") {
			t.Errorf("%s: spot prices outside the United States are not credible", o.ID())
		}
		if o.Provenance.Source == "" {
			t.Errorf("%s has no source", o.ID())
		}
	}
	// Commitment costs less than none.
	machine := func(o gpu.Offer) string { return strings.TrimSuffix(o.ID(), string(o.Term)) }
	onDemand := map[string]gpu.Offer{}
	for _, o := range market.All() {
		if o.Term == gpu.OnDemand {
			onDemand[machine(o)] = o
		}
	}
	for _, o := range market.All() {
		if base, ok := onDemand[machine(o)]; ok && o.Hourly > base.Hourly {
			t.Errorf("%s costs %s, on demand %s", o.ID(), o.Hourly, base.Hourly)
		}
	}
	o, ok := market.Cheapest("h100-sxm", gpu.Filter{Vendor: "aws", Region: "us-east-1", Term: gpu.OnDemand, AtLeast: 8})
	if !ok || o.Hourly.String() != "55.04" || o.Provenance.Date != "2026-07-20" {
		t.Errorf("AWS p5.48xlarge: %+v, %v", o, ok)
	}
}

func TestCompliance(t *testing.T) {
	book, err := catalog.Compliance()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		provider, question string
		yes, known         bool
	}{
		{"azure", "fedramp_high", true, true},
		{"bedrock", "fedramp_high", true, true},
		{"vertex", "fedramp_high", true, true},
		{"openai", "fedramp_high", false, true}, // 20x Moderate
		{"openai", "hipaa_baa", true, true},
		{"anthropic", "eu_residency", false, true},
		{"anthropic", "fedramp_high", false, false}, // nothing is stated: neither yes nor no
		{"mistral", "eu_residency", true, true},
		{"groq", "soc2", false, false},
	} {
		s, yes, known := book.Answer(tt.provider, tt.question)
		if yes != tt.yes || known != tt.known {
			t.Errorf("%s %s: %v, %v (%+v)", tt.provider, tt.question, yes, known, s)
		}
		if known && (s.Provenance.Source == "" || s.Stated == "") {
			t.Errorf("%s %s: no source or date: %+v", tt.provider, tt.question, s)
		}
	}
	s, _, _ := book.Answer("azure", "fedramp_high") // stated in 2024-09
	if !s.Stale(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)) || s.Stale(time.Date(2024, 10, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v: staleness", s)
	}
	if got := len(book.Provider("openai")); got != 9 {
		t.Errorf("%d statements about openai", got)
	}
}

const complianceFile = `{"schema":"breakeven/compliance/v1","sources":{"s":{"kind":"published","source":"page"}},"statements":[
{"provider":"p","vendor":"P","surface":"API","attribute":"soc2","value":"yes","answers":{"soc2":true},"stated":"2026-07-05","confidence":"high","source":"s"}]}`

func TestComplianceFaults(t *testing.T) {
	if _, err := catalog.ParseCompliance("x.json", []byte(complianceFile)); err != nil {
		t.Fatal(err)
	}
	for old, tt := range map[string]struct{ new, path string }{
		`/v1"`:                  {`/v2"`, "schema"},
		`"value":"yes"`:         {`"value":""`, "statements[0].value"},
		`"stated":"2026-07-05"`: {`"stated":"July"`, "statements[0].stated"},
		`"confidence":"high"`:   {`"confidence":"sure"`, "statements[0].confidence"},
		`{"soc2":true}`:         {`{"soc9":true}`, "statements[0].answers"},
		`"source":"s"`:          {`"source":"t"`, "statements[0].source"},
		`"surface"`:             {`"product"`, "line"},
	} {
		_, err := catalog.ParseCompliance("x.json", []byte(strings.Replace(complianceFile, old, tt.new, 1)))
		if fault, ok := errors.AsType[*datafile.Error](err); !ok || !strings.HasPrefix(fault.Path, tt.path) {
			t.Errorf("%s for %s: %v", tt.new, old, err)
		}
	}
}

func FuzzParseCompliance(f *testing.F) {
	f.Add([]byte(complianceFile))
	f.Fuzz(func(t *testing.T, data []byte) {
		statements, err := catalog.ParseCompliance("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, s := range statements {
			if s.Provider == "" || s.Provenance.Source == "" {
				t.Fatalf("accepted %+v", s)
			}
		}
	})
}

func BenchmarkOffers(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.Offers(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkModels(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.Models(); err != nil {
			b.Fatal(err)
		}
	}
}
