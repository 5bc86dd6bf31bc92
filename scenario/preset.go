package scenario

import (
	"breakeven/decide"
)

// Preset is a scenario of the guide that the product was asked from, with what the guide says about it.
type Preset struct {
	ID    string `json:"id"`
	Group string `json:"group" enum:"team,application" doc:"Team sizes are tabs; applications load into the calculator."`
	Name  string `json:"name"`
	Story string `json:"story" doc:"The situation in our words."`
	// Claim is the guide's verdict, and Says which reading of the terms bears it out.
	Claim    string             `json:"claim" doc:"The guide's verdict."`
	Says     string             `json:"says" doc:"How the claim relates to its own terms."`
	Contests bool               `json:"contests" doc:"The claim's sign differs from the terms that the guide prints under it."`
	Assumed  string             `json:"assumed,omitempty" doc:"Parts that the guide does not print and this preset assumes."`
	Parts    decide.Quick       `json:"parts"`
	Limits   decide.Constraints `json:"constraints,omitzero"`
}

// actual is the utilization at which the guide's middle tab is right: it makes an $8K GPU bill at a 70 %
// design point $15K, so that 15 + 25 + 7 = 47 is 7 above the API's 40.
const actual = 0.7 * 8 / 15

// Why a preset's part is what it is, where the guide does not print it.
const (
	middleTab  = "that of the guide's middle tab"
	solved     = "solved from the guide's own verdicts"
	notPrinted = "the guide does not print it; the preset's note says how it was chosen"
)

func assume(why string, inputs ...string) []decide.Assumption {
	list := make([]decide.Assumption, 0, len(inputs))
	for _, in := range inputs {
		list = append(list, decide.Assumption{Input: in, Why: why})
	}
	return list
}

