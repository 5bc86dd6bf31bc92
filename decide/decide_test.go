package decide_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/unit"
)

func term(name string, value float64, u string) ledger.Term {
	return ledger.Term{Name: name, Value: value, Unit: u, Provenance: fact.ByUser(name)}
}

func bill(t *testing.T, dollars float64) []ledger.Line {
	t.Helper()
	line, err := ledger.NewLine("api", "API", []ledger.Term{term("api", dollars, "USD/month")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return []ledger.Line{line}
}

// plant is a workload of 10 requests a second with a peak of twice the mean. One replica carries 4 requests a
// second on 2 GPUs of $2.50 an hour; the fleet may be half busy at the peak and keeps one spare.
//
//	replicas: ceil(10 × 2 / (4 × 0.5)) + 1 = 11, which is 22 GPUs
//	GPUs:     22 × 2.50 × 730                            = 40,150
//	staging:  10 % of it                                 =  4,015
//	people:   1.5 × 20,000                               = 30,000
//	tooling:                                                2,000
//	moving:   60,000 / 24                                =  2,500
//	total                                                  78,665
func plant(t *testing.T, current, hosted float64) decide.Problem {
	t.Helper()
	p := decide.Problem{
		Demand:  decide.Demand{Mean: 10, Load: []float64{0, 1, 1, 2}, Bucket: "hour"},
		Current: decide.API{ID: "acme/closed", Name: "Acme Closed", Vendor: "acme", Lines: bill(t, current)},
		Fleets: []decide.FleetPlan{{
			ID: "open on 2 gpus", Name: "open on 2 GPUs", Weights: "open", Vendor: "rental",
			Capacity: term("capacity", 4, "req/s"), GPUs: term("GPUs per replica", 2, "GPUs"), GPUHour: term("price", 2.5, "USD/GPU-hour"),
		}},
		Costs: decide.Costs{
			FTE: term("people", 1.5, "FTE"), Loaded: term("loaded", 20000, "USD/month"), Tooling: term("tooling", 2000, "USD/month"),
			Migration: term("migration", 60000, "USD"), Horizon: term("horizon", 24, "months"),
			NonProduction: term("non-production", 0.1, "share"), Busy: term("busy", 0.5, "share"), Spare: term("spare", 1, "replicas"),
		},
	}
	if hosted > 0 {
		p.Hosted = []decide.API{{ID: "host/open", Name: "Open at Host", Vendor: "host", Weights: "open", Lines: bill(t, hosted)}}
	}
	return p
}

func decided(t *testing.T, p decide.Problem) decide.Decision {
	t.Helper()
	d, err := decide.Decide(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func option(t *testing.T, d decide.Decision, kind decide.Kind) decide.Option {
	t.Helper()
	for _, o := range d.Options {
		if o.Kind == kind {
			return o
		}
	}
	t.Fatalf("no %s among the options", kind)
	return decide.Option{}
}

func TestLedgerOfAFleet(t *testing.T) {
	o := option(t, decided(t, plant(t, 100000, 0)), decide.RentedGPUs)
	if o.Replicas != 11 || o.GPUs != 22 {
		t.Errorf("%d replicas on %d GPUs", o.Replicas, o.GPUs)
	}
	for id, want := range map[string]string{"gpu": "40,150", "non_production": "4,015", "people": "30,000", "tooling": "2,000", "migration": "2,500"} {
		if l, ok := o.Ledger.Line(id); !ok || l.Amount.String() != want {
			t.Errorf("%s = %s, want %s", id, l.Amount, want)
		}
	}
	if o.Ledger.Total.String() != "78,665" {
		t.Errorf("total %s", o.Ledger.Total)
	}
	if l, _ := o.Ledger.Line("gpu"); l.Formula != "11 replicas × 2 GPUs × $2.5/GPU-hour × 730 h" {
		t.Errorf("formula %q", l.Formula)
	}
}

// The base load on n replicas of 2 requests a second at half busy, the rest at $60,000 × the share above it.
// Load per quarter of the time is 0, 10, 10, 20 requests a second, 40 in all.
//
//	n = 5 carries 10: serves 0 + 10 + 10 + 10 = 30 of 40, spills 25 %.
//	Each replica costs 2 × 2.5 × 730 × 1.1 = 4,015. The first five save 60,000 × 3 × 2 / 40 = 9,000 each, the
//	next five 60,000 × 2 / 40 = 3,000 each: so five.
func TestHybridStopsWhereAReplicaNoLongerPays(t *testing.T) {
	d := decided(t, plant(t, 100000, 60000))
	o := option(t, d, decide.Hybrid)
	if o.Replicas != 5 || o.Served != 0.75 {
		t.Errorf("%d replicas serve %v", o.Replicas, o.Served)
	}
	// 5 × 4,015 + 30,000 + 2,000 + 2,500 + 25 % of 60,000 = 69,575
	if o.Ledger.Total.String() != "69,575" {
		t.Errorf("total %s", o.Ledger.Total)
	}
	if d.Verdict.Kind != decide.HostedOpen || d.Verdict.Saves.String() != "40,000" {
		t.Errorf("verdict %+v", d.Verdict)
	}
}

// fixed 34,500, a replica 4,015, a step of 4 × 0.5 / 20 = 0.1 of the workload, one spare. Against $100,000 a
// loaded replica saves 10,000 - 4,015 = 5,985, so n = ceil((34,500 + 4,015) / 5,985) = 7: cost 66,620, which
// $100,000 × s reaches at 0.6662. For good: ceil((38,515 + 10,000) / 5,985) - 1 = 8, (34,500 + 9 × 4,015) /
// 100,000 = 0.70635.
func TestBreakEvenOnTheStaircase(t *testing.T) {
	d := decided(t, plant(t, 100000, 0))
	b := d.BreakEvens[0]
	if !near(*b.First, 0.6662) || !near(*b.ForGood, 0.70635) || b.Replicas != 8 {
		t.Errorf("break-even %v, for good %v, %d replicas", *b.First, *b.ForGood, b.Replicas)
	}
}

func TestBreakEvenNever(t *testing.T) {
	d := decided(t, plant(t, 30000, 0))
	b := d.BreakEvens[0]
	if b.First != nil || !strings.Contains(b.Never, "$40,150") || !strings.Contains(b.Never, "25.3 %") {
		t.Errorf("first %v, never %q", b.First, b.Never)
	}
	if d.Verdict.Kind != decide.CurrentAPI {
		t.Errorf("verdict %+v", d.Verdict)
	}
}

// At the break-even both sides are equal, below it the fleet is dearer, and from ForGood on it never is again.
func TestBreakEvenIsWhereTheOptionsMeet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		p := plant(t, 20000+rng.Float64()*300000, 0)
		p.Fleets[0].Capacity.Value = 0.5 + rng.Float64()*20
		p.Costs.Spare.Value = float64(rng.IntN(3))
		p.Costs.FTE.Value = rng.Float64() * 4
		b := decided(t, p).BreakEvens[0]
		at := func(s float64) (self, api float64) {
			q := p
			q.Demand.Mean = unit.RequestsPerSecond(float64(p.Demand.Mean) * s)
			q.Current.Lines = bill(t, p.Current.Total().Dollars()*s)
			d := decided(t, q)
			return option(t, d, decide.RentedGPUs).Ledger.Total.Dollars(), q.Current.Total().Dollars()
		}
		if b.First == nil {
			if self, api := at(1000); self <= api {
				t.Fatalf("never, but at 1,000 x the fleet costs %v and the API %v", self, api)
			}
			continue
		}
		const cent = 0.02
		if self, api := at(*b.First); self > api*(1+1e-6)+cent {
			t.Fatalf("at the break-even %v the fleet costs %v and the API %v", *b.First, self, api)
		}
		for _, x := range []float64{0.999, 0.9, 0.5, 0.1} {
			if self, api := at(*b.First * x); self < api*(1-1e-6)-cent {
				t.Fatalf("below the break-even, at %v x, the fleet is cheaper: %v < %v", x, self, api)
			}
		}
		for _, x := range []float64{1.0001, 1.01, 1.1, 1.37, 2, 5} {
			if self, api := at(*b.ForGood * x); self > api*(1+1e-6)+cent {
				t.Fatalf("above the last crossing, at %v x, the fleet is dearer: %v > %v", x, self, api)
			}
		}
	}
}

func TestConstraintsFilterAndHaveAPrice(t *testing.T) {
	base := plant(t, 100000, 60000)
	base.Hosted[0].Attests = map[string]decide.Attestation{"soc2": {Stated: true, Met: true}}
	for name, tt := range map[string]struct {
		set   decide.Constraints
		want  decide.Kind
		price string
	}{
		"none":               {decide.Constraints{}, decide.HostedOpen, "0"},
		"data stays inside":  {decide.Constraints{DataInside: true}, decide.RentedGPUs, "18,665"},
		"latency":            {decide.Constraints{LowLatency: true}, decide.RentedGPUs, "18,665"},
		"today's quality":    {decide.Constraints{ModelQuality: true}, decide.CurrentAPI, "40,000"},
		"bursty":             {decide.Constraints{Elastic: true}, decide.HostedOpen, "0"},
		"no lock-in":         {decide.Constraints{Portable: true}, decide.HostedOpen, "0"},
		"no team":            {decide.Constraints{NoMLOps: true}, decide.HostedOpen, "0"},
		"attested":           {decide.Constraints{Compliance: []string{"soc2"}}, decide.HostedOpen, "0"},
		"nobody attests":     {decide.Constraints{Compliance: []string{"fedramp_high"}}, decide.RentedGPUs, "18,665"},
		"they contradict":    {decide.Constraints{DataInside: true, NoMLOps: true}, "", "0"},
		"bursty, no lock-in": {decide.Constraints{Elastic: true, Portable: true, NoMLOps: true}, decide.HostedOpen, "0"},
	} {
		p := base
		p.Constraints = tt.set
		d := decided(t, p)
		if d.Verdict.Kind != tt.want || d.Verdict.PriceOfConstraints.String() != tt.price {
			t.Errorf("%s: %q at a price of %s, want %q at %s", name, d.Verdict.Kind, d.Verdict.PriceOfConstraints, tt.want, tt.price)
		}
	}
	if len(decide.ConstraintList()) != 7 {
		t.Errorf("the guide has seven constraints, the table %d", len(decide.ConstraintList()))
	}
	base.Constraints.Compliance = []string{"iso"}
	if _, err := decide.Decide(base); err == nil {
		t.Error("an unknown attestation was accepted")
	}
}

func TestOrderOfCandidatesChangesNothing(t *testing.T) {
	p := plant(t, 100000, 60000)
	for i := range 5 {
		f := p.Fleets[0]
		f.ID = string(rune('a'+i)) + " on 2 gpus"
		f.GPUHour.Value = 2.4 + float64(i%2)/10
		p.Fleets = append(p.Fleets, f)
		h := p.Hosted[0]
		h.ID = string(rune('a'+i)) + "/open"
		p.Hosted = append(p.Hosted, h)
	}
	want := decided(t, p)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		q := p
		q.Fleets, q.Hosted = slices.Clone(p.Fleets), slices.Clone(p.Hosted)
		rng.Shuffle(len(q.Fleets), func(i, j int) { q.Fleets[i], q.Fleets[j] = q.Fleets[j], q.Fleets[i] })
		rng.Shuffle(len(q.Hosted), func(i, j int) { q.Hosted[i], q.Hosted[j] = q.Hosted[j], q.Hosted[i] })
		if got := decided(t, q); !reflect.DeepEqual(got, want) {
			t.Fatal("the decision depends on the order of the candidates")
		}
	}
}

func TestMissingPriceNeverWins(t *testing.T) {
	p := plant(t, 100000, 10)
	p.Hosted[0].Missing = []string{"audio input"}
	d := decided(t, p)
	if d.Verdict.Kind == decide.HostedOpen {
		t.Error("an option without a price for its audio won")
	}
	// Today's bill as a lower bound of 100,000: what costs less than that still wins, and says so.
	p.Current.Missing = []string{"audio input"}
	if d := decided(t, p); d.Verdict.Kind == decide.CurrentAPI || d.Verdict.Confidence != decide.Low || !strings.Contains(d.Verdict.Sentence, "lower bound") {
		t.Errorf("an incomplete bill is not said to be one: %+v", d.Verdict)
	}
	// As a lower bound of 1,000 it is the cheapest that is known, which is no verdict.
	p.Current.Lines = bill(t, 1000)
	if d := decided(t, p); d.Verdict.Option != "" || !strings.Contains(d.Verdict.Headline, "No verdict") || !strings.Contains(d.Verdict.Sentence, "audio input") {
		t.Errorf("a lower bound won: %+v", d.Verdict)
	}
}

func TestFlipsOfAFleetAreExact(t *testing.T) {
	for _, current := range []float64{60000, 100000} {
		p := plant(t, current, 0)
		p.Demand.Load = []float64{1} // a level load: the hybrid has no peak to send away
		flips := decided(t, p).Verdict.Flips
		if len(flips) < 4 {
			t.Errorf("only %d flips", len(flips))
		}
		for _, f := range flips {
			q := p
			q.Fleets = slices.Clone(p.Fleets)
			switch f.Input {
			case "scale":
				q.Demand.Mean = unit.RequestsPerSecond(float64(p.Demand.Mean) * f.To)
				q.Current.Lines = bill(t, current*f.To)
			case "api_price":
				q.Current.Lines = bill(t, f.To)
			case "gpu_price":
				q.Fleets[0].GPUHour.Value = f.To
			case "people.fte":
				q.Costs.FTE.Value = f.To
			case "tooling":
				q.Costs.Tooling.Value = f.To
			case "migration.one_off":
				q.Costs.Migration.Value = f.To
			case "capacity":
				q.Fleets[0].Capacity.Value = f.To
			default:
				t.Fatalf("unknown input %q", f.Input)
			}
			gap := ledger.Amount(math.MaxInt64)
			after := decided(t, q)
			for _, o := range after.Options {
				if o.Replicas > 0 {
					gap = min(gap, o.Ledger.Total-q.Current.Total())
				}
			}
			if f.Input == "capacity" && gap <= 0 { // a whole step: level or past it
				continue
			}
			if math.Abs(gap.Dollars()) > 0.02 {
				t.Errorf("API at %v: after %q the gap is $%s", current, f.Sentence, gap)
			}
		}
	}
}

func TestProblemRefusesWhatCannotBe(t *testing.T) {
	for field, change := range map[string]func(*decide.Problem){
		"workload":               func(p *decide.Problem) { p.Demand.Mean = 0 },
		"people.fte":             func(p *decide.Problem) { p.Costs.FTE.Value = -1 },
		"horizon_months":         func(p *decide.Problem) { p.Costs.Horizon.Value = 0 },
		"fleet.busy_at_peak":     func(p *decide.Problem) { p.Costs.Busy.Value = math.NaN() },
		"fleet open on 2 gpus":   func(p *decide.Problem) { p.Fleets[0].Capacity.Value = 0 },
		"constraints.compliance": func(p *decide.Problem) { p.Constraints.Compliance = []string{"x"} },
		"fleet.spare_replicas":   func(p *decide.Problem) { p.Costs.Spare.Value = 1e9 },
		"people.loaded_monthly":  func(p *decide.Problem) { p.Costs.Loaded.Value = math.Inf(1) },
		"fleet.non_production":   func(p *decide.Problem) { p.Costs.NonProduction.Value = -0.1 },
		"migration.one_off":      func(p *decide.Problem) { p.Costs.Migration.Value = -5 },
	} {
		p := plant(t, 100000, 0)
		change(&p)
		_, err := decide.Decide(p)
		if fault, ok := errors.AsType[*decide.FieldError](err); !ok || fault.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	p := plant(&testing.T{}, 100000, 60000)
	p.Demand.Load = make([]float64, 730)
	for i := range p.Demand.Load {
		p.Demand.Load[i] = 1 + math.Sin(float64(i)/4)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decide.Decide(p); err != nil {
			b.Fatal(err)
		}
	}
}
