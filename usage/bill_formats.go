package usage

import (
	"cmp"
	"strings"

	"breakeven/price"
)

// billFormats is the table of bills that can be read, the most specific first.
func billFormats() []*billFormat {
	return []*billFormat{
		&billAnthropic, &billAnthropicConsole, &billOpenAI, &billOpenAIDashboard, &billAWS, &billAzure, &billGoogle,
		&billLiteLLM, &billOpenRouter, &billOpenRouterDaily, &billFocus,
	}
}

// kindsOf are the kinds that one meter is about: a bill's output holds the reasoning.
var kindsOf = map[field][]price.Kind{
	fInput: {price.Input}, fUncached: {price.Input}, fCacheRead: {price.CacheRead},
	fCacheWrite: {price.CacheWrite, price.CacheWrite5m, price.CacheWrite1h}, fCacheWrite5m: {price.CacheWrite5m}, fCacheWrite1h: {price.CacheWrite1h},
	fAudioInput: {price.AudioInput}, fAudioCacheRead: {price.AudioCacheRead}, fImageInput: {price.ImageInput}, fImageCacheRead: {price.ImageCacheRead},
	fVideoInput: {price.VideoInput}, fVideoCacheRead: {price.VideoInput},
	fOutput: {price.Output, price.Reasoning}, fReasoning: {price.Reasoning}, fCitation: {price.Citation},
	fAudioOutput: {price.AudioOutput}, fImageOutput: {price.ImageOutput}, fVideoOutput: {price.VideoOutput}, fWebSearch: {price.WebSearch},
}

// anthropicKinds are Anthropic's words for a kind of tokens.
var anthropicKinds = map[string]field{
	"uncached_input_tokens": fInput, "input_no_cache": fInput, "output_tokens": fOutput, "output": fOutput,
	"cache_read_input_tokens": fCacheRead, "input_cache_read": fCacheRead,
	"cache_creation.ephemeral_5m_input_tokens": fCacheWrite5m, "input_cache_write_5m": fCacheWrite5m,
	"cache_creation.ephemeral_1h_input_tokens": fCacheWrite1h, "input_cache_write_1h": fCacheWrite1h,
}

// adjustAnthropicBill reads the parts that both of Anthropic's bills have.
func adjustAnthropicBill(c *billCells, l *BillLine) (string, *billProblem) {
	if class := c.text[bClass]; class != "" && class != "token" && class != "tokens" {
		l.Class = BillService
		if class == "web_search" {
			l.Kinds = kindsOf[fWebSearch]
		}
	} else if kind := c.text[bKind]; kind != "" {
		f, ok := anthropicKinds[kind]
		if !ok {
			return "", &billProblem{bKind, "is no kind of tokens that is known", "mend the export, or leave the row out"}
		}
		l.Kinds = kindsOf[f]
	}
	if region := c.text[bRegion]; region == "not_available" || region == "unknown" {
		c.text[bRegion] = ""
	}
	if context := c.text[bContext]; context != "" {
		over, ok := contextOver(context)
		if !ok {
			return "", &billProblem{bContext, "is no context window that is known", "mend the export"}
		}
		l.ContextOver, l.ContextKnown = over, true
	}
	return "", setTier(c, l)
}

// setTier reads a row's tier, and its speed.
func setTier(c *billCells, l *BillLine) *billProblem {
	if text := c.text[bTier]; text != "" {
		tier, err := price.ParseTier(text)
		if err != nil {
			return &billProblem{bTier, "is no service tier that is known", "mend the export"}
		}
		l.Tier, l.TierKnown = tier, true
	}
	if text := strings.ToLower(c.text[bSpeed]); text != "" {
		tier, ok := speeds[text]
		if !ok {
			return &billProblem{bSpeed, "is no speed that is known", "mend the export"}
		}
		if tier != price.Standard {
			l.Tier, l.TierKnown = tier, true
		}
	}
	return nil
}

