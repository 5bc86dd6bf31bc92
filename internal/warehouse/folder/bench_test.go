package folder_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/price"
	"breakeven/usage"
)

// benchRows is how many rows benchmarks work on: BREAKEVEN_BENCH_ROWS, or a million.
func benchRows(b *testing.B) int {
	b.Helper()
	text := os.Getenv("BREAKEVEN_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// traffic makes calls over 180 days of 40 models, 60 projects of 19 models each, and 600 users, in the order of time.
func traffic(n int, emit func(*usage.Call) error) error {
	r := rand.New(rand.NewPCG(1, 2))
	names := func(format string, n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(format, i)
		}
		return list
	}
	models, projects, users, keys := names("vendor-model-%02d", 40), names("project-%02d", 60), names("user-%03d", 600), names("key-%02d", 30)
	providers := []string{"openai", "anthropic", "google", "bedrock", "azure", "mistral", "deepseek", "xai"}
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	step := 180 * 24 * time.Hour / time.Duration(n)
	var c usage.Call
	for i := range n {
		project := r.IntN(60)
		model := (project*7 + r.IntN(19)) % 40
		c = usage.Call{
			Start: start.Add(time.Duration(i) * step), Requests: usage.Count{N: 1, Known: true}, Provider: providers[model%8], Model: models[model],
			Project: projects[project], User: users[r.IntN(600)], APIKey: keys[r.IntN(30)], Line: i + 1,
			Latency: time.Duration(300+r.IntN(20_000)) * time.Millisecond,
		}
		c.Quantities[price.Input], c.Quantities[price.CacheRead], c.Quantities[price.Output], c.Quantities[price.Request] = r.Int64N(4_000), r.Int64N(8_000), r.Int64N(900), 1
		if model%8 == 1 {
			c.Quantities[price.CacheWrite5m] = r.Int64N(2_000)
		}
		if err := emit(&c); err != nil {
			return err
		}
	}
	return nil
}

// fill imports traffic into a folder, or finds it there.
func fill(b *testing.B, n int) *folder.Folder {
	b.Helper()
	dir := b.TempDir()
	if keep := os.Getenv("BREAKEVEN_BENCH_DIR"); keep != "" {
		dir = filepath.Join(keep, strconv.Itoa(n))
	}
	f := open(b, dir, folder.Options{})
	if list, err := f.Imports(b.Context()); err != nil || len(list) > 0 {
		return f
	}
	load(b, f, n)
	return f
}

func load(b *testing.B, f *folder.Folder, n int) {
	b.Helper()
	batch, err := f.Import(b.Context(), warehouse.Origin{Name: "traffic", Format: "generic", At: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	if err := traffic(n, batch.Add); err != nil {
		b.Fatal(err)
	}
	if _, err := batch.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkImport(b *testing.B) {
	n := benchRows(b)
	for b.Loop() {
		load(b, open(b, b.TempDir(), folder.Options{}), n)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkTraffic(b *testing.B) {
	n := benchRows(b)
	for b.Loop() {
		_ = traffic(n, func(*usage.Call) error { return nil })
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkAsk(b *testing.B) {
	n := benchRows(b)
	f := fill(b, n)
	for _, test := range []struct {
		name string
		q    warehouse.Question
	}{
		{"day model project", warehouse.Question{By: []warehouse.Dimension{warehouse.Day, warehouse.Model, warehouse.Project}}},
		{"month model", warehouse.Question{By: []warehouse.Dimension{warehouse.Month, warehouse.Model}}},
		{"project of one user", warehouse.Question{
			By:        []warehouse.Dimension{warehouse.Project},
			Selection: warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.User, Values: []string{"user-007"}}}},
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			groups := 0
			for b.Loop() {
				groups = 0
				if err := f.Ask(b.Context(), test.q, func(*warehouse.Group) error {
					groups++
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(groups), "groups")
		})
	}
}

// jsonLines is traffic as a gateway logs it: about 250 bytes a call.
func jsonLines(b *testing.B, n int) []byte {
	b.Helper()
	out := make([]byte, 0, 300*n)
	err := traffic(n, func(c *usage.Call) error {
		out = fmt.Appendf(out, `{"timestamp":"%s","provider":%q,"model":%q,"project":%q,"user":%q,"input_tokens":%d,"cached_tokens":%d,"output_tokens":%d,"latency_ms":%d,"status":"success","tags":["production","chat"]}`+"\n",
			c.Start.Format("2006-01-02T15:04:05.000000Z"), c.Provider, c.Model, c.Project, c.User,
			c.Quantities[price.Input]+c.Quantities[price.CacheRead], c.Quantities[price.CacheRead], c.Quantities[price.Output], c.Latency.Milliseconds())
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func BenchmarkReadJSONLines(b *testing.B) {
	n := benchRows(b)
	text := jsonLines(b, n)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := usage.Read("log", bytes.NewReader(text), usage.Options{}, func(*usage.Call) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkImportJSONLines(b *testing.B) {
	n := benchRows(b)
	text := jsonLines(b, n)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f := open(b, b.TempDir(), folder.Options{})
		batch, err := f.Import(b.Context(), warehouse.Origin{Name: "log", Format: "generic", At: time.Now()})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := usage.Read("log", bytes.NewReader(text), usage.Options{}, batch.Add); err != nil {
			b.Fatal(err)
		}
		if r, err := batch.Commit(b.Context()); err != nil || r.Added != int64(n) {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
