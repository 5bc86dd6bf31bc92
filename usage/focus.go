package usage

// focus is a FOCUS cost and usage file. The specification has no columns for tokens: they are the consumed
// quantity of lines whose unit says so, the kind of tokens is the meter, and the model is where the provider puts
// it.
var focus = format{
	name: "focus", title: "FOCUS cost and usage",
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
		"ServiceProviderName": {fProvider, 0},
		"ProviderName":        {fProvider, 1},

		"x_InferenceTier":               {fTier, 0},
		"SkuPriceDetails.x_ServiceTier": {fTier, 1},
		"SkuPriceDetails.x_Model":       {fModel, 0},
	},
	nested: []string{"SkuPriceDetails"},
	read:   readTable,
	adjust: func(s *session, r *row) string {
		kind := s.word(r.text[fKind])
		r.drop(fKind)
		if kind != "" && kind != "Usage" {
			return noUsageLine
		}
		return s.meterRow(r, false)
	},
}
