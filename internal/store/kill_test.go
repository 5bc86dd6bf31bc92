package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/registry"
)

// childVariable makes the test binary a program that records snapshots into the database that it names.
const childVariable = "BREAKEVEN_STORE_TEST_CHILD"

// kills is how many processes die. PostgreSQL's own process survives, so that it is the less tried.
var kills = map[string]int{"sqlite": 50, "postgres": 15}

// killSource is what the child reads.
var killSource = registry.Source{ID: "table", Title: "A table"}

// killSnapshot is the n-th content of the source: 60 rates, of which a third are new each time.
func killSnapshot(n int) registry.Snapshot {
	var facts []registry.Fact
	for i := range 60 {
		rate := 1000 + n - (n+i)%3 // every third reading
		facts = append(facts, registry.Fact{
			Key:  registry.Key{Provider: "acme", Model: fmt.Sprintf("model %d", i), Tier: registry.Standard, Kind: "input"},
			Rate: money.Rate(rate),
		})
	}
	taken := at("01-01").Add(time.Duration(n) * time.Hour)
	return registry.NewSnapshot(killSource, taken, fact.Date(taken.Format(time.DateOnly)), facts)
}

// recordUntilKilled records one snapshot after another, each under a run of its own, and prints what is recorded.
func recordUntilKilled(dsn string) int {
	ctx := context.Background()
	fail := func(err error) int {
		fmt.Println("error", err)
		return 1
	}
	s, err := Open(ctx, dsn)
	if err != nil {
		return fail(err)
	}
	n := 0
	if last, err := s.Latest(ctx, killSource.ID); err == nil {
		n = int(last.Taken.Sub(at("01-01"))/time.Hour) + 1
	}
	for ; ; n++ {
		snapshot := killSnapshot(n)
		run, err := s.Begin(ctx, killSource.ID, snapshot.Taken)
		if err != nil {
			return fail(err)
		}
		if _, err := s.Record(ctx, run, snapshot); err != nil {
			return fail(err)
		}
		fmt.Println("recorded", n)
	}
}

// A process that records is killed at any moment, again and again. Each time the database opens, what was reported
// as recorded is there, nothing is there by half, and the next process goes on.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills 65 processes")
	}
	onBoth(t, func(t *testing.T, dsn string) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		last := -1
		target, err := parseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		kills := kills[target.engine.name]
		for i := range kills {
			// Most are killed while they record, some while they start.
			delay := time.Duration(random.IntN(60)) * time.Millisecond
			reported := killOne(t, dsn, i%5 != 0, delay)
			last = max(last, reported)
			s := open(t, dsn)
			latest, err := s.Latest(t.Context(), killSource.ID)
			if err != nil && last >= 0 {
				t.Fatalf("kill %d: %v", i, err)
			}
			if err == nil {
				// The process may have died between recording one and saying so: more may be there, never less.
				n := int(latest.Taken.Sub(at("01-01")) / time.Hour)
				if n < last {
					t.Fatalf("kill %d: %d was reported, and %d is the last that is there", i, last, n)
				}
				last = n
				if latest.ID != killSnapshot(n).ID {
					t.Fatalf("kill %d: snapshot %d is another one", i, n)
				}
			}
			if _, err := s.Audit(t.Context()); err != nil {
				t.Fatalf("kill %d: %v", i, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		// Runs that were cut off are recorded as such by the next one, and the next record heals.
		s := open(t, dsn)
		next := killSnapshot(last + 1)
		run, err := s.Begin(t.Context(), killSource.ID, next.Taken.Add(2*RunLimit))
		if err != nil {
			t.Fatal(err)
		}
		next = registry.NewSnapshot(killSource, next.Taken.Add(3*RunLimit), next.Date, next.Facts)
		if _, err := s.Record(t.Context(), run, next); err != nil {
			t.Fatal(err)
		}
		counts, err := s.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		left, err := s.Runs(t.Context(), RunFilter{Outcomes: []Outcome{Running}})
		if err != nil || len(left) > 0 {
			t.Errorf("still running: %+v, %v", left, err)
		}
		cut, err := s.Runs(t.Context(), RunFilter{Outcomes: []Outcome{Failed}})
		if err != nil {
			t.Fatal(err)
		}
		report := audit(t, s)
		t.Logf("%d kills, %d snapshots, %d changes, %d runs cut off, %+v", kills, counts.Snapshots, report.Head.Seq, len(cut), counts)
		if last < kills/2 {
			t.Errorf("only %d snapshots were recorded: the kills tell little", last)
		}
	})
}

// killOne starts a child and kills it: some time after its first record, or after its start. It returns the last
// record that the child reported, or -1.
func killOne(t *testing.T, dsn string, recording bool, delay time.Duration) int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+dsn)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	last := -1
	note := func(line string) {
		if _, err := fmt.Sscanf(line, "recorded %d", &last); err != nil {
			t.Errorf("the child says %q", line)
		}
	}
	if recording {
		if line, ok := <-lines; ok {
			note(line)
		}
	}
	timer := time.After(delay)
	for killed := false; ; {
		select {
		case line, ok := <-lines:
			if !ok {
				_ = child.Wait() // it was killed
				return last
			}
			note(line)
		case <-timer:
			if !killed {
				killed = true
				if err := child.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
