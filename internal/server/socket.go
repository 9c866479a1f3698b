package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// SocketPath returns where the control socket of a state file is.
func SocketPath(stateFile string) string { return stateFile + ".sock" }

// maxSocketPath is the longest path of a Unix socket in bytes that every system
// takes (macOS: 104 with a final zero).
const maxSocketPath = 103

// ListenSocket opens the control socket with mode 0600. The caller holds the
// lock of the state file, so a socket that is there already was left by a
// process that is gone, and is replaced; anything else there is left alone.
func ListenSocket(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("open control socket: %s has %d bytes, and a socket's path at most %d: give the state file a shorter path", path, len(path), maxSocketPath)
	}
	switch st, err := os.Lstat(path); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("open control socket: %w", err)
	case st.Mode().Type() != os.ModeSocket:
		return nil, fmt.Errorf("open control socket: %s is there already and is no socket: move it away", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("replace control socket: %w", err)
		}
	}
	lc := net.ListenConfig{Control: private}
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect control socket: %w", err), l.Close())
	}
	return l, nil
}

// private sets the mode of a socket before it has a name, which Linux carries
// over to the name, so that nobody slips in between.
func private(_, _ string, c syscall.RawConn) error {
	var err error
	if cerr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) }); cerr != nil {
		return cerr
	}
	if errors.Is(err, syscall.EINVAL) {
		return nil // not on this system; the mode is set after all
	}
	return err
}

// SocketClient returns a client that talks to the control socket whatever
// host its URLs name.
func SocketClient(path string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 5 * time.Minute}
}
