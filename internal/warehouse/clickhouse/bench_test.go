package clickhouse

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/price"
	"breakeven/usage"
)

// benchRows is how many calls the benchmarks keep: BREAKEVEN_BENCH_ROWS, or 200,000.
func benchRows(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("BREAKEVEN_BENCH_ROWS"))
	if err != nil {
		return 200_000
	}
	return n
}

// bench makes the i-th call of a log of 90 days, 40 models and 60 projects.
func bench(c *usage.Call, i, n int) {
	*c = usage.Call{
		ID: "call-" + strconv.Itoa(i), Start: warehousetest.First.Add(time.Duration(i) * 90 * 24 * time.Hour / time.Duration(n)).Truncate(time.Microsecond),
		Provider: "openai", Model: models[i%len(models)], Project: projects[i/len(models)%len(projects)], Requests: usage.Count{N: 1, Known: true}, Line: i,
	}
	c.Quantities[price.Input], c.Quantities[price.CacheRead], c.Quantities[price.Output], c.Quantities[price.Request] = int64(i%4_000), int64(i%900), int64(i%700), 1
	c.Reported = usage.Cost{USD: 1_000, Known: true}
}

var models, projects = series("model", 40), series("project", 60)

func series(name string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%02d", name, i)
	}
	return list
}

func fill(b *testing.B, w *Warehouse, n int) {
	b.Helper()
	batch, err := w.Import(b.Context(), warehouse.Origin{Name: "bench", Format: "generic", At: later})
	if err != nil {
		b.Fatal(err)
	}
	var c usage.Call
	for i := range n {
		bench(&c, i, n)
		if err := batch.Add(&c); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := batch.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkImport(b *testing.B) {
	c, n := cluster(b, 1), benchRows(b)
	for b.Loop() {
		b.StopTimer()
		w := on(b, c)
		b.StartTimer()
		fill(b, w, n)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkAsk(b *testing.B) {
	n := benchRows(b)
	w := on(b, cluster(b, 1))
	fill(b, w, n)
	epochs := make([]time.Time, 3_000)
	for i := range epochs {
		epochs[i] = warehousetest.First.Add(time.Duration(i) * 40 * time.Minute)
	}
	by := []warehouse.Dimension{warehouse.Day, warehouse.Model, warehouse.Project}
	for _, q := range []struct {
		name string
		warehouse.Question
	}{
		{"all", warehouse.Question{}},
		{"day x model x project", warehouse.Question{By: by}},
		{"day x model x project, 20 epochs, 2 bands", warehouse.Question{By: by, Cuts: warehouse.Cuts{Epochs: epochs[:20], Bands: []int64{1_000, 200_000}}}},
		{"day, 3000 epochs", warehouse.Question{By: by[:1], Cuts: warehouse.Cuts{Epochs: epochs}}},
	} {
		b.Run(q.name, func(b *testing.B) {
			groups := 0
			for b.Loop() {
				groups = 0
				if err := w.Ask(b.Context(), q.Question, func(*warehouse.Group) error { groups++; return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(groups), "groups")
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
