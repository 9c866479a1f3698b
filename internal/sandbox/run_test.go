package sandbox

import (
	"context"
	"net"
	"strings"
	"testing"
)

// TestAConnectionThatNothingWasSentOverIsNoFault when the sandbox is interrupted:
// clients open some in advance.
func TestAConnectionThatNothingWasSentOverIsNoFault(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	var d net.Dialer
	unused, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unused.Close() }()
	read(t, s.URL()+"/sandbox/state?part=none") // taken after the other one
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
