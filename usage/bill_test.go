package usage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// readBill reads a bill and describes its lines: class, provider/model, kinds, tier, context, project, quantity and amount.
func readBill(t *testing.T, text string, o usage.BillOptions) (lines []string, s usage.BillSummary, err error) {
	t.Helper()
	s, err = usage.ReadBill("bill", strings.NewReader(text), o, func(l *usage.BillLine) error {
		d := fmt.Sprintf("%s %s/%s %v", l.Class, l.Provider, l.Model, l.Kinds)
		if l.TierKnown {
			d += " " + l.Tier.String()
		}
		if l.ContextKnown {
			d += fmt.Sprintf(" over %d", l.ContextOver)
		}
		if l.Project != "" {
			d += " " + l.Project
		}
		if l.Quantity.Known {
			d += fmt.Sprintf(" %d", l.Quantity.N)
		}
		lines = append(lines, d+" $"+l.Amount.String())
		return nil
	})
	return lines, s, err
}

// Each bill by a file of a row or two. Amounts come from their decimal text, never through a float.
func TestBillFormats(t *testing.T) {
	for _, tt := range []struct {
		format, text string
		want         []string
	}{
		{"anthropic_costs", // amounts in cents
			`{"data":[{"starting_at":"2026-08-19T00:00:00Z","ending_at":"2026-08-20T00:00:00Z","results":[
			 {"amount":"7.75437500","currency":"USD","cost_type":"tokens","model":"claude-opus-4-7","token_type":"cache_creation.ephemeral_5m_input_tokens","context_window":"200k-1M","service_tier":"batch","workspace_id":"w"},
			 {"amount":"1","currency":"USD","cost_type":"web_search","workspace_id":"w"}]}]}`,
			[]string{"usage anthropic/claude-opus-4-7 [cache_write_5m] batch over 200000 w $0.07754375", "service anthropic/ [web_search] w $0.01"}},
		{"anthropic_console_cost", // display names, whole cents, and what was taken off the list price
			"usage_date_utc,model,workspace,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type\n2026-08-19,Claude Opus 4.7,w,message,≤ 200k,output,0.09,0.10,token\n",
			[]string{"usage anthropic/Claude Opus 4.7 [output reasoning] standard over 0 w $0.1", "discount anthropic/Claude Opus 4.7 [output reasoning] standard over 0 w $-0.01"}},
		{"openai_costs", // a float is decimal text as well
			`{"data":[{"start_time":1787097600,"end_time":1787184000,"results":[
			 {"amount":{"value":7.84e-05,"currency":"usd"},"line_item":"batch | gpt-5-mini-2025-08-07, cached input","project_id":"p","quantity":6272,"quantity_unit":"tokens"},
			 {"amount":{"value":0.5,"currency":"usd"},"line_item":null},
			 {"amount":{"value":0.03,"currency":"usd"},"line_item":"web search tool calls"}]}]}`,
			[]string{"usage openai/gpt-5-mini-2025-08-07 [cache_read] batch p 6272 $0.0000784", "usage openai/ [] $0.5", "service openai/ [web_search] $0.03"}},
		{"openai_dashboard_cost",
			"start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item\n1,2,2026-08-19T00:00:00+00:00,2026-08-20T00:00:00+00:00,0.378964875,usd,\n",
			[]string{"usage openai/ [] $0.378964875"}},
		{"aws_cur", // other services are not compared; a write without a lifetime lives five minutes
			"line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_currency_code,line_item_line_item_type,line_item_usage_account_id\n" +
				"2026-08-19T01:00:00Z,2026-08-19T02:00:00Z,AmazonBedrock,USE1-ClaudeOpus4.7-cache-write-input-token-count,0.422,1K tokens,0.0026375,USD,Usage,1\n" +
				"2026-08-19T01:00:00Z,2026-08-19T02:00:00Z,AmazonBedrock,,,,0.25,USD,Tax,1\n" +
				"2026-08-19T01:00:00Z,2026-08-19T02:00:00Z,AmazonBedrock,,,,-0.1,USD,EdpDiscount,1\n" +
				"2026-08-19T01:00:00Z,2026-08-19T02:00:00Z,AmazonEC2,BoxUsage:m5,1,Hrs,9,USD,Usage,1\n",
			[]string{"usage bedrock/claude-opus-4-7 [cache_write_5m] standard 1 422 $0.0026375", "tax bedrock/ [] standard 1 $0.25", "discount bedrock/ [] standard 1 $-0.1"}},
		{"azure_cost", // month first, thousands, and the dollar column before that of the billing currency
			"Date,MeterCategory,MeterSubCategory,MeterName,Quantity,UnitOfMeasure,CostInBillingCurrency,costInUsd,BillingCurrency,ChargeType,ResourceId\n" +
				"08/19/2026,Azure OpenAI,Azure OpenAI GPT5,Batch 5.6 Sol Inp glbl Tokens,35.783,1K,0.009,0.01,EUR,Usage,/a/b/p\n" +
				"08/19/2026,Virtual Machines,Dv5,D2 v5,1,1 Hour,5,5,EUR,Usage,/a/b/p\n",
			[]string{"usage azure/gpt-5.6-sol [input] batch p 35783 $0.01"}},
		{"gcp_billing", // credits of a line are lines
			`{"service":{"description":"Gemini API"},"sku":{"description":"Gemini 3.1 Pro Text Output - Predictions"},"usage_start_time":"2026-08-19T00:00:00Z","usage_end_time":"2026-08-19T01:00:00Z","project":{"id":"p"},"cost":1.481472,"currency":"USD","usage":{"amount":123456,"unit":"count"},"credits":[{"amount":-0.5,"type":"PROMOTION"},{"amount":-0.1,"type":"DISCOUNT"}],"cost_type":"regular"}` + "\n",
			[]string{"usage google/gemini-3.1-pro [output reasoning] standard p 123456 $1.481472", "credit google/gemini-3.1-pro [output reasoning] standard p $-0.5", "discount google/gemini-3.1-pro [output reasoning] standard p $-0.1"}},
		{"litellm_daily",
			"date,team_id,model,custom_llm_provider,spend,api_requests\n2026-08-19,t,claude-opus-4-7,anthropic,0.124955,2\n",
			[]string{"usage anthropic/claude-opus-4-7 [] t $0.124955"}},
		{"openrouter",
			"generation_id,created_at,cost_total,model_permaslug,variant\ng,2026-08-19 01:14:08.162,0.06,a/b,free\nh,2026-08-19 01:14:08.162,0.03,a/b,batch\n",
			[]string{"usage openrouter/a/b:free [] $0.06", "usage openrouter/a/b [] batch $0.03"}},
		{"openrouter_daily", "Date,Slug,Usage,Requests\n2026-08-19 00:00:00,a/b,0.5,3\n", []string{"usage openrouter/a/b [] $0.5"}},
		{"focus", // ours, and another writer's
			"BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceCategory,ServiceProviderName,SubAccountName,SkuMeter,ConsumedQuantity,ConsumedUnit,SkuPriceDetails,x_Model,x_Kind,x_Tier\n" +
				"0.5,USD,2026-08-19T00:00:00Z,2026-08-20T00:00:00Z,Usage,AI and Machine Learning,OpenAI,p,cache read,10,Tokens,,gpt-5-mini,cache_read,batch\n" +
				`0.5,USD,2026-08-19T00:00:00Z,2026-08-20T00:00:00Z,Usage,AI and Machine Learning,OpenAI,p,Cache Read Tokens,10,Tokens,"{""x_Model"":""m"",""x_ServiceTier"":""flex""}",,,` + "\n" +
				"-3,USD,2026-08-19T00:00:00Z,2026-08-20T00:00:00Z,Credit,,OpenAI,p,,,,,,,\n" +
				"7,USD,2026-08-19T00:00:00Z,2026-08-20T00:00:00Z,Usage,Compute,AWS,p,vCPU,10,Hours,,,,\n",
			[]string{"usage OpenAI/gpt-5-mini [cache_read] batch p 10 $0.5", "usage OpenAI/m [cache_read] flex p 10 $0.5", "credit OpenAI/ [] p $-3"}},
	} {
		t.Run(tt.format, func(t *testing.T) {
			lines, s, err := readBill(t, tt.text, usage.BillOptions{})
			if err != nil || s.Format != tt.format || s.Faulty != 0 || s.Rows != s.Billed+s.Skipped {
				t.Fatalf("%v, %+v", err, s)
			}
			if got, want := strings.Join(lines, "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if _, _, err := readBill(t, tt.text, usage.BillOptions{Format: tt.format}); err != nil {
				t.Error(err)
			}
		})
	}
}

