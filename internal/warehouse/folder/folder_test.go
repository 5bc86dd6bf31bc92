package folder_test

import (
	"context"
	"testing"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/internal/warehouse/warehousetest"
)

// noContext is never cancelled.
var noContext = context.Background()

func open(t testing.TB, dir string, o folder.Options) *folder.Folder {
	t.Helper()
	o.Create = true
	f, err := folder.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEngine(t *testing.T) {
	for name, o := range map[string]folder.Options{
		"as it comes":   {},
		"little memory": {Memory: 128 << 10},
		"one worker":    {Workers: 1},
		"many workers":  {Workers: 7, Memory: 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			warehousetest.Run(t, func(t *testing.T) warehouse.Engine { return open(t, t.TempDir(), o) })
		})
	}
}