// billAnthropic is the answer of Anthropic's cost report. Amounts are decimal text in cents.
var billAnthropic = billFormat{
	name: "anthropic_costs", title: "Anthropic cost report", json: true,
	signs: []string{"data[].starting_at", "data[].results[].amount"},
	keys:  [][]string{{"data"}}, inner: "results[]",
	provider: "anthropic", costExponent: -2, rounding: toNanos,
	note: "Anthropic's cost report leaves the priority tier out: calls of that tier have no line in it.",
	columns: map[string]billColumn{
		"starting_at": {bTime, 0}, "ending_at": {bEnd, 0}, "results[].amount": {bAmount, 0}, "results[].currency": {bCurrency, 0},
		"results[].model": {bModel, 0}, "results[].token_type": {bKind, 0}, "results[].cost_type": {bClass, 0}, "results[].service_tier": {bTier, 0},
		"results[].context_window": {bContext, 0}, "results[].workspace_id": {bProject, 0}, "results[].inference_geo": {bRegion, 0},
		"results[].description": {bMeter, 0}, "results[].speed": {bSpeed, 0},
	},
	adjust: adjustAnthropicBill,
}

// billAnthropicConsole is the cost export of the Anthropic Console: models by their display names, amounts in whole
// cents, with the list price beside them.
var billAnthropicConsole = billFormat{
	name: "anthropic_console_cost", title: "the cost export of the Anthropic Console",
	signs:    []string{"usage_date_utc", "cost_usd", "token_type"},
	provider: "anthropic", days: true, rounding: toCents,
	columns: map[string]billColumn{
		"usage_date_utc": {bTime, 0}, "model": {bModel, 0}, "workspace": {bProject, 0}, "usage_type": {bTier, 0}, "context_window": {bContext, 0},
		"token_type": {bKind, 0}, "cost_usd": {bAmount, 0}, "list_price_usd": {bList, 0}, "cost_type": {bClass, 0}, "inference_geo": {bRegion, 0}, "speed": {bSpeed, 0},
	},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		if c.text[bTier] == "message" { // a call that was answered at once, as against one of a batch
			c.text[bTier] = price.Standard.String()
		}
		return adjustAnthropicBill(c, l)
	},
}

