package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/scenario"

	"github.com/rogpeppe/go-internal/testscript"
)

// journal reads the emulators' request logs from the start.
func (w *world) journal() ([]emukit.Entry, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.Journal(ctx, 0, 0, false)
}

func (w *world) verbCount(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 3, 3); err != nil {
		return err
	}
	want, err := strconv.Atoi(args[2])
	if err != nil || not {
		return errors.New("a number, and no !")
	}
	entries, err := w.journal()
	if err != nil {
		return err
	}
	n := 0
	for _, e := range entries {
		fits, err := path.Match(args[1], e.Op)
		if err != nil {
			return err
		}
		if e.Service == args[0] && fits {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d requests %s to %s, not %d", n, args[1], args[0], want)
	}
	return nil
}

func (w *world) verbNoWrites(_ *testscript.TestScript, not bool, args []string) error {
	if err := words(args, 0, 0); err != nil || not {
		return errors.New("takes no arguments and no !")
	}
	entries, err := w.journal()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if scenario.Writes(e) {
			return fmt.Errorf("%s %s was written: %s", e.Service, e.Op, e.Request)
		}
	}
	return nil
}

// judge has the checker read what a scenario left behind. Where the bot ran, one
// more full pass is asked for before, which may write nothing.
func (w *world) judge(t *testing.T, table scenario.Verdicts) {
	t.Helper()
	ev := scenario.Evidence{Verdicts: table, Marks: w.marks, Repo: w.repo}
	var err error
	if w.bot != nil {
		if ev.Settled, err = w.settle(); err != nil {
			t.Fatal(err)
		}
	}
	if ev.Journal, err = w.journal(); err != nil {
		t.Fatal(err)
	}
	st, err := w.now()
	if err != nil {
		t.Fatal(err)
	}
	ev.State, ev.Log = *st, w.log.String()
	if ev.Secrets, err = w.secrets(); err != nil {
		t.Fatal(err)
	}
	findings, err := scenario.Check(ev)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("%s: %s", f.Rule, f.Text)
	}
	if t.Failed() {
		t.Logf("the bot's log:\n%s", tail(w.log.String()))
	}
}

// settle waits until AWS has ended its operations and asks for a full pass: what
// is settled stays as it is. It returns where the journal stood before.
func (w *world) settle() (int64, error) {
	err := w.until("AWS to end its operations", []string{"aws"}, func(st *sandbox.State) (bool, string) {
		for _, o := range st.AWS.Operations {
			if o.Status == "IN_PROGRESS" {
				return false, fmt.Sprint(o)
			}
		}
		return true, ""
	})
	if err != nil {
		return 0, err
	}
	st, err := w.now("none")
	if err != nil {
		return 0, err
	}
	code, out, err := w.run("sync", "--settings", w.settings())
	if err == nil && code == exitUsage {
		err = fmt.Errorf("bot sync: exit code %d: %s", code, out)
	}
	return st.Journal, err
}

// repo reads the config repo at a commit.
func (w *world) repo(sha string) (*config.Repo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	files, err := w.client.Files(ctx, sha)
	if err != nil {
		return nil, err
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return config.Load(fsys)
}

// secrets are what may be seen nowhere: the lines of the bot's secret files.
func (w *world) secrets() ([]string, error) {
	names, err := filepath.Glob(filepath.Join(w.dir, "*.secret"))
	if err != nil {
		return nil, err
	}
	names = append(names, filepath.Join(w.dir, "github-app.pem"))
	var out []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
				out = append(out, line)
			}
		}
	}
	return out, nil
}
