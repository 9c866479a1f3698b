package modeltest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"aws-access-bot/internal/sandbox/githubemu"
)

// op is one step of a history. Its numbers choose among what there is when it
// is played, so that a history without some of its steps is a history too; a
// step that cannot be made is none.
type op struct {
	kind string
	n    [5]int
}

func (o op) String() string { return fmt.Sprintf("%s%v", o.kind, o.n) }

// weights say how often each kind comes.
var weights = []struct {
	kind string
	n    int
	do   func(*world, op) string
}{
	{"request", 10, (*world).opRequest},
	{"revoke", 2, (*world).opRevoke},
	{"hand", 12, (*world).opHand},
	{"push", 5, (*world).opPush},
	{"force", 3, (*world).opForce},
	{"approve", 6, (*world).opApprove},
	{"approve-all", 6, (*world).opApproveAll},
	{"object", 4, (*world).opObject},
	{"comment", 1, (*world).opComment},
	{"dismiss", 3, (*world).opDismiss},
	{"merge", 7, (*world).opMerge},
	{"approve-and-merge", 14, (*world).opApproveAndMerge},
	{"near-miss", 12, (*world).opNearMiss},
	{"mend", 9, (*world).opMend},
	{"merge-by-rules", 5, (*world).opMergeByRules},
	{"evil-merge", 3, (*world).opEvilMerge},
	{"fast-forward", 2, (*world).opFastForward},
	{"direct-push", 2, (*world).opDirectPush},
	{"rewind", 1, (*world).opRewind},
	{"forward", 1, (*world).opForward},
	{"restore", 5, (*world).opRestore},
	{"update-branch", 3, (*world).opUpdateBranch},
	{"close", 1, (*world).opClose},
	{"reopen", 2, (*world).opReopen},
	{"delete-branch", 1, (*world).opDeleteBranch},
	{"team", 3, (*world).opTeam},
	{"member", 2, (*world).opMember},
	{"manager", 2, (*world).opManager},
	{"fork", 2, (*world).opFork},
	{"trust", 2, (*world).opTrust},
	{"look", 18, (*world).opLook},
	{"restart", 2, (*world).opRestart},
}

// history makes the steps of a seed.
func history(seed uint64, length int) []op {
	r := rand.New(rand.NewPCG(seed, 3))
	total := 0
	for _, w := range weights {
		total += w.n
	}
	var out []op
	for range length {
		at := r.IntN(total)
		for _, w := range weights {
			if at -= w.n; at < 0 {
				o := op{kind: w.kind}
				for i := range o.n {
					o.n[i] = r.IntN(1000)
				}
				out = append(out, o)
				break
			}
		}
	}
	return out
}

// play makes one step.
func (w *world) play(o op) {
	for _, k := range weights {
		if k.kind != o.kind {
			continue
		}
		if said := k.do(w, o); said != "" {
			w.logf("%s: %s", o, said)
			w.sync()
			w.tick()
		}
		return
	}
}

func pick[T any](list []T, n int) T { return list[n%len(list)] }

// writers may write on GitHub.
var writers = castNames[:len(castNames)-1]

// pull chooses a pull request, an open one mostly; nil when there is none.
func (w *world) pull(n, m int) *pull {
	all := slices.Sorted(maps.Keys(w.pulls))
	open := slices.DeleteFunc(slices.Clone(all), func(k int) bool { return !w.pulls[k].open })
	if len(open) > 0 && m%4 != 0 {
		all = open
	}
	if len(all) == 0 {
		return nil
	}
	return w.pulls[pick(all, n)]
}

func (w *world) open(n int) *pull {
	if p := w.pull(n, 1); p != nil && p.open {
		return p
	}
	return nil
}

// word is a reason that no other entry has.
func (w *world) word() string {
	w.serial++
	return fmt.Sprintf("case %d", w.serial)
}

