package sandbox

import (
	"slices"
	"sync"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/githubemu"
)

// history follows the default branch of the config repo and knows what its
// newest valid commit desires, whether or not the bot has verified it: what a
// person who reads the repository would expect.
type history struct {
	world *world

	mu       sync.Mutex // guards the fields below
	head     string     // the commit that the rest is as of
	repo     *config.Repo
	starts   config.Starts
	valid    string // the newest valid commit
	problems string // why head is not valid; empty if it is
	cache    config.Cache
}

func newHistory(w *world) *history {
	return &history{world: w, head: w.seedCommit, valid: w.seedCommit, repo: w.repo, starts: w.starts}
}

// desired is a config repo with the starts of its grants.
type desired struct {
	repo     *config.Repo
	starts   config.Starts
	head     string
	valid    string
	problems string
}

// at brings the history up to the commits of a branch, newest first.
func (h *history) at(commits []githubemu.CommitState) desired {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := slices.IndexFunc(commits, func(c githubemu.CommitState) bool { return c.SHA == h.head })
	if n < 0 { // rewritten: begin again
		n = len(commits)
		h.repo, h.starts = nil, nil
	}
	for _, c := range slices.Backward(commits[:n]) {
		h.step(c)
	}
	return desired{h.repo, h.starts, h.head, h.valid, h.problems}
}

// step takes one further commit in.
func (h *history) step(c githubemu.CommitState) {
	h.head, h.problems = c.SHA, ""
	files, err := h.world.config.Files(c.SHA)
	if err != nil {
		h.problems = err.Error()
		return
	}
	texts := map[string]string{}
	for path, f := range files {
		texts[path] = f.Content
	}
	repo, err := h.cache.Load(mapFS(texts))
	if err != nil {
		h.problems = err.Error()
		return
	}
	h.starts = config.NextStarts(h.repo, repo, h.starts, config.Start{MergedAt: c.At})
	h.repo, h.valid = repo, c.SHA
}
