package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// narrow is the width that is taken where a terminal does not tell its own.
const narrow = 80

// terminalWidth returns the width of a terminal in columns, false for what is
// none.
func terminalWidth(w io.Writer) (columns int, ok bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var size *unix.Winsize
	var failed error
	if err := conn.Control(func(fd uintptr) { size, failed = unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ) }); err != nil || failed != nil {
		return 0, false
	}
	if size.Col == 0 {
		return narrow, true
	}
	return int(size.Col), true
}