func (w *world) opHand(o op) string {
	by := pick(writers, o.n[0])
	base := w.main()
	if o.n[4]%5 == 0 {
		base = pick(w.tips, o.n[4]/5)
	}
	s, said := w.edit(w.commits[base].state, by, o)
	if said == "" {
		return ""
	}
	w.serial++
	branch := fmt.Sprintf("hand-%d", w.serial)
	if !w.commit(by, branch, base, s, false) {
		return ""
	}
	opener := by
	if o.n[4]%5 == 1 {
		opener = pick(writers, o.n[4]/5)
	}
	n, err := w.repo.CreatePull(opener, githubemu.PullSpec{Head: branch, Title: said})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s opens #%d on %.7s, pushed by %s: %s", opener, n, base, by, said)
}

// commit pushes a state to a branch as somebody; false when it is refused.
func (w *world) commit(by, branch, parent string, s state, force bool) bool {
	sha, err := w.repo.Push(by, githubemu.Push{
		Branch: branch, Changes: changes(w.commits[parent].state, s), Message: "change", Parent: parent, Force: force, IgnoreRules: true,
	})
	if err != nil {
		return false
	}
	w.know(sha, s, parent)
	return true
}

func (w *world) opPush(o op) string {
	p, by := w.open(o.n[1]), pick(writers, o.n[0])
	if p == nil || w.branches[p.branch] == "" {
		return ""
	}
	if o.n[4]%2 == 0 && p.author != botLogin {
		by = p.author
	}
	s, said := w.edit(w.commits[p.head].state, by, o)
	if said == "" || !w.commit(by, p.branch, p.head, s, false) {
		return ""
	}
	return fmt.Sprintf("%s pushes to #%d: %s", by, p.number, said)
}

func (w *world) opForce(o op) string {
	p, by := w.open(o.n[1]), pick(writers, o.n[0])
	if p == nil || w.branches[p.branch] == "" {
		return ""
	}
	if o.n[2]%2 == 0 {
		sha := pick(w.heads[p.branch], o.n[3])
		if sha == p.head || w.repo.ForcePush(by, p.branch, sha, true) != nil {
			return ""
		}
		return fmt.Sprintf("%s puts #%d back to %.7s", by, p.number, sha)
	}
	s, said := w.edit(w.commits[w.main()].state, by, o)
	if said == "" || !w.commit(by, p.branch, w.main(), s, true) {
		return ""
	}
	return fmt.Sprintf("%s replaces #%d: %s", by, p.number, said)
}

func (w *world) review(by string, p *pull, event, sha string) string {
	if _, err := w.repo.Review(by, p.number, event, "looked at it", sha); err != nil {
		return ""
	}
	return fmt.Sprintf("%s: %s on #%d at %.7s", by, event, p.number, sha)
}

func (w *world) opApprove(o op) string {
	p := w.pull(o.n[1], o.n[4])
	if p == nil {
		return ""
	}
	sha := p.head
	if o.n[2]%3 == 0 {
		sha = pick(w.heads[p.branch], o.n[3])
	}
	return w.review(pick(writers, o.n[0]), p, "APPROVE", sha)
}

// opApproveAll has everybody approve who may approve something of a pull
// request, by the rules in force.
func (w *world) opApproveAll(o op) string {
	p := w.pull(o.n[1], o.n[4])
	if p == nil {
		return ""
	}
	return w.approveAll(p)
}

// opMend has a halted merge approved, late, or an invalid config mended.
func (w *world) opMend(o op) string {
	for _, p := range w.pulls {
		if p.mergeCommit != "" && p.mergeCommit == w.model.halt {
			return w.approveAll(p)
		}
	}
	s, by := w.commits[w.main()].state, pick(linkedAt0, o.n[0])
	if !s.junk() {
		return ""
	}
	p := w.mended(by, s.edit(peoplePath, drop("junk")))
	if o.n[1]%2 == 0 {
		said := ""
		for _, who := range w.model.carried { // who may not approve it
			said += w.review(who, p, "APPROVE", p.head) + "; "
			w.tick()
		}
		return fmt.Sprintf("%s takes the invalid key out with #%d; %s%s", by, p.number, said, w.merge(p, "squash", true))
	}
	return fmt.Sprintf("%s takes the invalid key out with #%d; %s%s", by, p.number, w.approveAll(p), w.merge(p, "squash", true))
}