// adjustOpenAIBill reads a line item: "batch | gpt-5-mini-2025-08-07, cached input".
func adjustOpenAIBill(c *billCells, l *BillLine) (string, *billProblem) {
	item := c.text[bMeter]
	if item == "" {
		l.TierKnown = false
		return "", nil
	}
	model, kind, ok := cutLast(item, ",")
	counts := readMeter(kind).counts
	if !ok || len(counts) == 0 {
		l.Class = BillService
		if strings.Contains(strings.ToLower(item), "search") {
			l.Kinds = kindsOf[fWebSearch]
		}
		return "", nil
	}
	if before, after, ok := cutLast(model, "|"); ok {
		c.text[bTier], c.name[bTier], model = strings.TrimSpace(before), c.name[bMeter], after
	}
	l.Model, l.Kinds, l.TierKnown = strings.TrimSpace(model), kindsOf[counts[len(counts)-1]], true
	if wrong := setTier(c, l); wrong != nil {
		return "", wrong
	}
	unit := c.text[bUnit]
	if unit == "" {
		unit = "tokens"
	}
	return "", setQuantity(c, l, unit)
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

// setQuantity reads what a row counted, in a unit such as "1K tokens". A unit that is not of tokens says nothing.
func setQuantity(c *billCells, l *BillLine, unit string) *billProblem {
	if c.text[bQuantity] == "" {
		return nil
	}
	exponent, _, ok := meterUnit(unit)
	if !ok {
		return nil
	}
	n, problem, hint := scaledCount([]byte(c.text[bQuantity]), exponent)
	if problem != "" {
		return &billProblem{bQuantity, problem, hint}
	}
	l.Quantity = Count{N: n, Known: true}
	return nil
}

// billOpenAI is the answer of OpenAI's /v1/organization/costs, grouped by line item or not.
var billOpenAI = billFormat{
	name: "openai_costs", title: "OpenAI organization costs", json: true,
	signs: []string{"data[].start_time", "data[].results[].amount.value"},
	keys:  [][]string{{"data"}}, inner: "results[]",
	provider: "openai", rounding: toNanos,
	columns: map[string]billColumn{
		"start_time": {bTime, 0}, "end_time": {bEnd, 0}, "results[].amount.value": {bAmount, 0}, "results[].amount.currency": {bCurrency, 0},
		"results[].line_item": {bMeter, 0}, "results[].project_id": {bProject, 0}, "results[].quantity": {bQuantity, 0}, "results[].quantity_unit": {bUnit, 0},
	},
	adjust: adjustOpenAIBill,
}

// billOpenAIDashboard is the cost export of OpenAI's dashboard.
var billOpenAIDashboard = billFormat{
	name: "openai_dashboard_cost", title: "the cost export of OpenAI's dashboard",
	signs:    []string{"start_time_iso", "amount_value"},
	provider: "openai", rounding: toNanos,
	columns: map[string]billColumn{
		"start_time_iso": {bTime, 0}, "end_time_iso": {bEnd, 0}, "amount_value": {bAmount, 0}, "amount_currency": {bCurrency, 0},
		"line_item": {bMeter, 0}, "project_id": {bProject, 0}, "quantity": {bQuantity, 0}, "quantity_unit": {bUnit, 0},
	},
	adjust: adjustOpenAIBill,
}

// adjustMeter reads a meter's name. It tells whether the row counts tokens.
func adjustMeter(c *billCells, l *BillLine, name string, tokens bool) (ours bool, wrong *billProblem) {
	m := readMeter(name)
	exponent, unitTokens, known := meterUnit(c.text[bUnit])
	if len(m.counts) == 0 || !m.tokens && !unitTokens && !tokens {
		return false, nil
	}
	if known && m.has && m.unit != exponent {
		return true, &billProblem{bUnit, "contradicts its meter " + quote(name), "mend the export: which of them counts cannot be told"}
	}
	l.Model, l.Kinds = m.model, kindsOf[m.counts[len(m.counts)-1]]
	if m.tier != "" && c.text[bTier] == "" {
		c.text[bTier], c.name[bTier] = m.tier, c.name[bMeter]
	}
	if wrong := setTier(c, l); wrong != nil {
		return true, wrong
	}
	if !known {
		return true, nil
	}
	return true, setQuantity(c, l, c.text[bUnit])
}

// classed gives a row of another class than usage that class. Empty words are usage.
func classed(classes map[string]BillClass, word string, l *BillLine) *billProblem {
	class, ok := classes[strings.ToLower(word)]
	switch {
	case word == "":
	case !ok:
		return &billProblem{bClass, "is no kind of charge that is known", "mend the export, or leave the row out"}
	default:
		l.Class = class
	}
	return nil
}

// awsClasses are the line item types of a Cost and Usage Report.
var awsClasses = map[string]BillClass{
	"usage": BillUsage, "discountedusage": BillUsage, "savingsplancoveredusage": BillUsage,
	"tax": BillTax, "credit": BillCredit, "refund": BillCredit, "fee": BillFee,
	"rifee": BillCommitment, "savingsplanrecurringfee": BillCommitment, "savingsplanupfrontfee": BillCommitment, "savingsplannegation": BillCommitment,
	"discount": BillDiscount, "edpdiscount": BillDiscount, "bundleddiscount": BillDiscount, "privateratediscount": BillDiscount, "distributordiscount": BillDiscount,
}

// billAWS is an AWS Cost and Usage Report 2.0. Its lines of other services than Bedrock are not compared.
var billAWS = billFormat{
	name: "aws_cur", title: "AWS Cost and Usage Report", both: true,
	signs:    []string{"line_item_usage_type", "line_item_unblended_cost"},
	provider: "bedrock", rounding: toNanos, tiers: true,
	columns: map[string]billColumn{
		"line_item_usage_start_date": {bTime, 0}, "line_item_usage_end_date": {bEnd, 0}, "line_item_usage_type": {bMeter, 0}, "line_item_product_code": {bService, 0},
		"line_item_usage_amount": {bQuantity, 0}, "pricing_unit": {bUnit, 0}, "line_item_unblended_cost": {bAmount, 0}, "line_item_currency_code": {bCurrency, 0},
		"line_item_line_item_type": {bClass, 0}, "line_item_usage_account_id": {bProject, 0}, "line_item_usage_account_name": {bProject, 1}, "product_region_code": {bRegion, 0},
	},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		if wrong := classed(awsClasses, c.text[bClass], l); wrong != nil {
			return "", wrong
		}
		name := c.text[bMeter]
		if code, rest, ok := strings.Cut(name, "-"); ok && awsRegion([]byte(code)) {
			name = rest
		}
		ours, wrong := adjustMeter(c, l, name, false)
		switch {
		case wrong != nil:
			return "", wrong
		case !ours && !strings.Contains(strings.ToLower(c.text[bService]), "bedrock"):
			return otherService, nil
		case !ours && l.Class == BillUsage:
			l.Class = BillService
		case strings.HasPrefix(l.Model, "claude"):
			l.Model = strings.ReplaceAll(l.Model, ".", "-")
		}
		if len(l.Kinds) > 1 && l.Kinds[0] == price.CacheWrite { // a write that names no lifetime lives five minutes on Bedrock
			l.Kinds = kindsOf[fCacheWrite5m]
		}
		return "", nil
	},
}

