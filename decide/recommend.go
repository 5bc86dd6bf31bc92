package decide

import (
	"fmt"
	"math"

	"breakeven/ledger"
)

// Recommendation is what the quick formula advises once constraints have ruled out what they forbid. Cost
// decides among what is left, with all terms counted.
type Recommendation struct {
	Winner   Winner `json:"winner" enum:"api,self_host,even,none"`
	Headline string `json:"headline"`
	Sentence string `json:"sentence"`
	// APIReasons and SelfReasons say which constraints rule each side out.
	APIReasons  []Reason `json:"api_ruled_out" nullable:"false"`
	SelfReasons []Reason `json:"self_host_ruled_out" nullable:"false"`
	// PriceOfConstraints is what the constraints cost: the side they leave minus the cheaper side.
	PriceOfConstraints ledger.Amount `json:"price_of_constraints_usd_per_month"`
}

// NoSide is the outcome where constraints rule out both sides.
const NoSide Winner = "none"

// Recommend applies constraints to a quick result. The vendor is the API's; self-hosting is on infrastructure of
// one's own, whose attestations are one's own too.
func Recommend(r QuickResult, c Constraints, vendor Vendor) (Recommendation, error) {
	if err := c.check(); err != nil {
		return Recommendation{}, err
	}
	api := Option{Kind: CurrentAPI, closed: true, sees: []Vendor{vendor}}
	self := Option{Kind: RentedGPUs, ChangesModel: true}
	rec := Recommendation{APIReasons: c.judge(&api), SelfReasons: c.judge(&self)}
	all := r.AllTerms
	switch {
	case len(rec.APIReasons) > 0 && len(rec.SelfReasons) > 0:
		rec.Winner, rec.Headline = NoSide, "No option satisfies every constraint"
		rec.Sentence = fmt.Sprintf("The API is out because %s; self-hosting is out because %s.", rec.APIReasons[0].Why, rec.SelfReasons[0].Why)
	case len(rec.APIReasons) > 0:
		rec.Winner, rec.Headline = SelfWins, "Self-host, because the constraints leave nothing else"
		rec.PriceOfConstraints = max(0, all.Gap)
		rec.Sentence = fmt.Sprintf("The API is out because %s. Self-hosting costs $%s a month; %s", rec.APIReasons[0].Why, all.Self.Total, price(rec.PriceOfConstraints))
	case len(rec.SelfReasons) > 0:
		rec.Winner, rec.Headline = APIWins, "Stay on the API, because the constraints leave nothing else"
		rec.PriceOfConstraints = max(0, -all.Gap)
		rec.Sentence = fmt.Sprintf("Self-hosting is out because %s. The API costs $%s a month; %s", rec.SelfReasons[0].Why, all.API.Total, price(rec.PriceOfConstraints))
	default:
		rec.Winner = all.Winner
		switch all.Winner {
		case APIWins:
			rec.Headline = "Stay on the API"
		case SelfWins:
			rec.Headline = "Self-host"
		case Even:
			rec.Headline = "It is a tie: stay where you are"
		case NoSide:
		}
		rec.Sentence = all.Sentence + r.when()
	}
	rec.APIReasons, rec.SelfReasons = append([]Reason{}, rec.APIReasons...), append([]Reason{}, rec.SelfReasons...)
	return rec, nil
}

func price(of ledger.Amount) string {
	if of == 0 {
		return "the constraints cost nothing, because it is the cheaper side anyway."
	}
	return fmt.Sprintf("the constraints cost $%s a month.", of)
}

// when says where the answer flips.
func (r QuickResult) when() string {
	b := r.BreakEven
	if b.Scale == nil {
		return " There is no break-even: " + lowerFirst(b.Never)
	}
	spend := ledger.Number(math.Round(*b.APISpend))
	if r.AllTerms.Winner == SelfWins {
		return fmt.Sprintf(" The API would win below $%s a month of API spend.", spend)
	}
	s := fmt.Sprintf(" Self-hosting wins above $%s a month of API spend", spend)
	if b.Utilization != nil && *b.Utilization > r.Input.Utilization {
		s += ", or above " + inUnit(*b.Utilization, "share") + " utilization"
	}
	return s + "."
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}