// presets is the table of the guide's scenarios.
var presets = []Preset{
	{
		ID: "small", Group: "team", Name: "Small", Story: "A small team with a $10K bill looks at one GPU and part of an engineer.",
		Claim: "The API wins by about $10K a month.", Says: "Its terms say the same: 5 + 15 = 20 against 10. With all terms the gap is wider.",
		Parts:   decide.Quick{API: 10000, GPU: 5000, Ops: 15000, Tooling: 7000, Utilization: actual, Design: 0.7, Assumed: assume(middleTab, "tooling", "utilization", "design_utilization")},
		Assumed: "Tooling, migration and utilization are those of the middle tab; the guide prints none here.",
	},
	{
		ID: "growth", Group: "team", Name: "Growth", Story: "A 200-person company pays $40K a month for a closed model, and the CFO asks about GPUs.",
		Claim: "The API still wins by $7K a month; 70 % utilization makes them break even; revisit above $60K.", Contests: true,
		Says:    "As printed, 8 + 25 = 33 is less than 40, so self-hosting would win by 7. All three statements hold together if $8K is the GPU bill at a 70 % design point, real utilization is 37 %, and $7K of tooling and migration is counted: 15 + 25 + 7 = 47.",
		Parts:   decide.Quick{API: 40000, GPU: 8000, Ops: 25000, Tooling: 7000, Utilization: actual, Design: 0.7, Assumed: assume(solved, "tooling", "utilization")},
		Assumed: "The $7K and the 37 % are not printed; they are the one pair that makes every statement true at once.",
	},
	{
		ID: "scale", Group: "team", Name: "Scale", Story: "A $150K bill, steady traffic, and two people whose job it would be.",
		Claim: "Self-hosting saves $75K a month, $900K a year.", Says: "Its terms say the same: 35 + 40 = 75 against 150. Even at 37 % utilization and with $7K of tooling it saves 37.",
		Parts:   decide.Quick{API: 150000, GPU: 35000, Ops: 40000, Tooling: 7000, Utilization: actual, Design: 0.7, Assumed: assume(middleTab, "tooling", "utilization", "design_utilization")},
		Assumed: "Tooling, migration and utilization are those of the middle tab.",
	},
	{
		ID: "consumer", Group: "application", Name: "Consumer app", Story: "A consumer product with predictable load, busy day and night.",
		Claim: "Self-hosting saves $105K a month, 53 %, more than $1M a year.", Says: "A saving of 105 that is 53 % means 198.1 for the API and 93.1 for self-hosting, and 1.26M a year. With $7K of tooling it saves 98. That it is mandatory is no result of arithmetic.",
		Parts:   decide.Quick{API: 198113.21, GPU: 53113.21, Ops: 40000, Tooling: 7000, Utilization: 0.7, Design: 0.7, Assumed: assume(notPrinted, "api", "gpu", "ops", "tooling", "utilization", "design_utilization")},
		Assumed: "The guide prints the saving only; both bills follow from it, and the split of the 93.1 into GPUs and people is assumed.",
	},
	{
		ID: "regulated", Group: "application", Name: "Regulated, on premises", Story: "Healthcare or government work whose data may not leave the building.",
		Claim: "Self-hosting costs $42K against $25K, and wins because compliance forbids the API.", Says: "True as a constraint, and the constraint has a price: 42 - 25 = $17K a month. It is not an infinite multiplier.",
		Parts:  decide.Quick{API: 25000, GPU: 17000, Ops: 25000, Tooling: 7000, Utilization: 0.7, Design: 0.7, Assumed: assume(notPrinted, "gpu", "ops", "tooling", "utilization", "design_utilization")},
		Limits: decide.Constraints{DataInside: true}, Assumed: "The split of the 42 into GPUs and people, and that GPUs are used as designed.",
	},
	{
		ID: "bursty", Group: "application", Name: "Bursty", Story: "A $50K bill with traffic that is idle three quarters of the time.",
		Claim: "The API wins in spite of the high bill.", Contests: true,
		Says:    "As printed, 40 is less than 50, so self-hosting would win by 10. If the $40K is $8K of GPUs at a 70 % design point plus $32K of people and tooling, 25 % utilization makes the GPUs 22.4 and the total 54.4: then the API wins by 4.4. If the $40K already pays for the idle hours, the guide is wrong.",
		Parts:   decide.Quick{API: 50000, GPU: 8000, Ops: 32000, Tooling: 0, Utilization: 0.25, Design: 0.7, Assumed: assume(notPrinted, "gpu", "ops", "tooling", "utilization", "design_utilization")},
		Assumed: "The split of the 40: the middle tab's 25 of people, 7 of tooling and migration, 8 of GPUs.",
	},
	{
		ID: "fine-tuned", Group: "application", Name: "Fine-tuned", Story: "A fine-tuned model, where control over training data and checkpoints counts.",
		Claim: "Self-hosting at $53K against $60K: a slim margin.", Says: "Its terms say the same: 60 - 53 = 7, which is 11.7 %. With $7K of tooling the margin is gone.",
		Parts:   decide.Quick{API: 60000, GPU: 13000, Ops: 40000, Tooling: 7000, Utilization: 0.7, Design: 0.7, Assumed: assume(notPrinted, "gpu", "ops", "tooling", "utilization", "design_utilization")},
		Assumed: "The split of the 53 into GPUs and people, and that GPUs are used as designed.",
	},
}

// Presets lists the guide's scenarios: three team sizes, then four applications.
func Presets() []Preset { return append([]Preset(nil), presets...) }

// FindPreset finds a preset by its ID.
func FindPreset(id string) (Preset, bool) {
	for _, p := range presets {
		if p.ID == id {
			return p, true
		}
	}
	return Preset{}, false
}

// Scenario is the preset as a document.
func (p Preset) Scenario() Scenario {
	q := p.Parts
	parts := Parts{API: q.API, GPU: q.GPU, Ops: q.Ops, Tooling: &q.Tooling, Utilization: &q.Utilization, Design: &q.Design}
	return Scenario{Version: Version, Name: p.Name, Parts: &parts, Constraint: p.Limits}
}