// azureClasses are the charge types of Azure Cost Management.
var azureClasses = map[string]BillClass{
	"usage": BillUsage, "purchase": BillCommitment, "unusedreservation": BillCommitment, "unusedsavingsplan": BillCommitment, "refund": BillCredit, "credit": BillCredit,
	"tax": BillTax, "roundingadjustment": BillFee,
}

// azureFamilies are words of a meter's category that models have.
var azureFamilies = []string{"openai", "foundry", "deepseek", "cognitive", "grok", "mistral", "llama", "cohere"}

// billAzure is an export of Azure Cost Management, under the names that agreements of different ages have for its columns.
// Its lines of other services than models are not compared.
var billAzure = billFormat{
	name: "azure_cost", title: "Azure cost export", both: true, anyCase: true,
	signs: []string{"metername", "unitofmeasure", "costinbillingcurrency|pretaxcost|cost|costinusd"},
	days:  true, provider: "azure", rounding: toNanos, tiers: true,
	columns: map[string]billColumn{
		"date": {bTime, 0}, "usagedatetime": {bTime, 1}, "metername": {bMeter, 0}, "metercategory": {bService, 0}, "metersubcategory": {bKind, 0},
		"quantity": {bQuantity, 0}, "consumedquantity": {bQuantity, 1}, "usagequantity": {bQuantity, 2}, "unitofmeasure": {bUnit, 0},
		"costinusd": {bAmount, 0}, "costinbillingcurrency": {bAmount, 1}, "pretaxcost": {bAmount, 2}, "cost": {bAmount, 3},
		"billingcurrency": {bCurrency, 0}, "billingcurrencycode": {bCurrency, 1}, "currency": {bCurrency, 2}, "chargetype": {bClass, 0},
		"resourcelocation": {bRegion, 0}, "resourceid": {bProject, 0}, "instanceid": {bProject, 1}, "resourcegroupname": {bProject, 2}, "resourcegroup": {bProject, 3},
	},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		if wrong := classed(azureClasses, c.text[bClass], l); wrong != nil {
			return "", wrong
		}
		if strings.EqualFold(c.name[bAmount], "costInUsd") {
			c.text[bCurrency] = ""
		}
		if _, last, ok := cutLast(c.text[bProject], "/"); ok {
			c.text[bProject] = last
		}
		family := strings.ToLower(c.text[bService] + " " + c.text[bKind])
		ours, wrong := adjustMeter(c, l, c.text[bMeter], false)
		switch {
		case wrong != nil:
			return "", wrong
		case !ours && !containsAny(family, azureFamilies):
			return otherService, nil
		case !ours && l.Class == BillUsage:
			l.Class = BillService
		case l.Model != "" && digit(l.Model[0]) && strings.Contains(family, "gpt"): // "5.6 Sol" is a GPT; its family says so
			l.Model = "gpt-" + l.Model
		}
		return "", nil
	},
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// googleClasses are the cost types of a row, and the types of its credits.
var googleClasses = map[string]BillClass{"regular": BillUsage, "tax": BillTax, "adjustment": BillCredit, "rounding_error": BillFee}

