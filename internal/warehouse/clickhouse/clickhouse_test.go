package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/chtest"
	"breakeven/internal/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	chtest.Host()
	os.Exit(m.Run())
}

// cluster starts nodes for one test.
func cluster(t testing.TB, nodes int) *chtest.Cluster {
	t.Helper()
	c, err := chtest.Start(t.Context(), nodes)
	if errors.Is(err, chtest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// on opens an empty database of a cluster.
func on(t testing.TB, c *chtest.Cluster) *Warehouse {
	t.Helper()
	w, err := Open(t.Context(), c.URL(c.Database(t)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestDoesWhatEveryEngineDoes(t *testing.T) {
	for nodes := 1; nodes <= 3; nodes++ {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			c := cluster(t, nodes)
			warehousetest.Run(t, func(t *testing.T) warehouse.Engine { return on(t, c) })
		})
	}
}
