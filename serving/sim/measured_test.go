package sim

import (
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMeasuredPercentiles replays the closed loops of silybench, Qwen3 8B on one H100 under vLLM, with the limits
// that vLLM sets by default there, the pool that it reported, and five requests a user, all beginning at once. The
// step times are the closed form's own, not fitted to these rows, so that only a broad band is asserted: medians of
// simulated over measured. Run with -v for the figures.
func TestMeasuredPercentiles(t *testing.T) {
	f := shared(t, "serving/measured.csv")
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	ratios := map[string][]float64{}
	for _, record := range records[1:] {
		get := func(name string) string { return record[column[name]] }
		number := func(name string) float64 {
			v, _ := strconv.ParseFloat(get(name), 64)
			return v
		}
		if get("source") != "silybench" || get("precision") != "bf16" || get("scenario") != "online" {
			continue
		}
		c := For(small(t), 1)
		c.KVTokens, c.MaxSequences, c.TokenBudget = 377_024, 1024, 8192
		users := int(number("concurrency"))
		c.Users = &Users{Count: users}
		request := Request{Input: int64(number("isl")), Output: int64(number("osl"))}
		r, err := Run(c, slices.Values(slices.Repeat([]Request{request}, 5*users)), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, itl, _ := strings.Cut(get("stat_note"), "itl_median_ms=")
		median, err := strconv.ParseFloat(itl, 64)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string][2]float64{
			"tokens/s":   {float64(r.Output) / float64(r.Span), number("output_tok_s")},
			"TTFT p99":   {1e3 * float64(r.TTFT.Quantile(0.99)), number("ttft_ms_p99")},
			"TPOT p99":   {1e3 * float64(r.TPOT.Quantile(0.99)), number("tpot_ms_p99")},
			"gap median": {1e3 * float64(r.Gap.Quantile(0.5)), median},
			"end p99":    {1e3 * float64(r.End.Quantile(0.99)), number("e2e_ms_p99")},
		} {
			ratios[name] = append(ratios[name], v[0]/v[1])
		}
	}
	if len(ratios) == 0 {
		t.Fatal("no rows")
	}
	for name, all := range ratios {
		var off []float64
		for _, v := range all {
			off = append(off, math.Abs(v-1))
		}
		slices.Sort(all)
		slices.Sort(off)
		median := all[len(all)/2]
		t.Logf("%s: %d rows, simulated over measured %.2f in the median, %.2f to %.2f, off by %.0f %% in the median", name, len(all), median, all[0], all[len(all)-1], 100*off[len(off)/2])
		if median < 0.7 || median > 1.4 {
			t.Errorf("%s: simulated over measured is %.2f in the median", name, median)
		}
	}
}