var googleCredits = map[string]BillClass{
	"committed_usage_discount": BillCommitment, "committed_usage_discount_dollar_base": BillCommitment, "fee_utilization_offset": BillCommitment,
	"sustained_usage_discount": BillDiscount, "discount": BillDiscount, "reseller_margin": BillDiscount,
	"promotion": BillCredit, "free_tier": BillCredit, "subscription_benefit": BillCredit,
}

// billGoogle is the export of Google Cloud's billing into BigQuery. Credits of a row are lines of their own.
var billGoogle = billFormat{
	name: "gcp_billing", title: "Google Cloud billing export", json: true,
	signs: []string{"sku.description", "cost", "usage_start_time"},
	inner: "credits[]", outer: true,
	provider: "google", rounding: toMicros, tiers: true,
	columns: map[string]billColumn{
		"usage_start_time": {bTime, 0}, "usage_end_time": {bEnd, 0}, "sku.description": {bMeter, 0}, "service.description": {bService, 0},
		"usage.amount": {bQuantity, 0}, "usage.unit": {bUnit, 0}, "cost": {bAmount, 0}, "currency": {bCurrency, 0}, "cost_type": {bClass, 0},
		"project.id": {bProject, 0}, "location.location": {bRegion, 0}, "credits[].amount": {bAmount, 0}, "credits[].type": {bKind, 0},
	},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		service := strings.ToLower(c.text[bService])
		if !containsAny(service, []string{"gemini", "vertex", "generative"}) {
			return otherService, nil
		}
		if wrong := classed(googleClasses, c.text[bClass], l); wrong != nil {
			return "", wrong
		}
		unit := strings.ToLower(c.text[bUnit])
		quantity := c.text[bQuantity]
		if unit != "count" && unit != "tokens" {
			c.text[bQuantity] = ""
		}
		ours, wrong := adjustMeter(c, l, c.text[bMeter], unit == "count" || unit == "tokens")
		c.text[bQuantity] = quantity
		switch {
		case wrong != nil:
			return "", wrong
		case !ours && l.Class == BillUsage && !c.inner: // machines by the hour, old models by the character
			return otherService, nil
		}
		if c.inner {
			l.Class = BillCredit
			l.Quantity = Count{}
			if class, ok := googleCredits[strings.ToLower(c.text[bKind])]; ok {
				l.Class = class
			}
		}
		return "", nil
	},
}

// billLiteLLM is LiteLLM's daily spend.
var billLiteLLM = billFormat{
	name: "litellm_daily", title: "LiteLLM daily spend", both: true,
	signs: []string{"date", "api_requests", "custom_llm_provider", "spend"},
	days:  true, rounding: toNanos,
	columns: map[string]billColumn{
		"date": {bTime, 0}, "team_id": {bProject, 0}, "model": {bModel, 0}, "model_group": {bModel, 1}, "custom_llm_provider": {bProvider, 0}, "spend": {bAmount, 0},
	},
	adjust: func(*billCells, *BillLine) (string, *billProblem) { return "", nil },
}

