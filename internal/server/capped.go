package server

import (
	"net"
	"sync"
)

// cappedListener accepts a connection only when a slot is free, so that a
// flood waits in the kernel and not in memory.
type cappedListener struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	close func()
}

// capped returns l with at most n connections at a time.
func capped(l net.Listener, n int) *cappedListener {
	done := make(chan struct{})
	return &cappedListener{Listener: l, slots: make(chan struct{}, n), done: done, close: sync.OnceFunc(func() { close(done) })}
}

// Accept waits for a slot and a connection, or for Close.
func (l *cappedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &cappedConn{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close ends Accept also where it waits for a slot.
func (l *cappedListener) Close() error {
	l.close()
	return l.Listener.Close()
}

// cappedConn gives its slot back when it is closed.
type cappedConn struct {
	net.Conn
	free func()
}

func (c *cappedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