// mended opens a pull request that puts the default branch right.
func (w *world) mended(by string, s state) *pull {
	w.serial++
	branch := fmt.Sprintf("mend-%d", w.serial)
	if !w.commit(by, branch, w.main(), s, false) {
		w.failf("%s cannot push to %s", by, branch)
	}
	n, err := w.repo.CreatePull(by, githubemu.PullSpec{Head: branch, Title: "mend"})
	w.must(err)
	w.sync()
	return w.pulls[n]
}

// opApproveAndMerge does what people do most.
func (w *world) opApproveAndMerge(o op) string {
	p := w.open(o.n[1])
	if p == nil {
		return ""
	}
	return w.approveAll(p) + w.merge(p, pick([]string{"merge", "squash", "rebase"}, o.n[2]), o.n[3]%3 > 0)
}

// approveAll has everybody approve who may approve something of a pull request.
func (w *world) approveAll(p *pull) string {
	said := ""
	for _, who := range w.approvers(p, false) {
		said += w.review(who, p, "APPROVE", p.head) + "; "
		w.tick()
	}
	return said
}

// approvers are the linked people whom a pull request's needs name and who may
// approve one of them, or, excluded, those who may approve none.
func (w *world) approvers(p *pull, excluded bool) []string {
	f := w.behind(p, nil)
	f.teams = w.teams
	base, head := w.model.state, w.commits[p.head].state
	from := w.validOr(w.mergeBase(w.main(), p.head), base, w.model.passed)
	c := compare(from, head, w.model.starts, w.now)
	needs, _ := needsOf(base, head, &c, w.model.starts, f)
	var out []string
	for _, who := range writers {
		named, may := false, false
		for _, n := range needs {
			named = named || f.namedIn(&n, who)
			may = may || f.namedIn(&n, who) && !f.excluded(&n, who)
		}
		if base.linked(who) && named && may != excluded {
			out = append(out, who)
		}
	}
	return out
}

func (w *world) opObject(o op) string {
	if p := w.pull(o.n[1], o.n[4]); p != nil {
		return w.review(pick(writers, o.n[0]), p, "REQUEST_CHANGES", p.head)
	}
	return ""
}

func (w *world) opComment(o op) string {
	if p := w.pull(o.n[1], o.n[4]); p != nil {
		return w.review(pick(writers, o.n[0]), p, "COMMENT", p.head)
	}
	return ""
}

func (w *world) opDismiss(o op) string {
	p := w.pull(o.n[1], o.n[4])
	if p == nil {
		return ""
	}
	return w.opDismissOf(p, o.n[2])
}

func (w *world) opMerge(o op) string {
	return w.merge(w.open(o.n[1]), pick([]string{"merge", "squash", "rebase"}, o.n[2]), true)
}

func (w *world) opMergeByRules(o op) string {
	return w.merge(w.open(o.n[1]), pick([]string{"merge", "squash", "rebase"}, o.n[2]), false)
}

func (w *world) merge(p *pull, method string, free bool) string {
	if p == nil {
		return ""
	}
	sha, err := w.repo.Merge("boss", p.number, githubemu.MergeSpec{Method: method, IgnoreRules: free})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("#%d is merged (%s, past the rules: %v) as %.7s", p.number, method, free, sha)
}

// moveMain points the default branch at a commit, past all rules.
func (w *world) moveMain(sha string) bool {
	return sha != w.main() && w.repo.ForcePush("boss", "main", sha, true) == nil
}