// billOpenRouter is OpenRouter's export of single generations, whose searches and files are in the total.
var billOpenRouter = billFormat{
	name: "openrouter", title: "OpenRouter activity export",
	signs:    []string{"generation_id", "cost_total", "model_permaslug"},
	provider: "openrouter", rounding: toNanos,
	columns: map[string]billColumn{
		"created_at": {bTime, 0}, "cost_total": {bAmount, 0}, "model_permaslug": {bModel, 0}, "variant": {bTier, 0}, "app_name": {bProject, 0},
	},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		switch variant := c.text[bTier]; variant {
		case "", "standard":
		case "batch":
			return "", setTier(c, l)
		default: // a part of the model's name there
			l.Model = c.text[bModel] + ":" + variant
		}
		return "", nil
	},
}

// billOpenRouterDaily is OpenRouter's export of days.
var billOpenRouterDaily = billFormat{
	name: "openrouter_daily", title: "OpenRouter daily activity export",
	signs:    []string{"Date", "Slug", "Usage"},
	provider: "openrouter", days: true, rounding: toNanos,
	note:    "What was spent on keys of one's own (BYOK) is billed by their vendors and is not in this bill.",
	columns: map[string]billColumn{"Date": {bTime, 0}, "Slug": {bModel, 0}, "Usage": {bAmount, 0}},
	adjust:  func(*billCells, *BillLine) (string, *billProblem) { return "", nil },
}

// focusClasses are the charge categories of FOCUS.
var focusClasses = map[string]BillClass{"usage": BillUsage, "purchase": BillCommitment, "tax": BillTax, "credit": BillCredit, "adjustment": BillFee}

// billFocus is a FOCUS cost and usage file. The model is where its writer puts it; lines of other services are not
// compared.
var billFocus = billFormat{
	name: "focus", title: "FOCUS cost and usage", both: true,
	signs:    []string{"BilledCost", "ChargePeriodStart", "ChargeCategory"},
	rounding: toNanos,
	columns: map[string]billColumn{
		"ChargePeriodStart": {bTime, 0}, "ChargePeriodEnd": {bEnd, 0}, "SkuMeter": {bMeter, 0}, "ConsumedQuantity": {bQuantity, 0}, "ConsumedUnit": {bUnit, 0},
		"BilledCost": {bAmount, 0}, "BillingCurrency": {bCurrency, 0}, "ChargeCategory": {bClass, 0}, "ServiceCategory": {bService, 0}, "RegionId": {bRegion, 0},
		"SubAccountName": {bProject, 0}, "SubAccountId": {bProject, 1},
		"x_Provider": {bProvider, 0}, "ServiceProviderName": {bProvider, 1}, "ProviderName": {bProvider, 2},
		"x_Model": {bModel, 0}, "SkuPriceDetails.x_Model": {bModel, 1}, "x_Kind": {bKind, 0},
		"x_Tier": {bTier, 0}, "x_InferenceTier": {bTier, 1}, "SkuPriceDetails.x_Tier": {bTier, 2}, "SkuPriceDetails.x_ServiceTier": {bTier, 3},
	},
	nested: []string{"SkuPriceDetails"},
	adjust: func(c *billCells, l *BillLine) (string, *billProblem) {
		if wrong := classed(focusClasses, c.text[bClass], l); wrong != nil {
			return "", wrong
		}
		if kind, err := price.ParseKind(c.text[bKind]); err == nil {
			l.Kinds = []price.Kind{kind}
			l.Model = c.text[bModel]
			if wrong := setTier(c, l); wrong != nil {
				return "", wrong
			}
			return "", setQuantity(c, l, "count")
		}
		ours, wrong := adjustMeter(c, l, c.text[bMeter], false)
		l.Model = cmp.Or(c.text[bModel], l.Model)
		switch {
		case wrong != nil:
			return "", wrong
		case !ours && c.text[bService] != "" && c.text[bService] != "AI and Machine Learning":
			return otherService, nil
		case !ours && l.Class == BillUsage:
			l.Class = BillService
		}
		return "", nil
	},
}
