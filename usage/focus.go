package usage

import (
	"strconv"

	"breakeven/price"
)

// focus is a FOCUS cost and usage file. The specification has no columns for tokens: they are the consumed
// quantity of lines whose unit says so, the kind of tokens is the meter, and the model is where the provider puts
// it.
var focus = format{
	name: "focus", title: "FOCUS cost and usage", json: true, both: true,
	signs: []string{"BilledCost", "ChargePeriodStart", "SkuId"},
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote,
	columns: map[string]binding{
		"ChargePeriodStart":   {fTime, 0},
		"ChargePeriodEnd":     {fEnd, 0},
		"SkuMeter":            {fMeter, 0},
		"ConsumedQuantity":    {fAmount, 0},
		"ConsumedUnit":        {fUnit, 0},
		"BilledCost":          {fCost, 0},
		"BillingCurrency":     {fCurrency, 0},
		"ChargeCategory":      {fKind, 0},
		"RegionId":            {fRegion, 0},
		"SubAccountName":      {fProject, 0},
		"SubAccountId":        {fProject, 1},
		"x_Provider":          {fProvider, 0},
		"ServiceProviderName": {fProvider, 1},
		"ProviderName":        {fProvider, 2},

		"x_Tier":                            {fTier, 0},
		"x_InferenceTier":                   {fTier, 1},
		"SkuPriceDetails.x_Tier":            {fTier, 2},
		"SkuPriceDetails.x_ServiceTier":     {fTier, 3},
		"SkuPriceDetails.x_InputTokensFrom": {fContext, 0},
		"x_Model":                           {fModel, 0},
		"SkuPriceDetails.x_Model":           {fModel, 1},
		"x_Kind":                            {fSession, 9}, // read below, and then dropped
	},
	nested: []string{"SkuPriceDetails"},
	read:   readEither,
	adjust: func(s *session, r *row) string {
		kind := s.word(r.text[fKind])
		r.drop(fKind)
		if kind != "" && kind != "Usage" {
			return noUsageLine
		}
		// Our own export says what the meter is in our own words.
		if own := r.text[fSession]; own != nil {
			r.drop(fSession)
			kind, err := price.ParseKind(s.word(own))
			if err != nil {
				r.bad = &rowProblem{f: fMeter, problem: err.Error(), hint: "leave x_Kind out, or write a kind"}
				return ""
			}
			return s.kindRow(r, kind)
		}
		return s.meterRow(r, false)
	},
}

// kindFields are where the quantity of each kind belongs: to a modality, and to the side that holds it. Requests are of
// all meters together, so no line of one meter has them.
var kindFields = [price.KindCount][]field{
	price.Input: {fInput}, price.CacheRead: {fCacheRead},
	price.CacheWrite5m: {fCacheWrite5m}, price.CacheWrite1h: {fCacheWrite1h}, price.CacheWrite: {fCacheWrite},
	price.AudioInput: {fInput, fAudioInput}, price.AudioCacheRead: {fAudioCacheRead},
	price.ImageInput: {fInput, fImageInput}, price.ImageCacheRead: {fImageCacheRead},
	price.VideoInput: {fInput, fVideoInput},
	price.Output:     {fOutput}, price.Reasoning: {fReasoning}, price.Citation: {fCitation},
	price.AudioOutput: {fOutput, fAudioOutput}, price.ImageOutput: {fOutput, fImageOutput}, price.VideoOutput: {fOutput, fVideoOutput},
	price.WebSearch: {fWebSearch},
}

// kindRow turns the session's row, which has an amount of a kind, into one with a count.
func (s *session) kindRow(r *row, kind price.Kind) (skip string) {
	if kind == price.Request {
		return "the line counts requests, and not of which meter"
	}
	n, problem, hint := parseCount(r.text[fAmount])
	if problem != "" {
		r.bad = &rowProblem{f: fAmount, problem: problem, hint: hint}
		return ""
	}
	count := s.scratched(func(b []byte) []byte { return strconv.AppendInt(b, n, 10) })
	for _, f := range kindFields[kind] {
		r.set(binding{f, 0}, r.name[fAmount], count)
	}
	return ""
}
