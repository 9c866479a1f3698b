package gitops_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/store"
)

// counter is a host that only counts looks: each look lists the open pull
// requests once.
type counter struct {
	gitops.Host
	mu     sync.Mutex // guards what follows
	looks  []time.Time
	fail   error
	budget gitops.Budget
}

func (c *counter) OpenPulls(context.Context, string) ([]gitops.Pull, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks = append(c.looks, time.Now())
	return nil, c.fail
}

func (c *counter) Budget() gitops.Budget {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.budget
}

func (c *counter) set(fail error, b gitops.Budget) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail, c.budget = fail, b
}

// since returns when looks were made, after a time, and forgets them.
func (c *counter) since(start time.Time) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []time.Duration
	for _, at := range c.looks {
		out = append(out, at.Sub(start))
	}
	c.looks = nil
	return out
}

// watch runs f beside a running Gitops in a bubble of fake time.
func watch(t *testing.T, f func(g *gitops.Gitops, c *counter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		g, err := gitops.New(gitops.Options{
			Owner: "acme", Name: "config", RepoID: 1, Branch: "main", SigningKey: []byte(strings.Repeat("k", 32)),
		}, c, store.NewGitops(store.NewMemory()), &directory{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		synctest.Wait()
		f(g, c)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
}

func TestRunLooksAtTheStartAndEveryPoll(t *testing.T) {
	t.Parallel()
	watch(t, func(_ *gitops.Gitops, c *counter) {
		start := time.Now()
		time.Sleep(7 * time.Minute)
		if got := c.since(start); len(got) != 3 || got[0] != 0 || got[1] != 3*time.Minute || got[2] != 6*time.Minute {
			t.Errorf("looks at %v", got)
		}
	})
}

func TestHintsAreGatheredIntoOneLookPerTwoSeconds(t *testing.T) {
	t.Parallel()
	watch(t, func(g *gitops.Gitops, c *counter) {
		time.Sleep(10 * time.Second)
		start := time.Now()
		c.since(start)
		for range 50 {
			g.Hint(7)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		got := c.since(start)
		if len(got) != 4 || got[0] != 0 {
			t.Errorf("5 s of hints made looks at %v", got)
		}
		for i := 1; i < len(got); i++ {
			if got[i]-got[i-1] < 2*time.Second {
				t.Errorf("two looks within 2 s: %v", got)
			}
		}
	})
}

func TestAFailedLookIsRepeated(t *testing.T) {
	t.Parallel()
	watch(t, func(g *gitops.Gitops, c *counter) {
		time.Sleep(10 * time.Second)
		start := time.Now()
		c.since(start)
		c.set(errors.New("no connection"), gitops.Budget{})
		g.Hint(0)
		time.Sleep(20 * time.Second)
		if got := c.since(start); len(got) < 3 || len(got) > 5 {
			t.Errorf("looks at %v", got)
		}
		c.set(nil, gitops.Budget{})
		time.Sleep(time.Minute)
		if got := c.since(start); len(got) != 1 {
			t.Errorf("after it went well again, looks at %v", got)
		}
	})
}

func TestAThrottledLookWaitsAsLongAsGitHubSays(t *testing.T) {
	t.Parallel()
	watch(t, func(g *gitops.Gitops, c *counter) {
		time.Sleep(10 * time.Second)
		start := time.Now()
		c.since(start)
		c.set(&gitops.ThrottledError{Until: start.Add(time.Minute)}, gitops.Budget{})
		g.Hint(0)
		synctest.Wait()
		c.set(nil, gitops.Budget{})
		g.Hint(0)
		time.Sleep(2 * time.Minute)
		if got := c.since(start); len(got) != 2 || got[1] < time.Minute {
			t.Errorf("looks at %v", got)
		}
	})
}

// TestWritesThatWaitForTheirTurnKeepNoLookWaiting: what was merged is judged
// all the same.
func TestWritesThatWaitForTheirTurnKeepNoLookWaiting(t *testing.T) {
	t.Parallel()
	watch(t, func(g *gitops.Gitops, c *counter) {
		time.Sleep(10 * time.Second)
		start := time.Now()
		c.since(start)
		c.set(&gitops.ThrottledError{Until: start.Add(time.Hour), Writes: true}, gitops.Budget{})
		g.Hint(0)
		time.Sleep(10 * time.Second)
		g.Hint(0)
		time.Sleep(10 * time.Second)
		if got := c.since(start); len(got) < 2 {
			t.Errorf("looks at %v", got)
		}
	})
}

// TestThePollKeepsAFifthOfTheBudget for hints.
func TestThePollKeepsAFifthOfTheBudget(t *testing.T) {
	t.Parallel()
	watch(t, func(g *gitops.Gitops, c *counter) {
		start := time.Now()
		c.since(start)
		c.set(nil, gitops.Budget{Limit: 5000, Remaining: 999, Reset: start.Add(time.Hour)})
		time.Sleep(10 * time.Minute)
		if got := c.since(start); len(got) != 0 {
			t.Errorf("polled at %v", got)
		}
		g.Hint(7)
		synctest.Wait()
		if got := c.since(start); len(got) != 1 {
			t.Errorf("a hint made looks at %v", got)
		}
		c.set(nil, gitops.Budget{Limit: 5000, Remaining: 1000, Reset: start.Add(time.Hour)})
		time.Sleep(4 * time.Minute)
		if got := c.since(start); len(got) != 1 {
			t.Errorf("with budget, polled at %v", got)
		}
	})
}

func TestNewWantsAKeyAndARepository(t *testing.T) {
	t.Parallel()
	good := gitops.Options{Owner: "a", Name: "b", RepoID: 1, Branch: "main", SigningKey: make([]byte, 32)}
	for name, change := range map[string]func(*gitops.Options){
		"no owner": func(o *gitops.Options) { o.Owner = "" }, "no name": func(o *gitops.Options) { o.Name = "" },
		"no id": func(o *gitops.Options) { o.RepoID = 0 }, "no branch": func(o *gitops.Options) { o.Branch = "" },
		"no key": func(o *gitops.Options) { o.SigningKey = nil }, "a short key": func(o *gitops.Options) { o.SigningKey = make([]byte, 31) },
	} {
		o := good
		change(&o)
		if _, err := gitops.New(o, &counter{}, store.NewGitops(store.NewMemory()), &directory{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestThePullRequestThatMendsAHaltIsNotRefused: it stands on the entry that the
// bot wrote for another request, merged meanwhile and not in force yet.
func TestThePullRequestThatMendsAHaltIsNotRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.file(sandboxFile, "id:", "id:")
	push(w, map[string]*githubemu.File{sandboxFile: {Content: "# " + was.Content}})
	w.look()
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.merge(n, "squash")
	w.look()
	w.byHand("mio-sec", "mend", map[string]*githubemu.File{sandboxFile: was})
	w.look()
	if c := w.check(w.head("mend")); c.Conclusion != "success" {
		t.Errorf("check is %s, %s: %s", c.Conclusion, c.Title, c.Summary)
	}
}

// deafOnce is an operations channel that fails the first time.
type deafOnce struct {
	gitops.Ops
	failed bool
}

func (d *deafOnce) PutNotice(ctx context.Context, n access.Notice) error {
	if !d.failed {
		d.failed = true
		return errors.New("not stored")
	}
	return d.Ops.PutNotice(ctx, n)
}

// TestAHaltIsToldAlsoAfterAStop: what the operations channel learns of a halt is
// stored with it, so that a process that ends right then tells it later.
func TestAHaltIsToldAlsoAfterAStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Ops = &deafOnce{Ops: w.ops}
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	n := w.proposed(w.request(req))
	w.merge(n, "squash")
	if err := w.Look(t.Context()); err == nil {
		t.Fatal("the lost notice was not noticed")
	}
	w.look()
	if got := w.status().Halt; got == nil || got.Code != gitops.HaltApproval {
		t.Fatalf("halt %+v", got)
	}
	due, err := store.NewOutbox(w.db).DueNotices(t.Context())
	w.must(err)
	if !slices.ContainsFunc(due, func(d access.Delivery) bool { return strings.Contains(d.Text, "approval-missing") }) {
		t.Errorf("to be told: %+v", due)
	}
}