// Another currency is neither converted nor mixed in: it is added up by itself. A bad row is shown and left out.
func TestBillRowsThatDoNotCount(t *testing.T) {
	const text = "Date,Slug,Usage,Currency\n2026-08-19,a/b,1.5\n2026-08-19,a/b,one,\n2026-08-19,a/b,2,\n19.8.2026,a/b,3,\n"
	lines, s, err := readBill(t, text, usage.BillOptions{})
	if err != nil || len(lines) != 1 || s.Faulty != 3 || s.Rows != 4 {
		t.Fatalf("%v %v %+v", lines, err, s)
	}
	for i, want := range []string{"3 cells", "no amount of money", "no time"} {
		if got := s.Faults[i].Error(); !strings.Contains(got, want) && !strings.Contains(got, "cannot be told apart") {
			t.Errorf("fault %d: %s, want %s", i, got, want)
		}
	}
	if _, _, err := readBill(t, text, usage.BillOptions{Strict: true}); err == nil {
		t.Error("strict reads on")
	}
	_, s, err = readBill(t, `{"data":[{"start_time":1787097600,"end_time":1787184000,"results":[{"amount":{"value":0.25,"currency":"eur"}},{"amount":{"value":0.5,"currency":"EUR"}}]}]}`, usage.BillOptions{})
	if err != nil || s.Billed != 0 || len(s.Foreign) != 1 || s.Foreign[0] != (usage.ForeignAmount{Currency: "EUR", Rows: 2, Amount: "0.75"}) {
		t.Errorf("%v %+v", err, s)
	}
	for _, bad := range []string{"", "a,b\n1,2\n", "time,model,input_tokens,output_tokens\n2026-08-19,m,1,2\n", `{"x":1}`} {
		if _, _, err := readBill(t, bad, usage.BillOptions{}); err == nil {
			t.Errorf("%q is a bill", bad)
		} else if _, ok := errors.AsType[*usage.FileError](err); !ok {
			t.Errorf("%q: %T %v", bad, err, err)
		}
	}
}

