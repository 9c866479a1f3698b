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
	once  sync.Once
	done  chan struct{}
	mu    sync.Mutex // guards done
}

func (l *cappedListener) closed() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
	}
	return l.done
}

func (l *cappedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed():
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &cappedConn{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *cappedListener) Close() error {
	l.once.Do(func() { close(l.closed()) })
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
