// Package clickhouse keeps calls on a ClickHouse server, or on the shards of a cluster, and pushes the question of
// package warehouse down to it. It also asks that question of tables that others fill: see [Mapping].
//
// # What is guaranteed
//
// An import is seen whole or not at all. Its rows lie in the table of calls under the number of their batch, and count
// once the journal says that the batch is committed: one row of one table, which ClickHouse writes at once. A question
// first reads the journal and then counts the rows of exactly the batches that were committed, on every shard. Nothing
// depends on background merges, so there is no FINAL and no row that counts twice until it is merged.
//
// A row that a later import supersedes, or that was there already, is listed in the table of retired rows by the
// batch that does so, and is left out together with that batch's commit. All versions of a row lie on one shard,
// which its key chooses.
//
// Only one process commits or deletes at a time. The journal holds the lock, which its holder renews; a holder that
// does not for a minute counts as gone, and what it had not committed is removed at the next Open or Import. Should it
// come back after all, its commit fails.
//
// Deletion rewrites the parts that held the rows and waits for that. It is not at once on all shards: a question that
// runs meanwhile may see some of the rows.
//
// A shard that does not answer is a [*warehouse.DamageError]; settings of the server or of the user that would make
// ClickHouse answer from a part of the rows are overruled.
//
// Reading guide: clickhouse.go opens and connects; schema.go is the tables; query.go makes the SQL; ask.go reads answers;
// journal.go is the lock and the batches; batch.go imports; delete.go deletes; mapping.go is the tables of others.
package clickhouse

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
)

// Options are what the URL does not say.
type Options struct {
	// Patience is how long another process that is committing may show no sign of life before it counts as gone. Zero
	// is a minute.
	Patience time.Duration
}

const (
	defaultPatience = time.Minute
	dialTimeout     = 30 * time.Second
	// readTimeout is how long a new connection may take to say hello. A query may be silent for any time.
	readTimeout = 30 * time.Second
)

// Warehouse is a database of ClickHouse as a [warehouse.Engine].
type Warehouse struct {
	place    place
	patience time.Duration
	token    string // this process in the journal
	mapping  *Mapping
	db       *pool

	shards []*pool // of a cluster whose servers take no ON CLUSTER, one for each shard
	direct bool    // statements go to each of shards

	commit chan struct{} // holds one token: commits and deletions of this process take turns
}

var _ warehouse.Engine = (*Warehouse)(nil)

// place is what a URL names.
type place struct {
	user, password, address, database string
	table, cluster, mapping           string
	secure                            bool
}

// Open connects to clickhouse://user:password@host:9000/database. Its query may have
//
//	table    the table of calls; "calls" if absent, or the mapping's. Other tables have its name with an ending.
//	cluster  a cluster of the server's configuration: the tables are Distributed over its shards
//	mapping  the name of a [Mapping] or the path of a file that holds one: the table is one that others fill
//	secure   true for TLS; the port is then 9440 if absent
//
// The database must exist; tables that do not are created.
func Open(ctx context.Context, address string, o Options) (*Warehouse, error) {
	p, err := parse(address)
	if err != nil {
		return nil, err
	}
	w := &Warehouse{place: p, patience: o.Patience, token: rand.Text(), commit: make(chan struct{}, 1)}
	if w.patience == 0 {
		w.patience = defaultPatience
	}
	w.db = w.connect(p.address)
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Warehouse) prepare(ctx context.Context) (err error) {
	if w.place.mapping != "" {
		if w.mapping, err = mappingOf(w.place); err != nil {
			return err
		}
		return w.checkMapping(ctx)
	}
	if err := w.createTables(ctx); err != nil {
		return err
	}
	return w.sweep(ctx)
}

