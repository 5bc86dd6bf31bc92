package scenario

import (
	"breakeven/fact"
)

// DefaultCandidate is the open model that is compared where the document names none: the one that the
// question is usually asked about. It is not claimed to match today's model.
const DefaultCandidate = "llama-3.3-70b"

// DefaultModel is the model that is assumed to be in use where the document and the log name none.
const DefaultModel = "anthropic/claude-sonnet-4-6"

// Default is one documented default.
type Default struct {
	Field string  `json:"field"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Why   string  `json:"why"`
}

// defaults is the table of numbers that are assumed where the document gives none.
var defaults = []Default{
	{"parts.tooling", 7000, "USD/month", "tooling of $2K, and $150K of migration over 30 months"},
	{"parts.utilization", 0.3733, "share", "solved from the guide's own verdicts; 15 to 30 % is typical, 60 to 70 % is good"},
	{"parts.design_utilization", 0.7, "share", "the utilization at which GPU bills are usually quoted"},
	{"workload.peak_to_mean", 2, "x", "public multi-tenant traces show a busiest hour of 1.4 to 2.2 times the mean over days"},
	{"target.ttft_seconds", 2, "s", "the usual interactive target"},
	{"target.tpot_ms", 50, "ms", "20 tokens a second, faster than people read"},
	{"fleet.busy_at_peak", 0.7, "share", "room for bursts inside the busiest hour; a team that reaches 60 to 70 % is doing well"},
	{"fleet.spare_replicas", 1, "replicas", "one replica may fail or be upgraded under load"},
	{"fleet.non_production", 0.15, "share", "staging and evaluation need GPUs too; 10 to 25 % of production is our assumption"},
	{"people.fte", 1, "FTE", "half to two people run a self-hosted model"},
	{"people.loaded_monthly", 25000, "USD/month", "the loaded cost of an ML engineer that the guide uses"},
	{"tooling", 2000, "USD/month", "observability, evaluation, gateways"},
	{"migration.one_off", 150000, "USD", "one engineer for six months"},
	{"migration.over_months", 30, "months", "the horizon of the decision"},
}

// Defaults lists the documented defaults.
func Defaults() []Default { return append([]Default(nil), defaults...) }

// Number is a figure of the document, or its default, with its provenance.
func Number(field string, given *float64) (float64, fact.Provenance) {
	if given != nil {
		return *given, fact.ByUser(field)
	}
	for _, d := range defaults {
		if d.Field == field {
			return d.Value, fact.Provenance{Kind: fact.Assumed, Source: "default of " + field, Rule: d.Why}
		}
	}
	return 0, fact.Assume("no default is documented")
}
