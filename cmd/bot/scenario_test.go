package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/scenario"
	"aws-access-bot/internal/testgc"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// scenariosAtOnce is how many scenarios run at the same time: they wait for
// each other's processes far more than they compute.
const scenariosAtOnce = 32

// TestMain makes the test binary the bot when it is started under that name,
// so that scenarios run the bot as a process of its own.
func TestMain(m *testing.M) {
	testgc.Seldom()
	testscript.Main(m, map[string]func(){"bot": botInTest})
}

// botInTest is main with two things more: BOT_KILL_AFTER=step or step:n kills
// the process as soon as that durable step was made (for the nth time), and the
// bot's own waits are divided like those of the emulators, though by less.
func botInTest() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	p := program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, pace: scenarioPace}
	if at := os.Getenv("BOT_KILL_AFTER"); at != "" {
		p.afterCommit = killer(at)
	}
	os.Exit(run(ctx, os.Args[1:], p))
}

// killer returns a hook that kills this process without any warning.
func killer(at string) func(string) {
	name, count, _ := strings.Cut(at, ":")
	left := atomic.Int64{}
	left.Store(1)
	if n, err := strconv.ParseInt(count, 10, 64); err == nil {
		left.Store(n)
	}
	return func(step string) {
		if step != name || left.Add(-1) != 0 {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more of this goroutine runs
	}
}

// scenarioTest is one of many that run a few at a time.
type scenarioTest struct {
	name string
	run  func(t *testing.T)
}

// atOnce runs tests in their order, as many at a time as make sense. It is
// not t.Parallel: that takes no more at a time than there are processors, and
// in any order.
func atOnce(t *testing.T, tests []scenarioTest) {
	t.Helper()
	next := make(chan scenarioTest)
	var wg sync.WaitGroup
	for range scenariosAtOnce {
		wg.Go(func() {
			for x := range next {
				t.Run(x.name, x.run)
			}
		})
	}
	for _, x := range tests {
		next <- x
	}
	close(next)
	wg.Wait()
}

// slow reports whether a script waits long, and so is begun early: for the bot's
// own patience, the end of a grant, or one look after another.
func slow(name string) bool {
	return slices.Contains([]string{
		"p7-aws-failed", "rule-direct-push", "direct-push-trusted", "expiry", "p4-incomplete-read", "bad-yaml-then-revert",
		"group-waits-for-cycle", "p5-lost-answers", "repository-archived", "selector-and-tag-in-order", "lost-state-file", "mending-a-halt", "t45-state-edited",
		"auto-github-refuses", "import",
		"expiry-while-halted", "extend-without-gap", "warning-and-end", "drift-put-back-by-button", "auto-clean-up", "group-grown-after-live", "approver-joins-group",
	}, name)
}

// TestScenarios runs the scripts, each on every chat platform that it is about:
// the bot as its own process with only a
// settings file, the emulators around it, and people played over HTTP. After
// each script the checker reads what the emulators saw.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var first, rest []scenarioTest
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		s, err := readScript(file)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, platform := range s.platforms {
			x := scenarioTest{name + "/" + platform, func(t *testing.T) { s.run(t, platform) }}
			if slow(name) {
				first = append(first, x)
			} else {
				rest = append(rest, x)
			}
		}
	}
	atOnce(t, append(first, rest...))
}

// script is one of the scripts.
type script struct {
	file      string
	platforms []string
	verdicts  scenario.Verdicts
}

// readScript reads a script, and of it where it runs and its verdicts, which
// every script has.
func readScript(file string) (script, error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return script{}, err
	}
	s := script{file: file}
	if s.platforms, err = platformsOf(archive); err != nil {
		return script{}, err
	}
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "verdicts" })
	if i < 0 {
		return script{}, errors.New("it has no verdicts: what may be in force is said in every script")
	}
	s.verdicts, err = scenario.ParseVerdicts(string(archive.Files[i].Data))
	return s, err
}

// run runs the script on a platform, and the checker after it.
func (s script) run(t *testing.T, platform string) {
	t.Helper()
	// The bot merges in scripts named auto-… and queue-…
	bot := strings.HasPrefix(filepath.Base(s.file), "auto-") || strings.HasPrefix(filepath.Base(s.file), "queue-")
	w := newWorldOn(t, platform, sandbox.Options{PeopleMerge: !bot})
	testscript.RunT(inline{t}, testscript.Params{
		Files: []string{s.file}, Cmds: verbs(w), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SETTINGS", w.settings())
			e.Setenv("SETTINGS_DIR", w.dir)
			e.Setenv("SEED", w.sbx.SeedCommit())
			return nil
		},
	})
	w.judge(t, s.verdicts)
}

// inline runs a script within the test that it belongs to, so that the checker
// comes after it.
type inline struct{ *testing.T }

// Run implements testscript.T.
func (t inline) Run(_ string, f func(testscript.T)) { f(t) }

// Parallel implements testscript.T; atOnce says what runs at the same time.
func (t inline) Parallel() {}

// Verbose implements testscript.T.
func (t inline) Verbose() bool { return testing.Verbose() }
