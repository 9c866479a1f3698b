package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"aws-access-bot/config/example"

	"github.com/rogpeppe/go-internal/testscript"
)

var updateCLI = flag.Bool("update", false, "rewrite the output that the scripts of testdata/cli want")

// TestCommandLines runs the scripts of testdata/cli: commands that need nothing
// but files. Beside the verbs of testscript they have
//
//	run CODE ARGS...   runs the bot in the script's folder and wants an exit code
//	lay OVER DST       makes DST of the example config repo and the folder OVER
func TestCommandLines(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cli", UpdateScripts: *updateCLI, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"run": verbRun, "lay": verbLay},
		Setup: func(e *testscript.Env) error {
			return os.CopyFS(filepath.Join(e.WorkDir, "example"), onlyConfig{example.FS()})
		},
	})
}

// onlyConfig leaves the README of the example out.
type onlyConfig struct{ fs.FS }

// ReadDir implements fs.ReadDirFS.
func (o onlyConfig) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.FS, name)
	var out []fs.DirEntry
	for _, e := range list {
		if e.Name() != "README.md" {
			out = append(out, e)
		}
	}
	return out, err
}

func verbRun(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("run takes an exit code and arguments")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	self, err := os.Executable()
	ts.Check(err)
	c := exec.Command(self, args[1:]...)
	c.Args[0] = "bot"
	c.Dir, c.Stdout, c.Stderr = ts.MkAbs("."), ts.Stdout(), ts.Stderr()
	c.Env = []string{"GITHUB_ACTIONS=" + ts.Getenv("GITHUB_ACTIONS")}
	err = c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("start the bot: %v", err)
	}
	if got := c.ProcessState.ExitCode(); got != want {
		ts.Fatalf("bot %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func verbLay(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("lay takes a folder and a new one")
	}
	over, dst := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	ts.Check(os.CopyFS(dst, onlyConfig{example.FS()}))
	ts.Check(filepath.WalkDir(over, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(over, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		if len(data) == 0 { // an empty file takes one away
			return os.Remove(to)
		}
		return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o644))
	}))
}
