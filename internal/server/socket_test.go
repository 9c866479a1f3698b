package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// socketDir is a folder with a short path: a socket's path has little room.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func listenSocket(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := ListenSocket(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTheControlSocketIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := SocketPath(filepath.Join(socketDir(t), "state.db"))
	listenSocket(t, path)
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 || st.Mode().Type() != os.ModeSocket {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

// TestTheControlSocketIsNeverOpenToOthers: its mode is right from the moment
// it has a name, whatever the umask.
func TestTheControlSocketIsNeverOpenToOthers(t *testing.T) {
	// Not parallel: the umask is the process's.
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := filepath.Join(socketDir(t), "s")
	lc := net.ListenConfig{Control: private}
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v before chmod, %v", st.Mode(), err)
	}
}

func TestASocketLeftByACrashIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("nothing was left: %v", err)
	}
	l := listenSocket(t, path)
	stop := serving(t, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		JSON(w, http.StatusTeapot, map[string]string{"host": r.Host})
	}))
	res, err := SocketClient(path).Get("http://bot/status")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusTeapot || strings.TrimSpace(string(body)) != `{"host":"bot"}` || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %q %v", res.StatusCode, body, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end the socket is still there: %v", err)
	}
}

func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	path := filepath.Join(dir, "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(t.Context(), path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Errorf("the file has %q, %v", data, err)
	}
	link := filepath.Join(dir, "l")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(t.Context(), link); err == nil {
		t.Error("a link was replaced")
	}
}

func TestASocketPathThatCannotBeIsExplained(t *testing.T) {
	t.Parallel()
	long := filepath.Join(socketDir(t), strings.Repeat("x", 110))
	if _, err := ListenSocket(t.Context(), long); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("a long path: %v", err)
	}
	if _, err := ListenSocket(t.Context(), filepath.Join(socketDir(t), "missing", "s")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
}

// TestUnhurriedWorkOutlastsTheLimitsOfTheListener: a sync takes minutes.
func TestUnhurriedWorkOutlastsTheLimitsOfTheListener(t *testing.T) {
	t.Parallel()
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(2 * time.Minute):
			say(w, http.StatusOK, "done")
		case <-r.Context().Done():
		}
	})
	for name, h := range map[string]http.Handler{"hurried": slow, "unhurried": Unhurried(slow)} {
		synctest.Test(t, func(t *testing.T) {
			l := newPipes()
			stop := serving(t, l, h)
			client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial(), nil }}}
			res, err := client.Get("http://bot/sync")
			if (err == nil) != (name == "unhurried") {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil {
				_ = res.Body.Close()
			}
			client.CloseIdleConnections()
			if err := stop(); err != nil {
				t.Errorf("%s: stop: %v", name, err)
			}
		})
	}
}