// opEvilMerge pushes a merge commit that holds more than was reviewed.
func (w *world) opEvilMerge(o op) string {
	p := w.open(o.n[1])
	if p == nil || w.ancestors(w.main())[p.head] {
		return ""
	}
	s := merge(w.commits[w.mergeBase(w.main(), p.head)].state, w.commits[w.main()].state, w.commits[p.head].state)
	extra := "nothing"
	if o.n[2]%3 > 0 {
		if s, extra = w.edit(s, "boss", o); extra == "" {
			return ""
		}
	}
	sha, err := w.repo.CommitObject(githubemu.Commit{
		Parents: []string{w.main(), p.head}, From: w.main(), Changes: changes(w.commits[w.main()].state, s), Message: "merge", Author: "boss",
	})
	w.must(err)
	w.know(sha, s, w.main(), p.head)
	if !w.moveMain(sha) {
		return ""
	}
	return fmt.Sprintf("boss pushes %.7s, a merge of #%d with %s", sha, p.number, extra)
}

// opFastForward pushes the head of a pull request to the default branch.
func (w *world) opFastForward(o op) string {
	p := w.open(o.n[1])
	if p == nil || !w.ancestors(p.head)[w.main()] {
		return ""
	}
	if _, ok := w.chain(w.main(), p.head); !ok || !w.moveMain(p.head) {
		return ""
	}
	return fmt.Sprintf("boss pushes the head of #%d to main", p.number)
}

func (w *world) opDirectPush(o op) string {
	by := pick(writers, o.n[0])
	s, said := w.edit(w.commits[w.main()].state, by, o)
	if said == "" || !w.commit(by, "main", w.main(), s, false) {
		return ""
	}
	return fmt.Sprintf("%s pushes to main: %s", by, said)
}

func (w *world) opRewind(o op) string {
	at := w.main()
	for range 1 + o.n[0]%3 {
		if ps := w.commits[at].parents; len(ps) > 0 {
			at = ps[0]
		}
	}
	if !w.moveMain(at) {
		return ""
	}
	return fmt.Sprintf("main is put back to %.7s", at)
}

func (w *world) opForward(o op) string {
	sha := w.tips[max(0, len(w.tips)-1-o.n[0]%4)]
	if !w.moveMain(sha) {
		return ""
	}
	return fmt.Sprintf("main is put to %.7s, which it was before", sha)
}

// opRestore puts back what the halted commit touched, or some other one.
func (w *world) opRestore(o op) string {
	bad := w.model.halt
	if c := w.commits[bad]; c == nil || len(c.parents) == 0 || o.n[0]%8 == 0 {
		bad = pick(w.tips, o.n[1])
	}
	if len(w.commits[bad].parents) == 0 {
		return ""
	}
	s := w.restored(w.commits[bad])
	by := pick(writers, o.n[2])
	if o.n[3]%2 == 0 {
		if !w.commit(by, "main", w.main(), s, false) {
			return ""
		}
		return fmt.Sprintf("%s restores by a push to main what %.7s touched", by, bad)
	}
	p := w.mended(by, s)
	return fmt.Sprintf("%s opens #%d to restore what %.7s touched; %s", by, p.number, bad, w.merge(p, "squash", true))
}

// restored is the default branch with everything put back that a commit of it
// touched, or the whole rebase merge it ends.
func (w *world) restored(c *commit) state {
	first := c
	for _, p := range w.pulls {
		if i := slices.Index(p.landed, c.sha); i >= 0 && p.mergeCommit == c.sha {
			first = w.commits[p.landed[0]]
		}
	}
	was, s := w.commits[first.parents[0]].state, maps.Clone(w.commits[w.main()].state)
	for _, p := range differing(was, c.state) {
		if s[p] = was[p]; was[p] == nil {
			delete(s, p)
		}
	}
	return s
}

