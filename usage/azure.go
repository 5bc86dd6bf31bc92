package usage

import (
	"bytes"
	"strings"
)

// azureCosts is an export of Azure Cost Management: a line a day and meter. Meters count in thousands or in
// millions of tokens, side by side, and abbreviate: "gpt 5 mini cached Inp glbl Tokens". Days are written
// month first.
var azureCosts = format{
	name: "azure_cost", title: "Azure cost export",
	signs: []string{"meterName", "unitOfMeasure", "costInBillingCurrency"},
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote,
	days:  true,
	columns: map[string]binding{
		"date":                  {fTime, 0},
		"meterName":             {fMeter, 0},
		"quantity":              {fAmount, 0},
		"unitOfMeasure":         {fUnit, 0},
		"costInUsd":             {fCost, 0},
		"costInBillingCurrency": {fCost, 1},
		"billingCurrency":       {fCurrency, 0},
		"chargeType":            {fKind, 0},
		"resourceLocation":      {fRegion, 0},
		"ResourceId":            {fProject, 1},
		"resourceGroupName":     {fProject, 2},
		"meterSubCategory":      {fSession, 9}, // read below, and then dropped
	},
	read: readTable,
	adjust: func(s *session, r *row) string {
		kind, family := s.word(r.text[fKind]), s.word(r.text[fSession])
		r.drop(fKind)
		r.drop(fSession)
		if kind != "" && !strings.EqualFold(kind, "usage") {
			return noUsageLine
		}
		if r.name[fCost] == "costInUsd" && r.text[fCost] != nil {
			r.drop(fCurrency)
		}
		s.monthFirst(r)
		if i := bytes.LastIndexByte(r.text[fProject], '/'); i >= 0 {
			r.text[fProject] = r.text[fProject][i+1:]
		}
		if skip := s.meterRow(r, false); skip != "" {
			return skip
		}
		// "5.6 Sol" is a GPT; its family says so.
		if model := r.text[fModel]; len(model) > 0 && digit(model[0]) && strings.Contains(strings.ToLower(family), "gpt") {
			r.text[fModel] = append([]byte("gpt-"), model...)
		}
		defaultProvider(r, "azure")
		return ""
	},
}

// monthFirst turns 08/19/2026 into 2026-08-19. What is no such date is left alone, and is found to be none.
func (s *session) monthFirst(r *row) {
	t := r.text[fTime]
	if len(t) != 10 || t[2] != '/' || t[5] != '/' {
		return
	}
	r.text[fTime] = s.scratched(func(b []byte) []byte {
		b = append(append(b, t[6:]...), '-')
		b = append(append(b, t[:2]...), '-')
		return append(b, t[3:5]...)
	})
}
