package folder_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/price"
	"breakeven/usage"
)

// openOther opens a part with a reader that is not ours.
func openOther(t testing.TB, path string) *parquet.File {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	f, err := parquet.OpenFile(file, size(t, path))
	must(t, err)
	return f
}

func partRows(t testing.TB, path string) int64 { return openOther(t, path).NumRows() }

// Any Parquet tool reads the parts: days are folders, texts are texts, times are times, costs are decimals.
func TestLayout(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, folder.Options{})
	calls := warehousetest.Calls(1, 3_000)
	receipt := warehousetest.Import(t, f, "generic", "log", calls)

	type row struct {
		Start    int64  `parquet:"start,timestamp(microsecond)"`
		Requests *int64 `parquet:"requests,optional"`
		Model    string `parquet:"model"`
		Input    int64  `parquet:"input"`
		Output   int64  `parquet:"output"`
		Import   string `parquet:"import"`
		Reported *int64 `parquet:"reported_usd,optional,decimal(9:18)"`
	}
	type sum struct{ rows, requests, input, output, reported int64 }
	got, want := map[string]*sum{}, map[string]*sum{}
	at := func(m map[string]*sum, key string) *sum {
		if m[key] == nil {
			m[key] = &sum{}
		}
		return m[key]
	}
	for i := range calls {
		c := &calls[i]
		s := at(want, "day="+c.Start.Format(time.DateOnly)+" "+c.Model)
		s.rows++
		s.requests += c.Requests.N
		s.input += c.Quantities[price.Input]
		s.output += c.Quantities[price.Output]
		s.reported += int64(c.Reported.USD)
	}
	for _, path := range parts(t, dir) {
		file := openOther(t, path)
		schema := file.Schema().String()
		for _, column := range []string{
			"required int64 start (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS))", "optional int64 end (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS))",
			"required binary model (STRING)", "optional int64 reported_usd (DECIMAL(18,9))", "required fixed_len_byte_array(16) row_key",
			"required boolean failed", "required int64 cache_write_5m", "required int64 web_search",
		} {
			if !strings.Contains(schema, column) {
				t.Fatalf("no column %s in\n%s", column, schema)
			}
		}
		list := make([]row, file.NumRows())
		if n, err := parquet.NewGenericReader[row](file).Read(list); n != len(list) {
			t.Fatal(n, err)
		}
		last := int64(math.MinInt64)
		for _, r := range list {
			if r.Start < last || r.Import != receipt.ID {
				t.Errorf("row %+v after %d", r, last)
			}
			last = r.Start
			s := at(got, filepath.Base(filepath.Dir(path))+" "+r.Model)
			s.rows++
			if r.Requests != nil {
				s.requests += *r.Requests
			}
			s.input += r.Input
			s.output += r.Output
			if r.Reported != nil {
				s.reported += *r.Reported
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d days and models, want %d", len(got), len(want))
	}
	for key, w := range want {
		if g := got[key]; g == nil || *g != *w {
			t.Errorf("%s: got %+v, want %+v", key, g, w)
		}
	}
}

// Many small imports, as live ingestion makes, leave few parts.
func TestCompaction(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, folder.Options{})
	var all []usage.Call
	for i := range 20 {
		calls := warehousetest.Calls(uint64(i), 50)
		for k := range calls {
			calls[k].Start, calls[k].End = warehousetest.First.Add(time.Duration(i*50+k)*time.Second), time.Time{}
			calls[k].Line = i
		}
		warehousetest.Import(t, f, "generic", fmt.Sprint("log ", i), calls)
		all = append(all, calls...)
	}
	if n := len(parts(t, dir)); n > 8 {
		t.Errorf("%d parts of one day", n)
	}
	warehousetest.Check(t, f, all, warehouse.Question{By: []warehouse.Dimension{warehouse.Hour, warehouse.User}})
	// An import that adds nothing changes no part.
	before := fmt.Sprint(parts(t, dir))
	warehousetest.Import(t, f, "generic", "all again", all)
	if after := fmt.Sprint(parts(t, dir)); after != before {
		t.Errorf("the parts were\n%s\nand are\n%s", before, after)
	}
}

// A sum that does not fit is an error, within a part and across parts.
func TestOverflow(t *testing.T) {
	big := func(day int) usage.Call {
		c := usage.Call{Start: warehousetest.First.AddDate(0, 0, day), Model: "m", Requests: usage.Count{N: 1, Known: true}}
		c.Quantities[price.Output], c.Quantities[price.Request] = math.MaxInt64/2+1, 1
		return c
	}
	for name, days := range map[string][2]int{"one part": {0, 0}, "two parts": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			f := open(t, t.TempDir(), folder.Options{})
			warehousetest.Import(t, f, "generic", "log", []usage.Call{big(days[0]), big(days[1])})
			if _, err := rows(f); !errors.Is(err, warehouse.ErrOverflow) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Calls of a trace without dates lie under days since its start.
func TestTrace(t *testing.T) {
	f := open(t, t.TempDir(), folder.Options{})
	var calls []usage.Call
	for hours := range 1_500 {
		c := usage.Call{Start: time.Unix(int64(hours)*3600+60, 0).UTC(), Model: "m", Requests: usage.Count{N: 1, Known: true}}
		c.Quantities[price.Output], c.Quantities[price.Request] = int64(hours), 1
		calls = append(calls, c)
	}
	warehousetest.Import(t, f, "burstgpt", "trace", calls)
	for d := range warehouse.Month + 1 {
		warehousetest.Check(t, f, calls, warehouse.Question{By: []warehouse.Dimension{d}})
	}
}

// One program changes a folder at a time; the other is told who.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, folder.Options{Wait: 30 * time.Millisecond})
	unlock := folder.Hold(t, dir, "import the year 2025")
	b, err := f.Import(t.Context(), warehouse.Origin{Name: "log", Format: "generic"})
	must(t, err)
	must(t, b.Add(&warehousetest.Calls(1, 1)[0]))
	_, err = b.Commit(t.Context())
	busy := &folder.BusyError{}
	if !errors.As(err, &busy) || !strings.Contains(err.Error(), "import the year 2025") {
		t.Errorf("got %v", err)
	}
	if n, err := rows(f); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	unlock()
	warehousetest.Import(t, f, "generic", "log", warehousetest.Calls(1, 10))
}

// A deleted user's name is in no file that the folder keeps.
func TestDeletedNameIsGone(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, folder.Options{})
	calls := warehousetest.Calls(1, 500)
	for i := range calls {
		if i%7 == 0 {
			calls[i].User = "erika.mustermann"
		}
	}
	warehousetest.Import(t, f, "generic", "log", calls)
	s := warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.User, Values: []string{"erika.mustermann"}}}}
	p, err := f.Delete(t.Context(), s, time.Now(), false)
	if err != nil || p.Matching == 0 || p.Left != 0 {
		t.Fatal(p, err)
	}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".parquet") {
			for _, g := range openOther(t, path).RowGroups() {
				for _, c := range g.ColumnChunks() {
					values := make([]parquet.Value, 1_000)
					pages := c.Pages()
					page, err := pages.ReadPage()
					must(t, err)
					n, _ := page.Values().ReadValues(values)
					for _, v := range values[:n] {
						if strings.Contains(v.String(), "mustermann") {
							t.Errorf("%s names her", path)
						}
					}
					must(t, pages.Close())
				}
			}
			return nil
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "mustermann") {
			t.Errorf("%s names her", path)
		}
		return err
	}))
}
