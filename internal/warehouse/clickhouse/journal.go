package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
)

// The journal is rows that are only added. What a batch or a lock is follows from the kinds of rows that it has.
const (
	begun     = "begun"     // a batch has its number; renewed while its process lives
	committed = "committed" // its rows count; the body is its receipt
	swept     = "swept"     // its rows never count, whatever else is said
	gone      = "gone"      // its rows are removed
	held      = "held"      // somebody commits: the owner is the lock's token, the body says who; renewed
	freed     = "freed"     // and is done, or counts as gone
	salt      = "salt"      // the body is the store's secret
	tomb      = "tombstone" // the body is a tombstone
	proven    = "proof"     // the body is a proof
)

// write adds a row to the journal. Its time is the server's.
func (w *Warehouse) write(ctx context.Context, kind string, batch uint64, owner, body string) error {
	return w.exec(ctx, fmt.Sprintf("INSERT INTO %s (kind, batch, owner, at, body) SELECT %s, %d, %s, now64(6, 'UTC'), %s",
		w.name(journal), literal(kind), batch, literal(owner), literal(body)))
}

// bodies are the bodies of rows of the journal, in the order of their batches and times.
func (w *Warehouse) bodies(ctx context.Context, condition string) ([]string, error) {
	var body proto.ColStr
	var list []string
	query := "SELECT argMax(body, at) FROM " + w.name(journal) + " WHERE " + condition + " GROUP BY kind, batch, owner ORDER BY batch, min(at), owner"
	err := w.rows(ctx, query, proto.Results{{Data: &body}}, func(rows int) error {
		for i := range rows {
			list = append(list, body.Row(i))
		}
		return nil
	})
	return list, err
}

// snapshot is which batches count.
type snapshot struct {
	last   uint64   // batches with a higher number do not
	hidden []uint64 // nor do these
	anew   bool     // rows may be retired
}

// look reads the journal.
func (w *Warehouse) look(ctx context.Context) (snapshot, error) {
	var s snapshot
	var last proto.ColUInt64
	hidden := new(proto.ColUInt64).Array()
	query := fmt.Sprintf("SELECT max(batch), groupArrayIf(batch, hides) FROM ("+
		"SELECT batch, (countIf(kind = '%s') = 0 OR countIf(kind = '%s') > 0) AND countIf(kind = '%s') = 0 AS hides FROM %s WHERE kind IN ('%s', '%s', '%s', '%s') GROUP BY batch)",
		committed, swept, gone, w.name(journal), begun, committed, swept, gone)
	if err := w.rows(ctx, query, proto.Results{{Data: &last}, {Data: hidden}}, func(rows int) error {
		if rows > 0 {
			s.last, s.hidden = last[0], append([]uint64(nil), hidden.Row(0)...)
		}
		return nil
	}); err != nil {
		return s, err
	}
	// Read after the batches, so that what they retired is there.
	var rows uint64
	err := w.numbers(ctx, "SELECT toUInt64(count()) FROM "+w.name(retired), &rows)
	s.anew = rows > 0
	return s, err
}

// counts is the condition that a batch counts, in a column that holds its number.
func (s snapshot) counts(column string) string {
	c := fmt.Sprintf("`%s` <= %d", column, s.last)
	if len(s.hidden) > 0 {
		c += fmt.Sprintf(" AND `%s` NOT IN (%s)", column, numbers(s.hidden))
	}
	return c
}

// kept are the rows that count in a snapshot.
func (w *Warehouse) kept(s snapshot) relation {
	r := relation{from: w.name("")}.and(s.counts("batch"))
	if s.anew {
		r = r.and("(`batch`, `ord`) NOT IN (SELECT batch, ord FROM " + w.name(retired) + " WHERE " + s.counts("by") + ")")
	}
	return r
}

// seen are the rows that a question is asked of.
func (w *Warehouse) seen(ctx context.Context) (relation, error) {
	if w.mapping != nil {
		return w.mapping.relation(w.place), nil
	}
	s, err := w.look(ctx)
	return w.kept(s), err
}

// alive is how often a process shows that it lives, in each stretch of patience.
const alive = 4

// renew repeats a row of the journal until the returned function is called.
func (w *Warehouse) renew(ctx context.Context, kind string, batch uint64, owner, body string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(w.patience / alive)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = w.write(ctx, kind, batch, owner, body) // if it never works, a commit will find that others did not wait
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// stale is how old the latest row of something is, at least, if its process is gone.
func (w *Warehouse) stale() string {
	return fmt.Sprintf("max(at) < now64(6, 'UTC') - toIntervalMillisecond(%d)", w.patience.Milliseconds())
}

// lock is the right to commit.
type lock struct {
	w     *Warehouse
	token string
	stop  func()
}

// hold waits for the lock. Two that ask at the same time see each other, because each first writes and then reads; both
// then step back for a while of chance.
func (w *Warehouse) hold(ctx context.Context) (*lock, error) {
	select {
	case w.commit <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l, err := w.take(ctx)
	if err != nil {
		<-w.commit
	}
	return l, err
}

func (w *Warehouse) take(ctx context.Context) (*lock, error) {
	host, _ := os.Hostname() // it only helps a person find the process
	me := fmt.Sprintf("process %d on %s", os.Getpid(), host)
	other := ""
	for try := 0; ; try++ {
		token := fmt.Sprintf("%s.%d", w.token, rand.Uint64())
		who, err := w.ask(ctx, token, me)
		if err == nil && who == "" {
			return &lock{w: w, token: token, stop: w.renew(ctx, held, 0, token, me)}, nil
		}
		// It is not mine, or perhaps written though the answer was lost.
		err = errors.Join(err, w.write(context.WithoutCancel(ctx), freed, 0, token, ""))
		if who != "" {
			other = who
		}
		if err == nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Duration(10+rand.IntN(20<<min(try, 5))) * time.Millisecond):
			}
		}
		switch {
		case ctx.Err() != nil && other != "":
			return nil, fmt.Errorf("%s: %s is committing: %w", w.Where(), other, ctx.Err())
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		}
	}
}

