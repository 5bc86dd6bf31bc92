package chtest

import (
	"errors"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	Host()
	os.Exit(m.Run())
}

func TestShardsAnswerTogether(t *testing.T) {
	c, err := Start(t.Context(), 2)
	if errors.Is(err, ErrAbsent) {
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
	db := c.Database(t)
	for i := range c.Nodes() {
		c.Exec(t, i, db, "CREATE TABLE part (x UInt64) ENGINE = MergeTree ORDER BY x")
	}
	c.Exec(t, 0, db, "CREATE TABLE whole AS part ENGINE = Distributed("+Name+", "+db+", part, x)")
	c.Exec(t, 0, db, "INSERT INTO whole SETTINGS insert_distributed_sync = 1 SELECT number FROM numbers(10)")
	// Odd numbers lie on the second shard.
	if n := c.Count(t, 1, db, "SELECT count() FROM part"); n != 5 {
		t.Errorf("the second shard has %d of ten rows, want 5", n)
	}
	if n := c.Count(t, 0, db, "SELECT sum(x) FROM whole"); n != 45 {
		t.Errorf("the sum of 0 to 9 is %d", n)
	}
}
