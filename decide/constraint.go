package decide

import (
	"fmt"
	"slices"
	"strings"
)

// Constraints are what a decision must respect whatever it costs. Each one filters the options; none is a
// multiplier of their cost.
type Constraints struct {
	Elastic      bool     `json:"elastic,omitempty" doc:"Load is bursty or cannot be foreseen: capacity must follow it."`
	ModelQuality bool     `json:"model_quality,omitempty" doc:"Only the quality of today's model will do."`
	Compliance   []string `json:"compliance,omitempty" nullable:"false" doc:"Attestations that whoever sees the data must hold." enum:"soc2,hipaa_baa,fedramp_high,eu_residency" example:"[\"hipaa_baa\"]"`
	Attested     []string `json:"attested,omitempty" nullable:"false" doc:"Vendors that you have checked yourself: they pass whatever is on record." example:"[\"gcp\"]"`
	DataInside   bool     `json:"data_inside,omitempty" doc:"Data may not leave infrastructure of your own."`
	LowLatency   bool     `json:"low_latency,omitempty" doc:"Latency must be under your own control: voice, real-time agents."`
	Portable     bool     `json:"portable,omitempty" doc:"No lock-in: the model must run at more than one vendor."`
	NoMLOps      bool     `json:"no_mlops,omitempty" doc:"There is no team that could run inference."`
}

// Compliance attributes that a constraint can ask for, and their names.
var complianceNames = map[string]string{
	"soc2": "SOC 2", "hipaa_baa": "a HIPAA business associate agreement", "fedramp_high": "FedRAMP High", "eu_residency": "EU data residency",
}

// Constraint describes one constraint for people.
type Constraint struct {
	ID       string `json:"id"`
	Label    string `json:"label"`
	Question string `json:"question" doc:"What the team has to ask itself."`
	Effect   string `json:"effect" doc:"What it rules out, and why."`
	Caveat   string `json:"caveat,omitempty" doc:"Where the common belief about it is wrong."`
}