// The samples of bills add up to what their workload cost, but for the Console, which rounds each amount to a cent.
func TestSampleBills(t *testing.T) {
	e := readExpected(t)
	for _, tt := range []struct {
		file, want string
		lines      int64
	}{
		{"openai_costs_1d.json", e.OpenAI.Spend, 45},
		{"openai_dashboard_cost.csv", e.OpenAI.Spend, 3},
		{"anthropic_cost_report_1d.json", e.Anthropic.Spend, 28},
		{"anthropic_console_cost.csv", "1.5", 47},
		{"aws_cur2_bedrock.csv", e.Anthropic.Spend, 113},
		{"azure_cost_export.csv", e.OpenAI.Spend, 45},
		{"gcp_billing_export_gemini.jsonl", "12.2444106", 9},
		{"litellm_daily_user_spend.csv", e.All.Spend, 49},
		{"openrouter_activity.csv", e.All.Spend, 120},
		{"openrouter_daily.csv", e.All.Spend, 9},
		{"focus_1_4_llm_spend.csv", e.All.Spend, 73},
	} {
		var total money.USD
		text := string(sharedFile(t, "usage-samples", tt.file))
		s, err := usage.ReadBill(tt.file, strings.NewReader(text), usage.BillOptions{}, func(l *usage.BillLine) error {
			if l.Class != usage.BillUsage {
				t.Errorf("%s:%d is %s", tt.file, l.Line, l.Class)
			}
			var err error
			total, err = total.Add(l.Amount)
			return err
		})
		if err != nil || s.Billed != tt.lines || s.Rows != tt.lines {
			t.Errorf("%s: %v, %+v", tt.file, err, s)
		}
		same(t, tt.file, total.String(), tt.want)
		if day := time.Date(2026, 8, 19, 0, 0, 0, 0, time.UTC); s.From.Before(day) || s.To.After(day.Add(72*time.Hour)) {
			t.Errorf("%s: %s to %s", tt.file, s.From, s.To)
		}
	}
}

