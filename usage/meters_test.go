package usage_test

import (
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

const awsHead = "line_item_usage_account_id,line_item_usage_start_date,line_item_usage_end_date,line_item_line_item_type,line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_currency_code\n"

// awsLine is a line of an hour.
func awsLine(kind, usageType, amount, unit, cost string) string {
	return strings.Join([]string{"1", "2026-08-19T01:00:00.000Z", "2026-08-19T02:00:00.000Z", kind, "AmazonBedrock", usageType, amount, unit, cost, "USD"}, ",") + "\n"
}

// A usage type is a region, a model, a kind of tokens and perhaps a tier. Amounts are in the unit's thousands.
func TestAWS(t *testing.T) {
	for _, tt := range []struct {
		usageType, amount, model string
		tier                     price.Tier
		want                     price.Quantities
	}{
		{"USE1-ClaudeOpus4.7-input-tokens", "0.285", "claude-opus-4-7", price.Standard, price.Quantities{price.Input: 285}},
		{"USE1-ClaudeOpus4.7-output-tokens", "2.168", "claude-opus-4-7", price.Standard, price.Quantities{price.Output: 2168}},
		{"USE1-ClaudeOpus4.7-cache-read-input-token-count", "12.5440000000001", "claude-opus-4-7", price.Standard, price.Quantities{price.CacheRead: 12_544}},
		{"USE1-ClaudeOpus4.7-cache-write-input-token-count", "4e-1", "claude-opus-4-7", price.Standard, price.Quantities{price.CacheWrite5m: 400}},
		{"USE1-ClaudeOpus4.7-cache-write-1h-input-token-count", "0.5", "claude-opus-4-7", price.Standard, price.Quantities{price.CacheWrite1h: 500}},
		{"EU-Claude3Sonnet-input-tokens-batch", "7", "claude-3-sonnet", price.Batch, price.Quantities{price.Input: 7000}},
		{"Llama3-1-70B-output-tokens", "1", "llama-3-1-70b", price.Standard, price.Quantities{price.Output: 1000}},
	} {
		c, s := one(t, awsHead+awsLine("Usage", tt.usageType, tt.amount, "1K tokens", "0.25"), usage.Options{})
		if s.Format != "aws_cur" || c.Model != tt.model || c.Tier != tt.tier || c.Provider != "bedrock" || c.Requests.Known || c.End.Sub(c.Start) != time.Hour || c.Reported.USD.String() != "0.25" {
			t.Errorf("%s: %+v\n%+v", tt.usageType, c, s)
		}
		quantities(t, c.Quantities, tt.want)
	}
}

// What a bill holds beside tokens is left out and counted, with its reason; a line that may be tokens and cannot be
// told is a fault.
func TestAWSLinesThatAreNoTokens(t *testing.T) {
	good := awsLine("Usage", "USE1-ClaudeOpus4.7-input-tokens", "1", "1K tokens", "1")
	for _, tt := range []struct{ name, line, skip, fault string }{
		{"a machine", awsLine("Usage", "USE1-BoxUsage:m5.large", "1", "Hrs", "1"), "something else than tokens", ""},
		{"traffic", awsLine("Usage", "USE1-DataTransfer-In-Bytes", "1", "GB", "1"), "something else than tokens", ""},
		{"a tax", awsLine("Tax", "USE1-ClaudeOpus4.7-input-tokens", "1", "1K tokens", "1"), "a tax, a fee", ""},
		{"a credit", awsLine("Credit", "USE1-ClaudeOpus4.7-input-tokens", "1", "1K tokens", "-1"), "a tax, a fee", ""},
		{"tokens of an unknown kind", awsLine("Usage", "USE1-Titan-training-tokens", "1", "1K tokens", "1"), "no kind of tokens", ""},
		{"a marketplace model", awsLine("Usage", "USE1-MP:USE1_InputTokenCount-Bundles", "1", "Bundles", "1"), "", "is no unit of tokens"},
		{"a fraction of a token", awsLine("Usage", "USE1-ClaudeOpus4.7-input-tokens", "0.0005", "1K tokens", "1"), "", "is no whole number of tokens"},
		{"a negative amount", awsLine("Usage", "USE1-ClaudeOpus4.7-input-tokens", "-1", "1K tokens", "1"), "", "is negative"},
		{"no number", awsLine("Usage", "USE1-ClaudeOpus4.7-input-tokens", "many", "1K tokens", "1"), "", "is no number"},
		{"an impossible count", awsLine("Usage", "USE1-ClaudeOpus4.7-input-tokens", "9999999999999", "1K tokens", "1"), "", "is too large"},
	} {
		_, s := one(t, awsHead+tt.line+good, usage.Options{})
		switch {
		case tt.skip != "" && (s.Skipped != 1 || !strings.Contains(s.Skips[0].Why, tt.skip)):
			t.Errorf("%s: skips = %+v, faults = %+v", tt.name, s.Skips, s.Faults)
		case tt.fault != "" && (s.Faulty != 1 || s.Faults[0].Line != 2 || !strings.Contains(s.Faults[0].Problem, tt.fault) || s.Faults[0].Hint == ""):
			t.Errorf("%s: skips = %+v, faults = %+v", tt.name, s.Skips, s.Faults)
		}
	}
}

const azureHead = "date,meterCategory,meterSubCategory,meterName,quantity,unitOfMeasure,costInBillingCurrency,billingCurrency,chargeType,ResourceId\n"

func azureLine(date, family, meter, quantity, unit string) string {
	return strings.Join([]string{date, "Azure OpenAI", family, meter, quantity, unit, "0.5", "USD", "Usage", "/subscriptions/s/accounts/alpha"}, ",") + "\n"
}

// Meters in thousands and in millions stand side by side, and abbreviate what they count.
func TestAzure(t *testing.T) {
	for _, tt := range []struct {
		family, meter, quantity, unit, model string
		tier                                 price.Tier
		want                                 price.Quantities
	}{
		{"Azure OpenAI GPT5", "gpt 5 mini Inp glbl Tokens", "35.783", "1K", "gpt-5-mini", price.Standard, price.Quantities{price.Input: 35_783}},
		{"Azure OpenAI GPT5", "Batch gpt 5 mini cached Inp glbl Tokens", "6.272", "1K", "gpt-5-mini", price.Batch, price.Quantities{price.CacheRead: 6272}},
		{"Azure OpenAI GPT5", "gpt 5 mini Outp DZone Tokens", "2", "1K", "gpt-5-mini", price.Standard, price.Quantities{price.Output: 2000}},
		{"Azure OpenAI GPT5", "5.6 Sol cchd inp Gl 1M Tokens", "0.5", "1M", "gpt-5.6-sol", price.Standard, price.Quantities{price.CacheRead: 500_000}},
		{"Azure OpenAI GPT5", "5.6 Sol opt Gl 1M Tokens", "0.000001", "1M", "gpt-5.6-sol", price.Standard, price.Quantities{price.Output: 1}},
		{"Azure OpenAI", "gpt 4o aud Inp glbl Tokens", "3", "1K", "gpt-4o", price.Standard, price.Quantities{price.AudioInput: 3000}},
		{"Azure OpenAI", "gpt 4o aud Outp glbl Tokens", "3", "1K", "gpt-4o", price.Standard, price.Quantities{price.AudioOutput: 3000}},
		{"Azure Deepseek Models", "DeepSeek R1 Inp glbl Tokens", "3", "1K", "deepseek-r1", price.Standard, price.Quantities{price.Input: 3000}},
	} {
		c, s := one(t, azureHead+azureLine("08/09/2026", tt.family, tt.meter, tt.quantity, tt.unit), usage.Options{})
		if s.Format != "azure_cost" || c.Model != tt.model || c.Tier != tt.tier || c.Provider != "azure" || c.Project != "alpha" || c.Requests.Known {
			t.Errorf("%s: %+v\n%+v", tt.meter, c, s)
		}
		// The ninth of August, not the eighth of September: Azure writes the month first.
		if !c.Start.Equal(time.Date(2026, 8, 9, 0, 0, 0, 0, time.UTC)) || c.End.Sub(c.Start) != 24*time.Hour {
			t.Errorf("%s: from %v to %v", tt.meter, c.Start, c.End)
		}
		quantities(t, c.Quantities, tt.want)
	}
	good := azureLine("08/09/2026", "", "gpt 5 mini Inp glbl Tokens", "1", "1K")
	_, s := one(t, azureHead+good+azureLine("08/09/2026", "", "5.6 Sol inp Gl 1M Tokens", "1", "1K"), usage.Options{})
	if s.Faulty != 1 || s.Faults[0].Field != "unitOfMeasure" || !strings.Contains(s.Faults[0].Problem, "contradicts its meter") {
		t.Errorf("faults = %+v", s.Faults)
	}
	_, s = one(t, azureHead+good+azureLine("19/08/2026", "", "gpt 5 mini Inp glbl Tokens", "1", "1K"), usage.Options{})
	if s.Faulty != 1 || s.Faults[0].Field != "date" {
		t.Errorf("a day first: faults = %+v", s.Faults)
	}
	_, s = one(t, azureHead+good+azureLine("08/09/2026", "", "Provisioned Managed Global Unit", "1", "1 Hour"), usage.Options{})
	if s.Skipped != 1 {
		t.Errorf("reserved throughput: %+v", s)
	}
	// Another billing currency is a fault; the dollars beside it are not.
	_, s = one(t, azureHead+good+strings.Replace(good, "USD", "EUR", 1), usage.Options{})
	if s.Faulty != 1 || s.Faults[0].Field != "billingCurrency" {
		t.Errorf("faults = %+v", s.Faults)
	}
	both := "costInUsd," + azureHead + "0.6," + strings.Replace(good, "USD", "EUR", 1)
	if c, _ := one(t, both, usage.Options{}); c.Reported.USD.String() != "0.6" {
		t.Errorf("reported = %+v", c.Reported)
	}
}

// Older agreements have other names, and other cases, for the same columns.
func TestAzureColumnsOfOlderAgreements(t *testing.T) {
	for _, tt := range []struct{ name, head, row string }{
		{"enterprise agreement", "Date,MeterSubCategory,MeterName,ConsumedQuantity,UnitOfMeasure,Cost,BillingCurrencyCode,ChargeType,InstanceId\n", "08/09/2026,Azure OpenAI GPT5,gpt 5 mini Inp glbl Tokens,35.783,1K,0.5,USD,Usage,/subscriptions/s/accounts/alpha\n"},
		{"enterprise agreement, later", "Date,MeterSubCategory,MeterName,Quantity,UnitOfMeasure,CostInBillingCurrency,BillingCurrencyCode,ChargeType,ResourceId\n", "08/09/2026,Azure OpenAI GPT5,gpt 5 mini Inp glbl Tokens,35.783,1K,0.5,USD,Usage,/subscriptions/s/accounts/alpha\n"},
		{"pay as you go", "UsageDateTime,MeterSubcategory,MeterName,UsageQuantity,UnitOfMeasure,PreTaxCost,Currency,ResourceGroup\n", "2026-08-09,Azure OpenAI GPT5,gpt 5 mini Inp glbl Tokens,35.783,1K,0.5,USD,alpha\n"},
	} {
		c, s := one(t, tt.head+tt.row, usage.Options{})
		if s.Format != "azure_cost" || c.Model != "gpt-5-mini" || c.Project != "alpha" || c.Reported.USD.String() != "0.5" || !c.Start.Equal(time.Date(2026, 8, 9, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v\n%+v", tt.name, c, s)
		}
		quantities(t, c.Quantities, price.Quantities{price.Input: 35_783})
		if _, s := one(t, tt.head+tt.row+strings.Replace(tt.row, "USD", "EUR", 1), usage.Options{}); s.Faulty != 1 {
			t.Errorf("%s: another currency: %+v", tt.name, s)
		}
	}
}

// Bills come as JSON records too, as their Parquet does.
func TestBillsAsRecords(t *testing.T) {
	for _, tt := range []struct {
		format, text string
		want         price.Quantities
	}{
		{"aws_cur", `{"line_item_usage_start_date":"2026-08-19T00:00:00.000Z","line_item_usage_end_date":"2026-08-20T00:00:00.000Z","line_item_usage_type":"USE1-ClaudeOpus4.7-output-token-count","line_item_usage_amount":6.3,"pricing_unit":"1K tokens","line_item_unblended_cost":0.5,"line_item_currency_code":"USD","line_item_line_item_type":"Usage"}`, price.Quantities{price.Output: 6300}},
		{"azure_cost", `{"date":"2026-08-19","meterName":"gpt 5 mini Inp glbl Tokens","quantity":35.783000,"unitOfMeasure":"1K","costInBillingCurrency":0.5,"billingCurrency":"USD","chargeType":"Usage"}`, price.Quantities{price.Input: 35_783}},
		{"focus", `{"BilledCost":0.500000000,"BillingCurrency":"USD","ChargeCategory":"Usage","ChargePeriodStart":"2026-08-19T00:00:00.000Z","ChargePeriodEnd":"2026-08-20T00:00:00.000Z","ConsumedQuantity":27882.0,"ConsumedUnit":"Tokens","ServiceProviderName":"Anthropic","SkuId":"s","SkuMeter":"Cache Write 1h Tokens","SkuPriceDetails":{"x_Model":"claude-opus-4-7"}}`, price.Quantities{price.CacheWrite1h: 27_882}},
	} {
		c, s := one(t, tt.text+"\n", usage.Options{})
		if s.Format != tt.format || c.Reported.USD.String() != "0.5" || c.End.Sub(c.Start) != 24*time.Hour {
			t.Errorf("%+v\n%+v", c, s)
		}
		quantities(t, c.Quantities, tt.want)
	}
}

func googleLine(service, sku, amount, unit, kind string) string {
	return `{"service":{"description":"` + service + `"},"sku":{"id":"A","description":"` + sku + `"},"usage_start_time":"2026-08-19T00:00:00Z","usage_end_time":"2026-08-19T01:00:00Z","project":{"id":"p"},"cost":0.5,"currency":"USD","usage":{"amount":` + amount + `,"unit":"` + unit + `"},"credits":[{"amount":-0.1}],"cost_type":"` + kind + `"}` + "\n"
}

func TestGoogle(t *testing.T) {
	for _, tt := range []struct {
		sku, model string
		want       price.Quantities
	}{
		{"Gemini 3.1 Pro Text Input - Predictions", "gemini-3.1-pro", price.Quantities{price.Input: 1000}},
		{"Gemini 3.1 Pro Text Output - Predictions", "gemini-3.1-pro", price.Quantities{price.Output: 1000}},
		{"Gemini 3.1 Pro Thinking Text Output - Predictions", "gemini-3.1-pro", price.Quantities{price.Reasoning: 1000}},
		{"Gemini 3.1 Pro Cached Text Input - Predictions", "gemini-3.1-pro", price.Quantities{price.CacheRead: 1000}},
		{"Gemini 3.1 Flash Audio Input - Predictions", "gemini-3.1-flash", price.Quantities{price.AudioInput: 1000}},
		{"Gemini 3.1 Flash Cached Audio Input - Predictions", "gemini-3.1-flash", price.Quantities{price.AudioCacheRead: 1000}},
		{"Gemini 3.1 Flash Image Output - Predictions", "gemini-3.1-flash", price.Quantities{price.ImageOutput: 1000}},
	} {
		c, s := one(t, googleLine("Vertex AI", tt.sku, "1000", "count", "regular"), usage.Options{})
		if s.Format != "gcp_billing" || c.Model != tt.model || c.Project != "p" || c.Requests.Known || c.Session != "" {
			t.Errorf("%s: %+v\n%+v", tt.sku, c, s)
		}
		quantities(t, c.Quantities, tt.want)
	}
	good := googleLine("Gemini API", "Gemini 3.1 Pro Text Input - Predictions", "1000", "count", "regular")
	for _, line := range []string{
		googleLine("Gemini API", "Gemini 3.1 Pro Text Input - Predictions", "1000", "count", "tax"),
		googleLine("Compute Engine", "Network Input Tokens", "1000", "count", "regular"),
		googleLine("Vertex AI", "Custom Training N1 Core", "10", "seconds", "regular"),
	} {
		if _, s := one(t, good+line, usage.Options{}); s.Skipped != 1 || s.Faulty != 0 {
			t.Errorf("%s: %+v", line, s)
		}
	}
	// The first Geminis were billed by the character: that is no token.
	_, s := one(t, good+googleLine("Vertex AI", "Gemini 1.0 Pro Text Input - Predictions", "1000", "characters", "regular"), usage.Options{})
	if s.Faulty != 1 || !strings.Contains(s.Faults[0].Problem, "no unit of tokens") {
		t.Errorf("faults = %+v", s.Faults)
	}
}

func openAICost(item, quantity, unit string) string {
	return `{"data":[{"start_time":1787097600,"end_time":1787184000,"results":[{"amount":{"value":7.84e-05,"currency":"usd"},"line_item":"` + item + `","project_id":"p","quantity":` + quantity + `,"quantity_unit":` + unit + `}]}]}` + "\n"
}

// A line item is a tier, a model and a kind of tokens.
func TestOpenAICosts(t *testing.T) {
	for _, tt := range []struct {
		item, model string
		tier        price.Tier
		want        price.Quantities
	}{
		{"gpt-5-mini-2025-08-07, input", "gpt-5-mini-2025-08-07", price.Standard, price.Quantities{price.Input: 6272}},
		{"batch | gpt-5-mini-2025-08-07, cached input", "gpt-5-mini-2025-08-07", price.Batch, price.Quantities{price.CacheRead: 6272}},
		{"gpt-audio, audio output", "gpt-audio", price.Standard, price.Quantities{price.AudioOutput: 6272}},
	} {
		for _, unit := range []string{`"tokens"`, "null"} {
			c, s := one(t, openAICost(tt.item, "6272", unit), usage.Options{})
			if s.Format != "openai_costs" || c.Model != tt.model || c.Tier != tt.tier || c.Provider != "openai" || c.Requests.Known || c.Reported.USD.String() != "0.0000784" || c.End.Sub(c.Start) != 24*time.Hour {
				t.Errorf("%s: %+v\n%+v", tt.item, c, s)
			}
			quantities(t, c.Quantities, tt.want)
		}
	}
	good := openAICost("gpt-5-mini, input", "1", "null")
	for _, line := range []string{
		openAICost("gpt-5-mini, input", "null", "null"),                   // money without its tokens
		strings.Replace(good, `"gpt-5-mini, input"`, "null", 1),           // not grouped by line item
		openAICost("web search | gpt-4o | medium context", "3", "null"),   // searches
		openAICost("assistants api, code interpreter", "3", `"sessions"`), // not tokens
	} {
		if _, s := one(t, good+line, usage.Options{}); s.Skipped != 1 || s.Faulty != 0 {
			t.Errorf("%s: %+v", line, s)
		}
	}
}

const focusHead = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,ServiceProviderName,SkuId,SkuMeter,SkuPriceDetails,SubAccountName\n"

func TestFOCUS(t *testing.T) {
	line := func(category, quantity, unit, meter string) string {
		return "0.5,USD," + category + ",2026-08-19T00:00:00Z,2026-08-20T00:00:00Z," + quantity + "," + unit + ",Anthropic,sku," + meter + `,"{""x_Model"":""claude-opus-4-7"",""x_ServiceTier"":""batch""}",alpha` + "\n"
	}
	c, s := one(t, focusHead+line("Usage", "27882", "Tokens", "Cache Write 1h Tokens"), usage.Options{})
	if s.Format != "focus" || c.Model != "claude-opus-4-7" || c.Tier != price.Batch || c.Provider != "Anthropic" || c.Project != "alpha" {
		t.Errorf("%+v\n%+v", c, s)
	}
	quantities(t, c.Quantities, price.Quantities{price.CacheWrite1h: 27_882})
	_, s = one(t, focusHead+line("Usage", "1", "Tokens", "Input Tokens")+line("Tax", "1", "Tokens", "Input Tokens")+line("Usage", "1", "GPU-Hours", "GPU"), usage.Options{})
	if s.Skipped != 2 || s.Faulty != 0 {
		t.Errorf("%+v", s)
	}
}

func FuzzReadBills(f *testing.F) {
	fuzzRead(f, "aws_cur",
		awsHead+awsLine("Usage", "USE1-ClaudeOpus4.7-cache-read-input-token-count", "0.285", "1K tokens", "0.1")+awsLine("Tax", "x", "-1", "", "-1"),
		azureHead+azureLine("08/09/2026", "GPT", "5.6 Sol cchd inp Gl 1M Tokens", "1e-3", "1M"),
		googleLine("Vertex AI", "Gemini 3.1 Pro Cached Audio Input - Predictions", "1e3", "count", "regular"),
		openAICost("batch | gpt-5-mini, cached input", "6272", "null"),
		focusHead+"0.5,USD,Usage,2026-08-19,2026-08-20,1,1000 Tokens,A,s,Input Tokens,{},a\n")
}