// constraintTable holds the seven constraints in the order of the guide. forbids returns the reason why an
// option breaks the constraint, and nothing where it does not.
var constraintTable = []struct {
	Constraint
	active  func(*Constraints) bool
	forbids func(*Constraints, *Option) string
}{
	{
		Constraint{
			ID: "elastic", Label: "Bursty load", Question: "Is the load unpredictable, or mostly idle?",
			Effect: "Rules out a rented fleet alone: its rent is fixed while the load is not.",
			Caveat: "It does not rule out GPUs for the base load: the hybrid sends the peaks to an API.",
		},
		func(c *Constraints) bool { return c.Elastic },
		func(_ *Constraints, o *Option) string {
			if o.Kind == RentedGPUs {
				return "its capacity is fixed and the load is bursty"
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "model_quality", Label: "Today's quality", Question: "Would only today's model do?",
			Effect: "Rules out every option that changes the model, until your own evaluation clears it.",
			Caveat: "On factual tests the open models that calculators of this kind name trail by 22 to 39 points, not by 5 to 15; newer open models trail by less.",
		},
		func(c *Constraints) bool { return c.ModelQuality },
		func(_ *Constraints, o *Option) string {
			if o.ChangesModel {
				return "it is another model than today's, and no evaluation of yours clears it"
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "compliance", Label: "Compliance", Question: "Must whoever sees the data hold an attestation?",
			Effect: "Rules out vendors, of APIs and of rented machines, that do not state the attestation; what a vendor does not state is not assumed. Name those that you have checked yourself.",
			Caveat: "FedRAMP High does not force you to self-host: Azure OpenAI, Amazon Bedrock in GovCloud and Vertex AI hold it.",
		},
		func(c *Constraints) bool { return len(c.Compliance) > 0 },
		func(c *Constraints, o *Option) string {
			for _, attribute := range c.Compliance {
				for _, v := range o.sees {
					if c.checked(v) {
						continue
					}
					if why := lacks(v.Name, attribute, v.Attests[attribute]); why != "" {
						return why
					}
				}
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "data_inside", Label: "Data stays inside", Question: "May data leave infrastructure of your own?",
			Effect: "Rules out every API, and the hybrid, whose peaks leave. Machines that you rent count as your own infrastructure.",
			Caveat: "A rented machine stands in somebody else's building: if only yours will do, every offer here is out too. For most workloads a vendor's tier without training, with an agreement and regional residency, is enough.",
		},
		func(c *Constraints) bool { return c.DataInside },
		func(_ *Constraints, o *Option) string {
			if o.Kind != RentedGPUs {
				return "data leaves your infrastructure"
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "low_latency", Label: "Latency of your own", Question: "Must you control latency yourself?",
			Effect: "Rules out options whose answers cross a vendor's network and queue, which no vendor guarantees.",
			Caveat: "Self-hosting is faster only for the same model at the same load; a vendor's hardware can be faster than yours.",
		},
		func(c *Constraints) bool { return c.LowLatency },
		func(_ *Constraints, o *Option) string {
			if o.Kind != RentedGPUs {
				return "a vendor's network and queue are outside your control"
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "portable", Label: "No lock-in", Question: "Must you be able to change vendors?",
			Effect: "Rules out closed models of one vendor.",
			Caveat: "Open weights at a hosted API are as portable as on GPUs of your own.",
		},
		func(c *Constraints) bool { return c.Portable },
		func(_ *Constraints, o *Option) string {
			if o.closed {
				return "a closed model binds you to its vendor"
			}
			return ""
		},
	},
	{
		Constraint{
			ID: "no_mlops", Label: "No team for it", Question: "Is there nobody to run inference?",
			Effect: "Rules out GPUs, alone or in a hybrid.",
			Caveat: "Most teams underestimate the effort two- to threefold: put the real share of an engineer into the people line.",
		},
		func(c *Constraints) bool { return c.NoMLOps },
		func(_ *Constraints, o *Option) string {
			if o.Kind == RentedGPUs || o.Kind == Hybrid {
				return "nobody is there to run it"
			}
			return ""
		},
	},
}

// conditions says what the attestations of an option that passes depend on.
func (c *Constraints) conditions(o *Option) []string {
	var notes []string
	for _, attribute := range c.Compliance {
		for _, v := range o.sees {
			if a := v.Attests[attribute]; a.Met && a.Detail != "" {
				notes = append(notes, fmt.Sprintf("%s states %s: %s (%s).", v.Name, complianceNames[attribute], a.Detail, a.Provenance.Date))
			}
		}
	}
	return notes
}

// checked reports whether the user has checked a vendor.
func (c *Constraints) checked(v Vendor) bool {
	return slices.ContainsFunc(c.Attested, func(name string) bool { return strings.EqualFold(name, v.ID) || strings.EqualFold(name, v.Name) })
}

// lacks says why a vendor does not hold an attestation, and nothing where it does.
func lacks(vendor, attribute string, a Attestation) string {
	if a.Met {
		return ""
	}
	why := fmt.Sprintf("there is no statement of %s about %s on record", vendor, complianceNames[attribute])
	if a.Stated {
		why = fmt.Sprintf("%s does not offer %s (%s)", vendor, complianceNames[attribute], a.Provenance.Date)
	}
	if len(a.Elsewhere) > 0 {
		why += ", though " + list(a.Elsewhere) + " state it"
	}
	return why
}

// list joins names as prose does.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// ConstraintList describes the seven constraints.
func ConstraintList() []Constraint {
	list := make([]Constraint, 0, len(constraintTable))
	for _, c := range constraintTable {
		list = append(list, c.Constraint)
	}
	return list
}

// check reports an attribute that no constraint knows.
func (c *Constraints) check() error {
	for _, a := range c.Compliance {
		if _, ok := complianceNames[a]; !ok {
			return &FieldError{
				Field: "constraints.compliance", Value: a, Problem: "unknown attestation",
				Hint: "use soc2, hipaa_baa, fedramp_high or eu_residency",
			}
		}
	}
	return nil
}

// Active lists the constraints that are set, in words.
func (c *Constraints) Active() []string {
	names := []string{}
	for _, row := range constraintTable {
		if row.active(c) {
			name := row.Label
			if row.ID == "compliance" {
				var asked []string
				for _, a := range c.Compliance {
					if !slices.Contains(asked, complianceNames[a]) {
						asked = append(asked, complianceNames[a])
					}
				}
				name += ": " + strings.Join(asked, ", ")
			}
			names = append(names, name)
		}
	}
	return names
}

// Reason is why an option is not feasible.
type Reason struct {
	Constraint string `json:"constraint" doc:"The constraint that the option breaks."`
	Why        string `json:"why"`
}

// judge lists the reasons why the option breaks the constraints.
func (c *Constraints) judge(o *Option) []Reason {
	reasons := slices.Clone(o.unfit)
	for _, row := range constraintTable {
		if !row.active(c) {
			continue
		}
		if why := row.forbids(c, o); why != "" {
			reasons = append(reasons, Reason{row.ID, why})
		}
	}
	return reasons
}
