package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal opens a terminal, and the end at which somebody sits before it
// (pty(7)).
func pseudoTerminal(t *testing.T) (somebody, terminal *os.File) {
	t.Helper()
	somebody, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { _ = somebody.Close() })
	n, err := unix.IoctlGetInt(int(somebody.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(somebody.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return somebody, terminal
}

// TestWhoSitsAtATerminalIsAsked, and an interrupt is no answer.
func TestWhoSitsAtATerminalIsAsked(t *testing.T) {
	t.Parallel()
	somebody, terminal := pseudoTerminal(t)
	var out bytes.Buffer
	ask := terminalAsk(terminal, &out)
	if ask == nil {
		t.Fatal("it is taken for no terminal")
	}
	if _, err := somebody.WriteString("14\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(t.Context(), "How many? "); got != "14" || err != nil || out.String() != "How many? " {
		t.Errorf("asked %q, answered %q, %v", out.String(), got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := ask(ctx, "How many? "); got != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("answered %q, %v by an interrupt", got, err)
	}
}
