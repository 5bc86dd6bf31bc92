package chtest

import (
	"io"
	"net"
)

// gate stands before a node and ends connections as the node can bear it: it dies of one that is reset, as happens where
// a client goes away in the middle of an answer.
type gate struct {
	net.Listener
	node string
}

// serve takes connections until the listener is closed.
func (g *gate) serve() {
	for {
		client, err := g.Accept()
		if err != nil {
			return
		}
		go g.pass(client)
	}
}

// pass connects a client with the node. When the client is gone, the node is told so by an end of its input, and the
// rest of its answer is read and dropped.
func (g *gate) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	node, err := net.Dial("tcp", g.node) //nolint:noctx // it lasts as long as the client's connection
	if err != nil {
		return
	}
	defer func() { _ = node.Close() }()
	go func() {
		_, _ = io.Copy(node, client)
		_ = node.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, node)
	_, _ = io.Copy(io.Discard, node)
}
