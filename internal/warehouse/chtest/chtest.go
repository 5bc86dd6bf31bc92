// Package chtest gives tests real ClickHouse servers: one, or several that are the shards of a cluster.
//
// ClickHouse comes as a library, in the npm package that [Package] names. Its local mode runs one endless query and
// listens on a loopback port meanwhile, which makes a node of whatever process does that: here another copy of the test
// binary, so that a node can be killed like a machine. A package that tests with nodes calls [Host] first in its
// TestMain.
//
// A node is what clickhouse-server is in all that a query can see, Distributed tables and errors of absent shards
// included. It has no Keeper, hence neither replicated tables nor ON CLUSTER; no users but "default", who may do
// everything. It dies of a connection that it must refuse, as for a database that does not exist, and of one that a
// client resets, which a gate before it prevents.
//
// Reading guide: chtest.go starts nodes; library.go finds the library; node.go is the copy of the test binary; gate.go
// stands before it.
package chtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
)

// Name is what the nodes' configuration calls the cluster of all of them.
const Name = "shards"

// started bounds how long a node may take to listen.
const started = time.Minute

// Cluster is some nodes, each a shard.
type Cluster struct {
	folder string
	nodes  []*node
	gate   *gate // before the first
}

type node struct {
	address string
	command *exec.Cmd
	life    io.Closer // the node ends when this is closed, also by the end of this process
	ended   chan struct{}
	log     string
}

// Start starts nodes that listen on loopback ports and know each other as the cluster [Name]. It returns [ErrAbsent]
// where there is no ClickHouse to be had; whatever else goes wrong is a failure.
func Start(ctx context.Context, nodes int) (*Cluster, error) {
	library, err := Library(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "chtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{folder: folder}
	if err := c.start(ctx, library, nodes); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, library string, nodes int) error {
	ports, err := freePorts(ctx, nodes)
	if err != nil {
		return err
	}
	var shards strings.Builder
	for _, port := range ports {
		fmt.Fprintf(&shards, "<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>%d</port></replica></shard>", port)
	}
	for i, port := range ports {
		folder := filepath.Join(c.folder, strconv.Itoa(i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		config := fmt.Sprintf("<clickhouse><logger><level>error</level><log>/dev/null</log><errorlog>%s</errorlog></logger><tcp_port>%d</tcp_port><listen_host>127.0.0.1</listen_host>"+
			"<remote_servers><%s>%s</%s></remote_servers></clickhouse>", filepath.Join(folder, errorLog), port, Name, &shards, Name)
		if err := os.WriteFile(filepath.Join(folder, configFile), []byte(config), 0o600); err != nil {
			return err
		}
		n, err := launch(library, folder, port)
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		if err := n.wait(ctx); err != nil {
			return err
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.gate = &gate{l, c.Address(0)}
	go c.gate.serve()
	return nil
}

// freePorts finds ports that nobody listens on.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	for range n {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		ports = append(ports, number)
	}
	return ports, nil
}

func launch(library, folder string, port int) (*node, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &node{address: fmt.Sprintf("127.0.0.1:%d", port), ended: make(chan struct{}), log: filepath.Join(folder, "log")}
	log, err := os.Create(n.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// Nodes outlive the context that starts them: Stop, Kill or the end of this process ends them.
	n.command = exec.CommandContext(context.Background(), self)
	n.command.Env = append(os.Environ(), libraryVariable+"="+library, folderVariable+"="+folder)
	n.command.Dir = folder
	n.command.Stdout, n.command.Stderr = log, log
	if n.life, err = n.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := n.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = n.command.Wait() // how it ended is in its log
		close(n.ended)
	}()
	return n, nil
}

// wait returns once the node answers.
func (n *node) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, started)
	defer cancel()
	for {
		conn, err := dial(ctx, n.address, "default")
		if err == nil {
			return conn.Close()
		}
		select {
		case <-n.ended:
			err = errors.New("it ended")
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
			continue
		}
		said, _ := os.ReadFile(n.log) // without it the error still tells
		return fmt.Errorf("chtest: the ClickHouse node of %s does not listen on %s: %w\n%s", Package, n.address, err, bytes.TrimSpace(said))
	}
}

func dial(ctx context.Context, address, database string) (*ch.Client, error) {
	return ch.Dial(ctx, ch.Options{Address: address, Database: database, DialTimeout: started, ReadTimeout: started})
}

// Nodes is how many nodes there are.
func (c *Cluster) Nodes() int { return len(c.nodes) }

// Address is where a node listens, the first being 0.
func (c *Cluster) Address(i int) string { return c.nodes[i].address }

// Database makes an empty database on every node for one test, and drops it when the test ends. It returns its name.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	for i := range c.nodes {
		c.Exec(t, i, "default", "CREATE DATABASE "+name)
		t.Cleanup(func() {
			if !c.killed(i) {
				c.Exec(t, i, "default", "DROP DATABASE "+name+" SYNC")
			}
		})
	}
	return name
}

// URL is a database of the first node; of a cluster that is its Distributed tables.
func (c *Cluster) URL(database string) string {
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword("default", ""), Host: c.gate.Addr().String(), Path: "/" + database}
	if len(c.nodes) > 1 {
		u.RawQuery = url.Values{"cluster": {Name}}.Encode()
	}
	return u.String()
}

// Exec runs a statement on a node.
func (c *Cluster) Exec(t testing.TB, i int, database, statement string) {
	t.Helper()
	c.do(t, i, database, ch.Query{Body: statement, Result: (&proto.Results{}).Auto(), OnResult: func(context.Context, proto.Block) error { return nil }})
}

// Count runs a query on a node whose answer is one number.
func (c *Cluster) Count(t testing.TB, i int, database, query string) uint64 {
	t.Helper()
	var n proto.ColUInt64
	c.do(t, i, database, ch.Query{Body: query, Result: proto.Results{{Data: &n}}})
	if len(n) != 1 {
		t.Fatalf("%s: %d rows", query, len(n))
	}
	return n[0]
}

func (c *Cluster) do(t testing.TB, i int, database string, q ch.Query) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also while a test ends
	conn, err := dial(ctx, c.Address(i), database)
	if err == nil {
		defer func() { _ = conn.Close() }()
		err = conn.Do(ctx, q)
	}
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(filepath.Dir(c.nodes[i].log), errorLog)) // without it the error still tells
		t.Fatalf("%s: %v\nthe node has ended: %t\n%s", q.Body, err, c.killed(i), said)
	}
}

// Kill ends a node at once, as a power cut does.
func (c *Cluster) Kill(i int) error {
	err := c.nodes[i].command.Process.Kill()
	<-c.nodes[i].ended
	return err
}

func (c *Cluster) killed(i int) bool {
	select {
	case <-c.nodes[i].ended:
		return true
	default:
		return false
	}
}

// Stop ends the nodes and removes what they kept.
func (c *Cluster) Stop() error {
	if c == nil {
		return nil
	}
	if c.gate != nil {
		_ = c.gate.Close() // nobody comes any more
	}
	for i, n := range c.nodes {
		_ = n.life.Close() // a node that is gone has closed it
		if !c.killed(i) {
			_ = c.Kill(i) // it may end by itself meanwhile
		}
	}
	return os.RemoveAll(c.folder)
}
