package usage

import (
	"bytes"
	"strings"
)

// awsCUR is an AWS Cost and Usage Report 2.0, of which the lines of Bedrock count tokens. A usage type is a
// region, a model and a kind of tokens: USE1-ClaudeOpus4.7-cache-read-input-token-count.
var awsCUR = format{
	name: "aws_cur", title: "AWS Cost and Usage Report", json: true, both: true,
	signs: []string{"line_item_usage_type", "line_item_usage_amount"},
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote + " A cache write that names no lifetime lives five minutes on Bedrock.",
	columns: map[string]binding{
		"line_item_usage_start_date":   {fTime, 0},
		"line_item_usage_end_date":     {fEnd, 0},
		"line_item_usage_type":         {fMeter, 0},
		"line_item_usage_amount":       {fAmount, 0},
		"pricing_unit":                 {fUnit, 0},
		"line_item_unblended_cost":     {fCost, 0},
		"line_item_currency_code":      {fCurrency, 0},
		"line_item_line_item_type":     {fKind, 0},
		"line_item_usage_account_id":   {fProject, 0},
		"line_item_iam_principal":      {fUser, 0},
		"product_region_code":          {fRegion, 0},
		"line_item_usage_account_name": {fProject, 1},
	},
	read: readEither,
	adjust: func(s *session, r *row) string {
		kind := s.word(r.text[fKind])
		r.drop(fKind)
		switch kind {
		case "", "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage":
		default:
			return noUsageLine
		}
		if i := bytes.IndexByte(r.text[fMeter], '-'); i > 0 && awsRegion(r.text[fMeter][:i]) {
			r.text[fMeter] = r.text[fMeter][i+1:]
		}
		if skip := s.meterRow(r, false); skip != "" {
			return skip
		}
		if w := r.text[fCacheWrite]; w != nil {
			r.drop(fCacheWrite)
			r.set(binding{fCacheWrite5m, 0}, r.name[fAmount], w)
		}
		// Bedrock names versions as 4-7 where its usage types have 4.7.
		if model := string(r.text[fModel]); strings.HasPrefix(model, "claude") {
			r.text[fModel] = []byte(strings.ReplaceAll(model, ".", "-"))
		}
		defaultProvider(r, "bedrock")
		return ""
	},
}

// awsRegion reports whether the begin of a usage type is the code of a region, such as USE1, EU or APN1.
func awsRegion(code []byte) bool {
	letters := bytes.TrimRight(code, "0123456789")
	if len(letters) < 2 || len(letters) > 4 || len(code)-len(letters) > 1 {
		return false
	}
	for _, c := range letters {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
