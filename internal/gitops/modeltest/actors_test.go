package modeltest_test

import (
	"fmt"

	"aws-access-bot/internal/sandbox/githubemu"
)

// opManager has somebody report to somebody else, or to nobody.
func (w *world) opManager(o op) string {
	who, boss := pick(castNames, o.n[0]), pick([]string{"yuki", "taro", "mio", "sam", "lena", "stranger", ""}, o.n[1])
	if who == boss {
		return ""
	}
	delete(w.managers, who)
	if boss != "" {
		w.managers[who] = boss
	}
	return fmt.Sprintf("%s reports to %q", who, boss)
}

// opFork opens a pull request from somebody's own fork, and mostly has it
// approved and merged: nothing of it ever comes into force.
func (w *world) opFork(o op) string {
	by := pick(writers, o.n[0])
	s, said := w.edit(w.commits[w.main()].state, by, o)
	if said == "" {
		return ""
	}
	w.serial++
	branch := fmt.Sprintf("fork-%d", w.serial)
	sha, err := w.repo.Push(by, githubemu.Push{
		Branch: branch, Fork: true, Changes: changes(w.commits[w.main()].state, s), Message: "change", Parent: w.main(),
	})
	w.must(err)
	w.know(sha, s, w.main())
	n, err := w.repo.CreatePull(by, githubemu.PullSpec{Head: by + ":" + branch, Title: said})
	w.must(err)
	w.sync()
	w.tick()
	p := w.pulls[n]
	out := fmt.Sprintf("%s opens #%d from a fork: %s; ", by, n, said)
	if o.n[4]%4 == 0 {
		return out
	}
	return out + w.approveAll(p) + w.merge(p, pick([]string{"merge", "squash", "rebase"}, o.n[2]), true)
}
