package usage

import (
	"bytes"
	"strings"
)

// azureCosts is an export of Azure Cost Management: a line a day and meter. Meters count in thousands or in
// millions of tokens, side by side, and abbreviate: "gpt 5 mini cached Inp glbl Tokens". Days are written
// month first. Agreements of different ages and kinds have other names, and other cases, for the same columns.
var azureCosts = format{
	name: "azure_cost", title: "Azure cost export", json: true, both: true, anyCase: true,
	signs: []string{"metername", "unitofmeasure", "quantity|consumedquantity|usagequantity", "costinbillingcurrency|pretaxcost|cost|costinusd"},
	how:   "it has meterName, unitOfMeasure, a quantity and a cost, as exports of any agreement call them",
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote,
	days:  true,
	columns: map[string]binding{
		"date":                  {fTime, 0},
		"usagedatetime":         {fTime, 1},
		"metername":             {fMeter, 0},
		"quantity":              {fAmount, 0},
		"consumedquantity":      {fAmount, 1},
		"usagequantity":         {fAmount, 2},
		"unitofmeasure":         {fUnit, 0},
		"costinusd":             {fCost, 0},
		"costinbillingcurrency": {fCost, 1},
		"pretaxcost":            {fCost, 2},
		"cost":                  {fCost, 3},
		"billingcurrency":       {fCurrency, 0},
		"billingcurrencycode":   {fCurrency, 1},
		"currency":              {fCurrency, 2},
		"chargetype":            {fKind, 0},
		"resourcelocation":      {fRegion, 0},
		"resourceid":            {fProject, 1},
		"instanceid":            {fProject, 2},
		"resourcegroupname":     {fProject, 3},
		"resourcegroup":         {fProject, 4},
		"metersubcategory":      {fSession, 9}, // read below, and then dropped
	},
	read: readEither,
	adjust: func(s *session, r *row) string {
		kind, family := s.word(r.text[fKind]), s.word(r.text[fSession])
		r.drop(fKind)
		r.drop(fSession)
		if kind != "" && !strings.EqualFold(kind, "usage") {
			return noUsageLine
		}
		if strings.EqualFold(r.name[fCost], "costInUsd") && r.text[fCost] != nil {
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