// ask takes the lock for a token, if nobody else who lives has it or asks for it; otherwise it says who.
func (w *Warehouse) ask(ctx context.Context, token, me string) (who string, err error) {
	if err := w.write(ctx, held, 0, token, me); err != nil {
		return "", err
	}
	others, stale, err := w.holders(ctx, token)
	if err != nil {
		return "", err
	}
	if len(others) > 0 {
		return others[0], nil
	}
	for _, s := range stale {
		if err := w.write(ctx, freed, 0, s, "by "+token); err != nil {
			return "", err
		}
	}
	return "", nil
}

// holders says who else holds the lock, and the tokens of those that count as gone.
func (w *Warehouse) holders(ctx context.Context, mine string) (who, stale []string, err error) {
	var token, body proto.ColStr
	var old proto.ColUInt8
	query := fmt.Sprintf("SELECT owner, anyIf(body, kind = '%s'), toUInt8(%s) FROM %s WHERE kind IN ('%s', '%s') AND owner != %s GROUP BY owner HAVING countIf(kind = '%s') = 0",
		held, w.stale(), w.name(journal), held, freed, literal(mine), freed)
	err = w.rows(ctx, query, proto.Results{{Data: &token}, {Data: &body}, {Data: &old}}, func(rows int) error {
		for i := range rows {
			if old[i] != 0 {
				stale = append(stale, token.Row(i))
			} else {
				who = append(who, body.Row(i))
			}
		}
		return nil
	})
	return who, stale, err
}

// mine checks that nobody took the lock away.
func (l *lock) mine(ctx context.Context) error {
	var taken uint64
	if err := l.w.numbers(ctx, fmt.Sprintf("SELECT toUInt64(count()) FROM %s WHERE kind = '%s' AND owner = %s", l.w.name(journal), freed, literal(l.token)), &taken); err != nil {
		return err
	}
	if taken > 0 {
		return fmt.Errorf("%s: this process did nothing for so long that another one went ahead: run the command again", l.w.Where())
	}
	return nil
}

// release gives the lock back.
func (l *lock) release(ctx context.Context) error {
	l.stop()
	defer func() { <-l.w.commit }()
	return l.w.write(context.WithoutCancel(ctx), freed, 0, l.token, "")
}

// locked runs something while this process holds the lock.
func (w *Warehouse) locked(ctx context.Context, run func(l *lock) error) error {
	l, err := w.hold(ctx)
	if err != nil {
		return err
	}
	err = run(l)
	return errors.Join(err, l.release(ctx))
}

// sweep removes what processes that are gone had not committed.
func (w *Warehouse) sweep(ctx context.Context) error {
	query := fmt.Sprintf("SELECT batch, toUInt64(countIf(kind = '%s')) FROM %s WHERE kind IN ('%s', '%s', '%s', '%s') GROUP BY batch "+
		"HAVING countIf(kind = '%s') = 0 AND (countIf(kind = '%s') > 0 OR countIf(kind = '%s') = 0 AND %s)",
		swept, w.name(journal), begun, committed, swept, gone, gone, swept, committed, w.stale())
	var batch, was proto.ColUInt64
	var dead []uint64
	if err := w.rows(ctx, query, proto.Results{{Data: &batch}, {Data: &was}}, func(rows int) error {
		dead = append(dead, batch[:rows]...)
		return nil
	}); err != nil {
		return err
	}
	for _, b := range dead {
		if err := w.drop(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// drop makes sure that a batch never counts, and removes its rows. Should its process live after all, it finds out
// when it commits.
func (w *Warehouse) drop(ctx context.Context, batch uint64) error {
	if err := w.write(ctx, swept, batch, "", ""); err != nil {
		return err
	}
	for ending, column := range map[string]string{"": "batch", retired: "by"} {
		if err := w.remove(ctx, ending, fmt.Sprintf("`%s` = %d", column, batch)); err != nil {
			return err
		}
	}
	return w.write(ctx, gone, batch, "", "")
}

// remove deletes rows from a table's files, on every shard, and waits for it.
func (w *Warehouse) remove(ctx context.Context, ending, condition string) error {
	return w.everywhere(ctx, "ALTER TABLE "+w.store(ending), " DELETE WHERE "+condition+" SETTINGS mutations_sync = 2")
}

// receipts are those of the committed batches, oldest first.
func (w *Warehouse) receipts(ctx context.Context, condition string) ([]warehouse.Receipt, error) {
	bodies, err := w.bodies(ctx, fmt.Sprintf("kind = '%s' AND batch NOT IN (SELECT batch FROM %s WHERE kind = '%s')%s", committed, w.name(journal), swept, condition))
	if err != nil {
		return nil, err
	}
	list := make([]warehouse.Receipt, len(bodies))
	for i, body := range bodies {
		if err := json.NewDecoder(strings.NewReader(body)).Decode(&list[i]); err != nil {
			return nil, &warehouse.DamageError{Place: w.Where(), Problem: "a receipt in the journal cannot be read", Err: err}
		}
	}
	return list, nil
}

// Imports lists what was taken in, the latest first.
func (w *Warehouse) Imports(ctx context.Context) ([]warehouse.Receipt, error) {
	if w.mapping != nil {
		return nil, nil
	}
	list, err := w.receipts(ctx, "")
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, err
}
