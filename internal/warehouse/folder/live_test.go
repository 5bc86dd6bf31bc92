package folder_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/usage"
)

// What arrives over the network is committed often. One receipt adds up the commits of a day, in one file.
func TestLiveCommitsShareAReceipt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	f, err := folder.Open(dir, folder.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	calls := warehousetest.Calls(1, 40)
	day := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	take := func(at time.Time, calls []usage.Call) {
		t.Helper()
		b, err := f.Import(t.Context(), warehouse.Origin{Name: "spans", Format: "otlp", Live: true, At: at})
		if err != nil {
			t.Fatal(err)
		}
		for i := range calls {
			if err := b.Add(&calls[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		take(day.Add(time.Duration(i)*time.Second), calls[10*i:10*i+10])
	}
	list, err := f.Imports(t.Context())
	if err != nil || len(list) != 1 || list[0].Rows != 40 || !list[0].At.Equal(day.Add(3*time.Second)) {
		t.Errorf("%+v, %v", list, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "imports"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	// The next day has a receipt of its own.
	take(day.AddDate(0, 0, 1), calls[:1])
	if list, err = f.Imports(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}
