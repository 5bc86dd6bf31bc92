package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"testing"
)

// dayOfCosts is a bill of the day of calls: what the vendor charged for its input and output, a tax, and a line in euros.
const dayOfCosts = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceProviderName,x_Model,x_Kind,x_Tier\n" +
	"0.07,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Usage,Anthropic,claude-sonnet-4-6,input,standard\n" +
	"0.072,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Usage,Anthropic,claude-sonnet-4-6,output,standard\n" +
	"0.01,USD,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Tax,Anthropic,,,\n" +
	"0.01,EUR,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Usage,Anthropic,claude-sonnet-4-6,input,standard\n"

// billed is an upload of a log with a bill.
func billed(t *testing.T, log, bill string, fields map[string]string) [2]string {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, part := range []struct{ field, name, text string }{{"files", "calls.csv", log}, {"bills", "bill.csv", bill}} {
		to, err := w.CreateFormFile(part.field, part.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, part.text); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return [2]string{w.FormDataContentType(), b.String()}
}

// 24 calls of 1,000 in, of which 100 to 123 are cached, and 200 out at 3, 0.3 and 15 a million. Input is
// 24,000 - 2,676 = 21,324 tokens, 0.063972, and 0.07 was billed; the cached ones cost 0.0008028 and were not; the output is
// 4,800 x 15 = 0.072, as billed. Nothing reproduces the input.
func TestReconcileOverHTTP(t *testing.T) {
	s := server(t)
	request := billed(t, dayOfCalls(), dayOfCosts, nil)
	status, body, _ := call(t, s, "POST", "/api/v1/usage/reconcile", request[0], request[1])
	var got struct {
		Against string
		Result  struct {
			Computed    string `json:"computed_usd"`
			Billed      string `json:"billed_usd"`
			Difference  string `json:"difference_usd"`
			Explained   string `json:"explained_usd"`
			Missing     string `json:"missing_usd"`
			Unexplained string `json:"unexplained_usd"`
			Settled     bool
			Lines       []struct{ Kind, Cause, Difference string }
			Apart       []struct{ Currency, Amount string }
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("%d %v: %s", status, err, body)
	}
	r := got.Result
	if got.Against != "bill" || r.Computed != "0.1367748" || r.Billed != "0.152" || r.Difference != "0.0152252" || r.Settled {
		t.Errorf("%+v", got)
	}
	if r.Explained != "0.01" || r.Missing != "-0.0008028" || r.Unexplained != "0.006028" {
		t.Errorf("explained %s, missing %s, unexplained %s", r.Explained, r.Missing, r.Unexplained)
	}
	if len(r.Apart) == 0 || r.Apart[len(r.Apart)-1].Currency != "EUR" || r.Apart[len(r.Apart)-1].Amount != "0.01" {
		t.Errorf("apart: %+v", r.Apart)
	}
	strict := billed(t, "time,model,input_tokens,output_tokens\n2026-11-20T10:00:00Z,claude-sonnet-4-6,1,1\n", dayOfCosts, map[string]string{"strict": "true"})
	if status, body, _ := call(t, s, "POST", "/api/v1/usage/reconcile", strict[0], strict[1]); status != 422 {
		t.Errorf("strict: %d %s", status, body)
	}
	for field, value := range map[string]string{"bill_format": "invoice", "format": "nothing"} {
		bad := billed(t, dayOfCalls(), dayOfCosts, map[string]string{field: value})
		if status, body, _ := call(t, s, "POST", "/api/v1/usage/reconcile", bad[0], bad[1]); status != 400 {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
	none := billed(t, dayOfCalls(), "no,bill\n1,2\n", nil)
	if status, body, _ := call(t, s, "POST", "/api/v1/usage/reconcile", none[0], none[1]); status != 422 {
		t.Errorf("no bill: %d %s", status, body)
	}
}