func FuzzReadBill(f *testing.F) {
	for _, s := range []string{
		`{"data":[{"starting_at":"2026-08-19T00:00:00Z","ending_at":"2026-08-20T00:00:00Z","results":[{"amount":"7.75","currency":"USD","token_type":"output_tokens","context_window":"0-200k"}]}]}`,
		"usage_date_utc,model,token_type,cost_usd,list_price_usd\n2026-08-19,Claude Opus 4.7,output,0.09,0.10\n",
		`{"data":[{"start_time":1787097600,"end_time":1787184000,"results":[{"amount":{"value":7.84e-05,"currency":"usd"},"line_item":"batch | m, cached input","quantity":6272}]}]}`,
		"start_time_iso,amount_value,amount_currency\n2026-08-19T00:00:00+00:00,1e300,eur\n",
		"line_item_usage_start_date,line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_line_item_type\n2026-08-19,USE1-ClaudeOpus4.7-input-tokens,0.285,1K tokens,0.001425,Usage\n",
		"date,meterName,unitOfMeasure,quantity,costInBillingCurrency\n08/19/2026,5.6 Sol inp Gl 1M Tokens,1M,0.02,0.1\n",
		`{"service":{"description":"Gemini API"},"sku":{"description":"Gemini Output"},"usage_start_time":"2026-08-19T00:00:00Z","cost":1.5,"usage":{"amount":1,"unit":"count"},"credits":[{"amount":-0.5,"type":"PROMOTION"}]}`,
		"BilledCost,ChargePeriodStart,ChargeCategory,x_Kind,ConsumedQuantity\n1,2026-08-19,Usage,input,5\n",
		"date,api_requests,custom_llm_provider,spend\n2026-08-19,1,openai,9223372036.854775807\n2026-08-19,1,openai,1\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func() string {
			var all []string
			s, err := usage.ReadBill("bill", strings.NewReader(string(data)), usage.BillOptions{MaxLine: 1 << 16}, func(l *usage.BillLine) error {
				if l.Start.IsZero() || !l.End.IsZero() && !l.End.After(l.Start) || l.Rounding < 0 || l.Quantity.N < 0 || l.Class == "" {
					t.Fatalf("impossible line: %+v", l)
				}
				for _, k := range l.Kinds {
					if k >= price.KindCount {
						t.Fatal(k)
					}
				}
				all = append(all, fmt.Sprintf("%+v", *l))
				return nil
			})
			if err != nil {
				if _, ok := errors.AsType[*usage.FileError](err); !ok && !errors.Is(err, money.ErrOverflow) {
					t.Fatalf("%T: %v", err, err)
				}
			}
			if s.Rows != s.Billed+s.Skipped+s.Faulty {
				t.Fatalf("%+v", s)
			}
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
			return strings.Join(all, "\n")
		}
		if a, b := read(), read(); a != b {
			t.Fatalf("%s\nand then\n%s", a, b)
		}
	})
}