// parse reads the URL of a warehouse. Its errors never show the password.
func parse(address string) (p place, err error) {
	u, err := url.Parse(address)
	if err != nil {
		// The error of package url quotes the URL, with its password.
		return p, errors.New("the warehouse's URL cannot be read; write clickhouse://user:password@host:9000/database, and % and @ of a password as %25 and %40")
	}
	if u.Scheme != "clickhouse" || u.Hostname() == "" {
		return p, fmt.Errorf("%s is no URL of a ClickHouse server; write clickhouse://user:password@host:9000/database", u.Redacted())
	}
	p = place{user: u.User.Username(), database: strings.Trim(u.Path, "/")}
	p.password, _ = u.User.Password()
	if p.user == "" {
		p.user = "default"
	}
	if p.database == "" {
		p.database = "default"
	}
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "table":
			p.table = value
		case "cluster":
			p.cluster = value
		case "mapping":
			p.mapping = value
		case "secure":
			if p.secure, err = strconv.ParseBool(value); err != nil {
				return p, fmt.Errorf("%s: secure is true or false", u.Redacted())
			}
		default:
			return p, fmt.Errorf("%s: %s is no setting of a ClickHouse warehouse; there are table, cluster, mapping and secure", u.Redacted(), name)
		}
	}
	port := u.Port()
	if port == "" {
		port = "9000"
		if p.secure {
			port = "9440"
		}
	}
	p.address = net.JoinHostPort(u.Hostname(), port)
	if p.table == "" && p.mapping == "" {
		p.table = "calls"
	}
	if p.mapping == "" && !plainName.MatchString(p.table) {
		return p, fmt.Errorf("%s: the table's name %q may have letters, digits and _ only", u.Redacted(), p.table)
	}
	return p, nil
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Where is the server, the database and the table, without the password.
func (w *Warehouse) Where() string {
	s := fmt.Sprintf("clickhouse://%s@%s/%s, table %s", w.place.user, w.place.address, w.place.database, w.place.table)
	if w.place.cluster != "" {
		s += " on cluster " + w.place.cluster
	}
	return s
}

// Close closes the connections.
func (w *Warehouse) Close() error {
	w.db.close()
	for _, p := range w.shards {
		p.close()
	}
	return nil
}

// strict are settings without which ClickHouse may answer from a part of the rows, or take rows later than it says,
// should a server's or a user's profile have it so.
var strict = []ch.Setting{
	{Key: "skip_unavailable_shards", Value: "0"},
	{Key: "fallback_to_stale_replicas_for_distributed_queries", Value: "0"},
	{Key: "read_overflow_mode", Value: "throw"},
	{Key: "read_overflow_mode_leaf", Value: "throw"},
	{Key: "group_by_overflow_mode", Value: "throw"},
	{Key: "sort_overflow_mode", Value: "throw"},
	{Key: "result_overflow_mode", Value: "throw"},
	{Key: "set_overflow_mode", Value: "throw"},
	{Key: "distinct_overflow_mode", Value: "throw"},
	{Key: "transfer_overflow_mode", Value: "throw"},
	{Key: "timeout_overflow_mode", Value: "throw"},
	{Key: "timeout_overflow_mode_leaf", Value: "throw"},
	{Key: "limit", Value: "0"},
	{Key: "offset", Value: "0"},
	{Key: "use_query_cache", Value: "0"},
	{Key: "extremes", Value: "0"},
	{Key: "group_by_use_nulls", Value: "0"},
	{Key: "transform_null_in", Value: "0"},
	// A subquery names the same shard's part of a Distributed table: versions of a row lie together.
	{Key: "distributed_product_mode", Value: "local"},
	{Key: "insert_distributed_sync", Value: "1"},
	{Key: "async_insert", Value: "0"},
	{Key: "max_partitions_per_insert_block", Value: "0"},
}

// pool is connections to one server.
type pool struct {
	options ch.Options

	mu     sync.Mutex
	idle   []connection
	closed bool
}

// connection is one to a server, and what it runs over.
type connection struct {
	*ch.Client
	net.Conn
}

func (c connection) Close() error { return c.Client.Close() }

// maxIdle is how many connections are kept.
const maxIdle = 8

func (w *Warehouse) connect(address string) *pool {
	o := ch.Options{
		Address: address, Database: w.place.database, User: w.place.user, Password: w.place.password, ClientName: "breakeven",
		Compression: ch.CompressionLZ4, DialTimeout: dialTimeout, ReadTimeout: readTimeout, Settings: strict,
	}
	if w.place.secure {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &pool{options: o}
}

func (p *pool) dial(ctx context.Context) (c connection, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if p.options.TLS != nil {
		c.Conn, err = (&tls.Dialer{Config: p.options.TLS}).DialContext(ctx, "tcp", p.options.Address)
	} else {
		c.Conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", p.options.Address)
	}
	if err != nil {
		return c, err
	}
	c.Client, err = ch.Connect(ctx, c.Conn, p.options)
	if err != nil {
		_ = c.Conn.Close() // it was of no use
	}
	return c, err
}

func (p *pool) get(ctx context.Context) (connection, error) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.dial(ctx)
		}
		kept := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if kept.Ping(ctx) == nil {
			return kept, nil
		}
		_ = kept.Close() // the server restarted, or closed it
	}
}

func (p *pool) put(c connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.IsClosed() {
		return
	}
	if p.closed || len(p.idle) >= maxIdle {
		_ = c.Close() // nothing is under way on it
		return
	}
	p.idle = append(p.idle, c)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, kept := range p.idle {
		_ = kept.Close() // nothing is under way on it
	}
	p.idle = nil
}

