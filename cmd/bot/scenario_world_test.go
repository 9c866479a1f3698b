package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/scenario"
)

// patience is how long a scenario waits for anything before it fails. Nothing
// takes so long when all is well, but several scenarios share two cores.
const patience = 120 * time.Second

// scenarioSpeed divides the delays of the emulators.
const scenarioSpeed = 200

// scenarioPace divides the bot's waits for what failed or is late. What it
// leaves of them is longer than the emulators' own delays.
const scenarioPace = 5

// lookEvery is the least time between two looks at the state by one scenario:
// each costs more than most of what the bot does.
const lookEvery = 60 * time.Millisecond

// appKey is the key of the GitHub App in all scenarios: making one takes long.
var appKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// world is the emulators, in this process, and the bot, in one of its own that
// knows nothing but its settings file.
type world struct {
	sbx    *sandbox.Sandbox
	client *scenario.Client
	dir    string // of the settings and the state file
	log    *output
	bot    *process // nil before the first start
	// chat plays people on the platform that is used now.
	chat player
	// killAfter is what BOT_KILL_AFTER says at the next start.
	killAfter string
	// revive starts the bot again whenever something is waited for.
	revive bool
	// marks are moments that a script named.
	marks map[string]time.Time
	// seen has what people were shown privately at once, by person.
	seen map[string][]string
	// opener are the messages whose button has opened a form.
	opener map[string]bool
}

// newWorld runs emulators until the test ends, and writes the settings file.
// People merge in it.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, "slack", sandbox.Options{PeopleMerge: true})
}

// newWorldOn is newWorld with the chat platform of the company, or both, and
// options of the sandbox.
func newWorldOn(t testing.TB, platform string, opts sandbox.Options) *world {
	t.Helper()
	key, err := appKey()
	if err != nil {
		t.Fatal(err)
	}
	opts.Key, opts.Speed, opts.Chat = key, scenarioSpeed, platform
	sbx, err := sandbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the path of the control socket must stay short.
	dir, err := os.MkdirTemp("", "bot")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sbx.Run(ctx) }()
	w := &world{
		sbx: sbx, client: &scenario.Client{URL: sbx.URL(), HTTP: &http.Client{Transport: &http.Transport{}}}, dir: dir,
		log: newOutput(), marks: map[string]time.Time{}, seen: map[string][]string{}, opener: map[string]bool{},
	}
	if platform == both {
		platform = "slack"
	}
	if w.chat, err = w.playerOn(platform); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.crash(); err != nil {
			t.Error(err)
		}
		w.client.HTTP.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("sandbox: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	<-sbx.Ready()
	if err := sbx.WriteSettings(w.settings(), ""); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) settings() string { return filepath.Join(w.dir, "bot.yaml") }

// cmdline is a command line of the bot, as a process of its own.
func (w *world) cmdline(args ...string) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Args = append([]string{"bot"}, args...) // the name makes the test binary the bot
	cmd.Env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH"), "GOGC=400"}
	cmd.Dir = w.dir
	return cmd, nil
}

// run runs a command line that ends by itself and returns what it printed.
func (w *world) run(args ...string) (code int, out string, err error) {
	cmd, err := w.cmdline(args...)
	if err != nil {
		return 0, "", err
	}
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, "", fmt.Errorf("bot %s: %w", strings.Join(args, " "), err)
	}
	_, _ = w.log.Write(text) // never fails
	return cmd.ProcessState.ExitCode(), string(text), nil
}

// process is a running "bot serve".
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how, once done is closed
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// serve starts "bot serve".
func (w *world) serve() error {
	if w.bot != nil && w.bot.alive() {
		return errors.New("the bot runs already")
	}
	cmd, err := w.cmdline("serve", "--settings", w.settings())
	if err != nil {
		return err
	}
	if w.killAfter != "" {
		cmd.Env = append(cmd.Env, "BOT_KILL_AFTER="+w.killAfter)
	}
	cmd.Stdout, cmd.Stderr = w.log, w.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the bot: %w", err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	w.bot, w.killAfter = p, ""
	return nil
}

// serving starts "bot serve" and waits until it listens.
func (w *world) serving() error {
	from := w.log.size()
	if err := w.serve(); err != nil {
		return err
	}
	_, err := w.logged(from, regexp.MustCompile(`msg=serving `))
	return err
}

// logged waits until the log says something after a position, and returns the
// match.
func (w *world) logged(from int, re *regexp.Regexp) (string, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		text, changed := w.log.since(from)
		if m := re.FindString(text); m != "" {
			return m, nil
		}
		done := make(<-chan struct{}) // never: no bot
		if w.bot != nil {
			done = w.bot.done
		}
		select {
		case <-changed:
		case <-done:
			if text, _ := w.log.since(from); re.MatchString(text) {
				continue
			}
			return "", fmt.Errorf("the bot ended (%v) and did not say %s:\n%s", w.bot.err, re, text)
		case <-timer.C:
			return "", fmt.Errorf("the bot did not say %s:\n%s", re, text)
		}
	}
}

// again starts the bot once more if it has died and is to be revived.
func (w *world) again() error {
	if !w.revive || w.bot == nil || w.bot.alive() {
		return nil
	}
	return w.serving()
}

// mark remembers this moment.
func (w *world) mark(name string) { w.marks[name] = time.Now() }

// stop ends the bot as an operator does, and wants it to end well.
func (w *world) stop() error {
	if err := w.bot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the bot: %w", err)
	}
	if err := w.ended(); err != nil {
		return err
	}
	if w.bot.err != nil {
		return fmt.Errorf("the bot stopped with %w:\n%s", w.bot.err, w.log)
	}
	return nil
}

// crash kills the bot if it runs.
func (w *world) crash() error {
	if w.bot == nil || !w.bot.alive() {
		return nil
	}
	if err := w.bot.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the bot: %w", err)
	}
	return w.ended()
}

// pause has the bot's process stand still.
func (w *world) pause() error { return w.signal(syscall.SIGSTOP) }

// resume has it go on.
func (w *world) resume() error { return w.signal(syscall.SIGCONT) }

func (w *world) signal(s syscall.Signal) error {
	if err := w.bot.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("signal %v to the bot: %w", s, err)
	}
	return nil
}

// ended waits until the bot has ended.
func (w *world) ended() error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.bot.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("the bot does not end:\n%s", w.log)
	}
}

// trust has an operator name a commit; SEED is the sandbox's first one.
func (w *world) trust(sha string) error {
	if sha == "SEED" {
		sha = w.sbx.SeedCommit()
	}
	code, out, err := w.run("trust", sha, "--settings", w.settings(), "--github-token-file", filepath.Join(w.dir, sandbox.TokenFile(sandbox.Operator)))
	if err != nil || code != exitGood {
		return fmt.Errorf("bot trust: exit code %d: %s %w", code, out, err)
	}
	return nil
}

// start is a working day: emulators, bot, and the first commit trusted.
func (w *world) start() error {
	if err := w.serving(); err != nil {
		return err
	}
	if err := w.trust("SEED"); err != nil {
		return err
	}
	return w.ready()
}

// output gathers what processes print.
type output struct {
	mu      sync.Mutex // guards the fields below
	text    []byte
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write implements io.Writer and never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	close(o.changed)
	o.changed = make(chan struct{})
	return len(p), nil
}

func (o *output) since(n int) (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text[n:]), o.changed
}

func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.text)
}

// String is everything that was printed.
func (o *output) String() string {
	text, _ := o.since(0)
	return text
}
