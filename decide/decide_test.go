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
		Current: decide.API{ID: "acme/closed", Name: "Acme Closed", Vendors: []decide.Vendor{{ID: "acme", Name: "Acme"}}, Lines: bill(t, current)},
		Fleets: []decide.FleetPlan{{
			ID: "open on 2 gpus", Name: "open on 2 GPUs", Weights: "open", Vendor: decide.Vendor{ID: "rental", Name: "Rental"},
			Capacity: term("capacity", 4, "req/s"), GPUs: term("GPUs per replica", 2, "GPUs"), GPUHour: term("price", 2.5, "USD/GPU-hour"),
		}},
		Costs: decide.Costs{
			FTE: term("people", 1.5, "FTE"), Loaded: term("loaded", 20000, "USD/month"), Tooling: term("tooling", 2000, "USD/month"),
			Migration: term("migration", 60000, "USD"), Horizon: term("horizon", 24, "months"),
			NonProduction: term("non-production", 0.1, "share"), Busy: term("busy", 0.5, "share"), Spare: term("spare", 1, "replicas"),
		},
	}
	if hosted > 0 {
		p.Hosted = []decide.API{{ID: "host/open", Name: "Open at Host", Vendors: []decide.Vendor{{ID: "host", Name: "Host"}}, Weights: "open", Lines: bill(t, hosted)}}
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
	base.Hosted[0].Vendors[0].Attests = map[string]decide.Attestation{"soc2": {Stated: true, Met: true}}
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
		"nobody attests":     {decide.Constraints{Compliance: []string{"fedramp_high"}}, "", "0"},
		"checked by hand":    {decide.Constraints{Compliance: []string{"fedramp_high"}, Attested: []string{"Rental"}}, decide.RentedGPUs, "18,665"},
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

// Put in alone, every flip brings the cheapest way with GPUs level with the cheapest way without, or, where a
// fleet's cost jumps there, turns which of them is cheaper.
func TestFlipsAreExact(t *testing.T) {
	for name, p := range map[string]decide.Problem{
		"the API wins": plant(t, 60000, 0), "GPUs win": plant(t, 100000, 0), "a host wins": plant(t, 100000, 60000),
		"a level load": func() decide.Problem { p := plant(t, 60000, 0); p.Demand.Load = []float64{1}; return p }(),
	} {
		flips := decided(t, p).Verdict.Flips
		if len(flips) < 4 {
			t.Errorf("%s: only %d flips", name, len(flips))
		}
		moved := func(f decide.Flip, x float64) ledger.Amount {
			q := p
			q.Fleets, q.Hosted = slices.Clone(p.Fleets), slices.Clone(p.Hosted)
			times := func(to *decide.API, x float64) { to.Lines = bill(t, to.Total().Dollars()*x) }
			switch f.Input {
			case "scale":
				q.Demand.Mean = unit.RequestsPerSecond(float64(p.Demand.Mean) * x)
				times(&q.Current, x)
				for i := range q.Hosted {
					times(&q.Hosted[i], x)
				}
			case "api_price":
				if len(q.Hosted) > 0 {
					times(&q.Hosted[0], x/q.Hosted[0].Total().Dollars())
				} else {
					times(&q.Current, x/q.Current.Total().Dollars())
				}
			case "gpu_price":
				q.Fleets[0].GPUHour.Value = x
			case "people.fte":
				q.Costs.FTE.Value = x
			case "tooling":
				q.Costs.Tooling.Value = x
			case "migration.one_off":
				q.Costs.Migration.Value = x
			case "capacity":
				q.Fleets[0].Capacity.Value = x
			default:
				t.Fatalf("unknown input %q", f.Input)
			}
			with, without := ledger.Amount(math.MaxInt64), ledger.Amount(math.MaxInt64)
			for _, o := range decided(t, q).Options {
				if o.Replicas > 0 {
					with = min(with, o.Ledger.Total)
				} else {
					without = min(without, o.Ledger.Total)
				}
			}
			return with - without
		}
		for _, f := range flips {
			at := moved(f, f.To)
			if at >= -3 && at <= 3 { // level, but for cents
				continue
			}
			nearer := moved(f, f.To+(f.From-f.To)*1e-6)
			if (at > 0) == (nearer > 0) {
				t.Errorf("%s: %q leaves a gap of $%s, and $%s just before it", name, f.Sentence, at, nearer)
			}
		}
	}
}

// Two fleets: one cheap and small, one dear and large. The small one is the cheapest today; the large one is the
// first to reach the API as the workload grows, and that is the break-even.
func TestBreakEvenIsThatOfTheFirstFleet(t *testing.T) {
	p := plant(t, 25000, 0)
	p.Costs.Spare.Value = 0
	p.Fleets[0].Capacity.Value = 0.4
	large := p.Fleets[0]
	large.ID, large.Name = "large", "large"
	large.Capacity.Value, large.GPUs.Value = 4, 8 // ten times the load for four times the rent
	p.Fleets = append(p.Fleets, large)
	p.Demand.Mean, p.Demand.Load = 0.5, []float64{1}
	d := decided(t, p)
	if o := option(t, d, decide.RentedGPUs); o.GPUs != 6 {
		t.Fatalf("today's cheapest fleet has %d GPUs", o.GPUs)
	}
	b := d.BreakEvens[0]
	if b.Fleet != "rented_gpus:large" || b.First == nil {
		t.Fatalf("%+v", b)
	}
	// The large one: 34,500 fixed + 8 x 2.5 x 730 x 1.1 = 50,560 for up to four times the workload, 2.0224 x 25,000.
	// The small one needs six machines to save enough: 34,500 + 6 x 4,015 = 58,590, 2.34 x 25,000.
	if !near(*b.First, 2.0224) {
		t.Errorf("break-even at %v", *b.First)
	}
}

// A hybrid's peaks go to the cheapest host that the constraints allow, not to the cheapest of all.
func TestHybridSpillsWhereItMay(t *testing.T) {
	p := plant(t, 300000, 200000)
	second := p.Hosted[0]
	second.ID, second.Name, second.Lines = "attested/open", "Open at Attested", bill(t, 220000)
	second.Vendors = []decide.Vendor{{ID: "attested", Name: "Attested", Attests: map[string]decide.Attestation{"soc2": {Stated: true, Met: true}}}}
	p.Hosted = append(p.Hosted, second)
	p.Constraints = decide.Constraints{Elastic: true, Compliance: []string{"soc2"}, Attested: []string{"rental"}}
	o := option(t, decided(t, p), decide.Hybrid)
	if !o.Feasible || !strings.Contains(o.Name, "Attested") {
		t.Errorf("%s, feasible %v: %v", o.Name, o.Feasible, o.Reasons)
	}
}

// The same weights at another host are the same model.
func TestSameWeightsAreTheSameModel(t *testing.T) {
	p := plant(t, 100000, 60000)
	p.Current.Weights = "open"
	p.Constraints.ModelQuality = true
	d := decided(t, p)
	if o := option(t, d, decide.HostedOpen); o.ChangesModel || !o.Feasible || d.Verdict.Kind != decide.HostedOpen {
		t.Errorf("%+v", o)
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