func (w *world) opUpdateBranch(o op) string {
	p, by := w.open(o.n[1]), pick(writers, o.n[0])
	if p == nil || p.fork || w.repo.UpdateBranch(by, p.number) != nil {
		return ""
	}
	head := w.emu.State().Repos[0].Branches[p.branch]
	w.know(head, w.merged(head, w.commits[w.mergeBase(w.main(), p.head)].state, w.commits[p.head].state, w.commits[w.main()].state), p.head, w.main())
	return fmt.Sprintf("%s updates the branch of #%d", by, p.number)
}

func (w *world) opClose(o op) string {
	p := w.open(o.n[1])
	if p == nil || w.repo.ClosePull("boss", p.number) != nil {
		return ""
	}
	return fmt.Sprintf("#%d is closed", p.number)
}

func (w *world) opReopen(o op) string {
	closed := slices.DeleteFunc(slices.Sorted(maps.Keys(w.pulls)), func(n int) bool { return w.pulls[n].open || !w.pulls[n].mergedAt.IsZero() })
	if len(closed) == 0 {
		return ""
	}
	n := pick(closed, o.n[1])
	if w.repo.ReopenPull("boss", n) != nil {
		return ""
	}
	w.pulls[n].turned = w.now
	return fmt.Sprintf("#%d is opened again", n)
}

func (w *world) opDeleteBranch(o op) string {
	p := w.pull(o.n[1], o.n[4])
	if p == nil || w.branches[p.branch] == "" || w.repo.ForcePush("boss", p.branch, "", true) != nil {
		return ""
	}
	return fmt.Sprintf("the branch of #%d is deleted", p.number)
}

func (w *world) opTeam(o op) string {
	return w.toggleTeam(pick(teams, o.n[0]), pick(writers, o.n[1]))
}

// toggleTeam takes somebody into a team or out of it.
func (w *world) toggleTeam(team, who string) string {
	role := "member"
	if i := slices.Index(w.teams[team], who); i >= 0 {
		role = ""
		w.teams[team] = slices.Delete(slices.Clone(w.teams[team]), i, i+1)
	} else {
		w.teams[team] = append(slices.Clone(w.teams[team]), who)
	}
	w.must(w.emu.SetTeamMember(team, who, role))
	return fmt.Sprintf("team %s is now %v", team, w.teams[team])
}

func (w *world) opMember(o op) string {
	group, who := pick(groups, o.n[0]), pick([]string{"hana", "ken", "sam"}, o.n[1])
	if i := slices.Index(w.members[group], who); i >= 0 {
		w.members[group] = slices.Delete(slices.Clone(w.members[group]), i, i+1)
	} else {
		w.members[group] = append(slices.Clone(w.members[group]), who)
	}
	return fmt.Sprintf("group %s is now %v", group, w.members[group])
}

func (w *world) opTrust(o op) string {
	sha := w.main()
	if o.n[0]%2 == 0 {
		sha = pick(w.tips, o.n[1])
	}
	return w.trust(sha)
}

func (w *world) trust(sha string) string {
	before := w.model.position
	want := w.expectTrust(sha)
	_, err := w.bot.Vouch(w.ctx, sha, w.bossWord())
	if want != (err == nil) {
		w.failf("trust %.7s: %v; the model wants it to be allowed: %v", sha, err, want)
	}
	if !want {
		return fmt.Sprintf("trusting %.7s is refused", sha)
	}
	w.trusted = true
	if chain, ok := w.chain(sha, before); ok {
		for _, s := range chain {
			w.again[s] = true
		}
	}
	w.compare()
	return fmt.Sprintf("%.7s is trusted", sha)
}

func (w *world) opLook(op) string {
	w.look()
	return fmt.Sprintf("look: in force %.7s, halt %q", w.model.inForce, w.model.code)
}

func (w *world) opRestart(op) string {
	w.restart()
	return "restart"
}