// do runs a query. After an error of the network the connection is not used again.
func (p *pool) do(ctx context.Context, q ch.Query) error {
	c, err := p.get(ctx)
	if err != nil {
		return p.problem(ctx, err)
	}
	if len(q.Body) > longQuery {
		q.Settings = append(q.Settings, ch.Setting{Key: "max_query_size", Value: strconv.Itoa(2 * len(q.Body))})
	}
	// The driver looks at the context between packets only: make it stop waiting for one.
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	err = c.Do(ctx, q)
	stop()
	if err != nil && !ch.IsException(err) {
		_ = c.Close() // what it would say next is unknown
	}
	p.put(c)
	return p.problem(ctx, err)
}

// longQuery is a length that any server takes: the default limit is 262,144 bytes.
const longQuery = 200_000

// hints say what to do about errors of ClickHouse.
var hints = map[proto.Error]string{
	proto.ErrUnknownDatabase:      "create the database first: CREATE DATABASE name",
	proto.ErrAuthenticationFailed: "check the user and the password in the URL; write % and @ of a password as %25 and %40",
	proto.ErrReadonly:             "give the user the setting readonly = 2, so that questions may forbid partial answers",
	proto.ErrTimeoutExceeded:      "raise max_execution_time for the user, or ask about a shorter time",
	proto.ErrAccessDenied:         "grant the user SELECT, and for imports INSERT, ALTER DELETE and CREATE TABLE",
}

// away are the errors of a server that cannot reach one of its shards.
var away = []proto.Error{proto.ErrAllConnectionTriesFailed, proto.ErrAllReplicasAreStale, proto.ErrNetworkError, proto.ErrSocketTimeout, proto.ErrDNSError}

// shardAddress finds where a shard should be in a message of ClickHouse.
var shardAddress = regexp.MustCompile(`\(([^()\s]+:\d+)[^()]*\)`)

// problem turns the driver's error into one that says where and what to do.
func (p *pool) problem(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	exception, ok := ch.AsException(err)
	if !ok {
		var network *net.OpError
		if errors.As(err, &network) || errors.Is(err, os.ErrDeadlineExceeded) {
			return &warehouse.DamageError{Place: p.options.Address, Problem: "the ClickHouse server does not answer", Hint: "start it, or check the host and the port", Err: err}
		}
		return err
	}
	if exception.IsCode(away...) {
		place := p.options.Address
		if m := shardAddress.FindStringSubmatch(exception.Message); m != nil {
			place = m[1]
		}
		return &warehouse.DamageError{Place: place, Problem: "this shard of the cluster does not answer", Hint: "start it: without it every sum would be too small", Err: err}
	}
	if hint := hints[exception.Code]; hint != "" {
		return fmt.Errorf("%s: %w (%s)", p.options.Address, err, hint)
	}
	return fmt.Errorf("%s: %w", p.options.Address, err)
}

// exec runs a statement on the server.
func (w *Warehouse) exec(ctx context.Context, statement string) error {
	return w.blame(ctx, w.db.exec(ctx, statement))
}

// blame looks which shard does not answer, where the server only says that some do not.
func (w *Warehouse) blame(ctx context.Context, err error) error {
	damage := (*warehouse.DamageError)(nil)
	if !errors.As(err, &damage) || damage.Place != w.place.address || !ch.IsErr(err, away...) {
		return err
	}
	for _, shard := range w.shards {
		c, gone := shard.get(ctx)
		if gone != nil {
			damage.Place = shard.options.Address
			break
		}
		shard.put(c)
	}
	return err
}

// exec runs a statement; what it answers is of no interest.
func (p *pool) exec(ctx context.Context, statement string) error {
	return p.do(ctx, ch.Query{Body: statement, Result: (&proto.Results{}).Auto(), OnResult: func(context.Context, proto.Block) error { return nil }})
}

// rows runs a query whose columns land in result, block by block.
func (w *Warehouse) rows(ctx context.Context, query string, result proto.Results, each func(rows int) error) error {
	return w.blame(ctx, w.db.do(ctx, ch.Query{Body: query, Result: result, OnResult: func(context.Context, proto.Block) error { return each(result.Rows()) }}))
}

// numbers runs a query of one row of whole numbers.
func (w *Warehouse) numbers(ctx context.Context, query string, into ...*uint64) error {
	columns := make([]proto.ColUInt64, len(into))
	result := make(proto.Results, len(into))
	for i := range columns {
		result[i].Data = &columns[i]
	}
	return w.rows(ctx, query, result, func(rows int) error {
		for i := range columns {
			if rows > 0 {
				*into[i] = columns[i].Row(0)
			}
		}
		return nil
	})
}
